/** @file The choice of a model, with its licence and size beside it. */
import type { Model } from "../client/index.ts";
import type { App } from "./app.ts";
import { el } from "./dom.ts";
import { bytes, counted } from "./format.ts";

export interface ModelSelect {
  /** Undefined: the service's own. */
  chosen(): string | undefined;
  readonly choose: (id: string) => void;
}

export function modelSelect(
  home: HTMLElement,
  app: App,
  name: string,
): ModelSelect {
  const select = el("select", { id: `${name}-model-choice`, "aria-describedby": `${name}-model-facts` }); // prettier-ignore
  const facts = el("p", { id: `${name}-model-facts`, class: "hint" });
  home.classList.add("field");
  home.append(el("label", { for: select.id }, "Model"), select, facts);

  let wanted = "";
  const tell = () => {
    const model = app.models.get().find(({ id }) => id === select.value);
    facts.textContent = model ? factsOf(model) : "The model that this service uses by default."; // prettier-ignore
  };
  app.models.subscribe((models) => {
    select.replaceChildren(
      el("option", { value: "" }, "Service default"),
      ...models.map(({ id }) => el("option", { value: id }, id)),
    );
    select.value = models.some(({ id }) => id === wanted) ? wanted : "";
    tell();
  });
  select.addEventListener("change", () => {
    wanted = select.value;
    tell();
  });
  return {
    chosen: () => select.value || undefined,
    choose(id) {
      wanted = id;
      select.value = id;
      tell();
    },
  };
}

export const factsOf = ({ units, layers, licence, bytes: size, source }: Model): string =>
  `${sources[source]} · ${counted(units, "unit")}${layers > 1 ? `, ${layers} layers` : ""} · ${bytes(size)} · licence: ${licence}`; // prettier-ignore

const sources = {
  package: "part of the package",
  published: "published weights",
  uploaded: "uploaded",
  tuned: "evotuned",
} as const satisfies Record<Model["source"], string>;
