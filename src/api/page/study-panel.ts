/** @file A running or finished evotuning job: its loss curves and the table of its trials. */
import { chart } from "./chart.ts";
import { drawn } from "./curve.ts";
import { el, svg } from "./dom.ts";
import { counted, measure } from "./format.ts";
import { bestEpoch, bestTrial, emptyStudy, told, validationCurve, type Study, type StudyEvent, type Trial } from "./study.ts"; // prettier-ignore

export interface StudyPanel {
  readonly element: HTMLElement;
  hear(event: StudyEvent): void;
}

/** Milliseconds between two drawings: events come faster than anyone sees. */
const pace = 400;
/** Trials whose validation is drawn beside the best: the latest. */
const drawnTrials = 8;

export function studyPanel(): StudyPanel {
  let study: Study = emptyStudy;
  let chosen: "latest" | number | null = "latest";
  let due = false;

  const select = el("select", { id: "study-trial" });
  const training = el("div", {});
  const validation = el("div", {});
  const body = el("tbody", {});
  const element = el(
    "section",
    { class: "card", "aria-labelledby": "study-title" },
    el("h2", { id: "study-title" }, "Training"),
    el("div", { class: "fields" }, el("div", { class: "field" }, el("label", { for: select.id }, "Training loss of"), select)), // prettier-ignore
    el("div", { class: "charts" }, training, validation),
    el(
      "div",
      { class: "scroll", tabindex: 0, role: "region", "aria-label": "Table of trials" }, // prettier-ignore
      el(
        "table",
        {},
        el("caption", {}, "Trials"),
        el("thead", {}, el("tr", {}, ...["Trial", "Learning rate", "Best epoch", "State", "Cross-entropy", "Perplexity"].map((name) => el("th", { scope: "col" }, name)))), // prettier-ignore
        body,
      ),
    ),
  );
  select.addEventListener("change", () => {
    chosen = select.value === "latest" ? "latest" : select.value === "final" ? null : Number(select.value); // prettier-ignore
    draw();
  });

  const draw = () => {
    due = false;
    const number = chosen === "latest" ? study.latest : chosen;
    const trial = number === undefined ? undefined : study.trials.get(number);
    drawChoice();
    training.replaceChildren(trainingChart(trial));
    validation.replaceChildren(validationChart(study));
    const best = bestTrial(study);
    const rows = [...study.trials.values()].filter((x) => x.trial !== null);
    body.replaceChildren(...rows.map((each) => row(each, each.trial === best)));
  };
  const drawChoice = () => {
    const options: readonly (readonly [string, string])[] = [
      ["latest", "the latest trial"],
      ...[...study.trials.keys()].map((trial) => [trial === null ? "final" : String(trial), nameOf(trial)] as const), // prettier-ignore
    ];
    // A list that is open would close under the user's hand.
    if (options.length === select.options.length) return;
    const { value } = select;
    select.replaceChildren(...options.map(([key, text]) => el("option", { value: key }, text))); // prettier-ignore
    select.value = value || "latest";
  };
  draw();
  return {
    element,
    hear(event) {
      study = told(study, event);
      if (due) return;
      due = true;
      setTimeout(draw, pace);
    },
  };
}

const nameOf = (trial: number | null): string =>
  trial === null ? "the final fit" : `trial ${trial}`;

function trainingChart(trial: Trial | undefined): HTMLElement {
  const curves = [...(trial?.training ?? [])];
  const series = curves.map(([fold, curve], i) => ({
    label: fold === 0 ? "all sequences" : `fold ${fold}`,
    points: drawn(curve),
    look: `series-${(i % 8) + 1}`,
  }));
  const last = series.at(-1)?.points.at(-1);
  return chart({
    title: `Training loss${trial ? `, ${nameOf(trial.trial)}` : ""}`,
    x: "step",
    y: "nats / residue",
    summary: last ? `The latest loss is ${measure(last.y)} at step ${Math.round(last.x)}.` : "Nothing is trained yet.", // prettier-ignore
    series,
  });
}

function validationChart(study: Study): HTMLElement {
  const best = bestTrial(study);
  const all = [...study.trials.values()].filter(({ validation }) => validation.size > 0); // prettier-ignore
  const shown = all.filter(({ trial }, i) => trial === best || i >= all.length - drawnTrials); // prettier-ignore
  const series = shown.map((trial) => ({
    label: `${nameOf(trial.trial)}${trial.trial === best ? ", the best so far" : ""}`, // prettier-ignore
    points: validationCurve(study, trial),
    look: trial.trial === best ? "best" : `series-${(((trial.trial ?? 0) - 1) % 8) + 1}`, // prettier-ignore
  }));
  return chart({
    title: `Validation by trial${shown.length < all.length ? `, the latest ${shown.length} of ${all.length}` : ""}`, // prettier-ignore
    x: "epoch",
    y: "nats / residue",
    summary: `${counted(all.length, "trial")} with a validation${best === null ? "" : `; trial ${best} is the best so far`}.`, // prettier-ignore
    series,
  });
}

function row(each: Trial, best: boolean): HTMLElement {
  const { trial, setting, outcome, value } = each;
  const { learningRate } = setting;
  const epoch = bestEpoch(each);
  return el(
    "tr",
    { class: best ? "best" : undefined },
    el("th", { scope: "row" }, String(trial), best && star()),
    el("td", {}, typeof learningRate === "number" ? measure(learningRate) : "–"), // prettier-ignore
    el("td", {}, epoch === null ? "–" : String(epoch)),
    el("td", {}, outcome ?? "running"),
    el("td", {}, value === null ? "–" : measure(value)),
    el("td", {}, value === null ? "–" : measure(Math.exp(value))),
  );
}

const star = () =>
  svg("svg", { viewBox: "0 0 10 10", role: "img", "aria-label": "best so far", class: "star" }, svg("circle", { cx: 5, cy: 5, r: 4 })); // prettier-ignore
