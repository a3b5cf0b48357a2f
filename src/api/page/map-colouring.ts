/** @file What the points of a map are coloured by: the choice, and its legend. */
import { byLabel, byNumber, type Legend } from "./colours.ts";
import { el } from "./dom.ts";
import { count } from "./format.ts";
import { labelRule, secondWord } from "./labels.ts";
import type { Vectors } from "./vectors.ts";

export interface Colouring {
  readonly controls: HTMLElement;
  readonly legend: HTMLElement;
}

/** `paint` is called at once, at every choice, and when the theme changes. */
export function mapColouring(
  { lengths, headers }: Vectors,
  paint: (colours: readonly string[]) => void,
): Colouring {
  const choice = el(
    "select",
    { id: "map-colour" },
    el("option", { value: "length" }, "Length"),
    el("option", { value: "word" }, "Second word of the header"),
    el("option", { value: "expression" }, "Expression …"),
  );
  const expression = el("input", {
    id: "map-expression",
    spellcheck: false,
    autocomplete: "off",
    value: "OS=(\\S+ \\S+)",
    "aria-describedby": "map-expression-problem",
  });
  const problem = el("p", { id: "map-expression-problem", class: "hint", role: "status" }); // prettier-ignore
  const field = el("div", { class: "field", hidden: true }, el("label", { for: expression.id }, "Regular expression over the header"), expression, problem); // prettier-ignore
  const controls = el("div", { class: "fields" }, el("div", { class: "field" }, el("label", { for: choice.id }, "Colour by"), choice), field); // prettier-ignore
  const legend = el("div", { class: "legend", "aria-label": "Legend", role: "group" }); // prettier-ignore

  const made = (): Legend => {
    const { ramp, palette, rest } = themeColours();
    if (choice.value === "length") return byNumber(lengths, ramp);
    const rule = choice.value === "word" ? secondWord : labelRule(expression.value); // prettier-ignore
    return byLabel(headers.map(rule), palette, rest);
  };
  const colour = () => {
    field.hidden = choice.value !== "expression";
    problem.textContent = "";
    try {
      const coloured = made();
      legend.replaceChildren(...legendParts(coloured));
      paint(coloured.colours);
    } catch (error) {
      // An expression that is still being typed.
      problem.textContent = (error as Error).message;
    }
  };
  choice.addEventListener("change", colour);
  expression.addEventListener("input", colour);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", colour);
  colour();
  return { controls, legend };
}

function legendParts({ entries, range }: Legend): Node[] {
  if (range !== null)
    return [
      el("span", {}, count(range[0])),
      el("span", { class: "ramp" }),
      el("span", {}, `${count(range[1])} residues`),
    ];
  return entries.map(({ label, colour, points }) => {
    const swatch = el("span", { class: "swatch" });
    swatch.style.backgroundColor = colour;
    return el("span", { class: "entry" }, swatch, `${label} `, el("span", { class: "hint" }, count(points))); // prettier-ignore
  });
}

/** As style.css has them for the theme of the moment. */
function themeColours() {
  const style = getComputedStyle(document.documentElement);
  const list = (name: string) =>
    style.getPropertyValue(name).trim().split(/\s+/);
  return {
    ramp: list("--ramp"),
    palette: list("--palette"),
    rest: list("--rest")[0],
  };
}
