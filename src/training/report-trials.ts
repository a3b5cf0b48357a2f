/** @file The part of a report about the trials: what was tried, how far each came, what was chosen. */
import type { Block, Curve } from "./report-blocks.ts";
import { isList, type Choice, type Dimension } from "./search/space.ts";
import {
  bestFirst,
  meanCurve,
  recordsOf,
  type TrialRecord,
} from "./search/standing.ts";
import type { ChosenLine, Line, StudyLine } from "./search/study-lines.ts";

function text(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.map(text).join(", "); // prettier-ignore
  return typeof value === "string" ? value : JSON.stringify(value);
}

function dimensionText(dimension: Dimension): string {
  if (isList(dimension)) return `one of ${dimension.map(text).join(" / ")}`;
  const { low, high, log } = dimension;
  return `from ${low} to ${high}${log ? ", logarithmic" : ""}`;
}

export function chosenBlocks(study: StudyLine, chosen: ChosenLine): Block[] {
  return [
    { type: "heading", level: 2, text: "Chosen setting" },
    {
      type: "table",
      head: ["option", "value", "how"],
      rows: [
        ...Object.entries(chosen.setting).map(([name, value]) => [name, text(value), `searched: ${dimensionText(study.search[name])}`]),
        ["epochs", String(chosen.epochs), `read off the validation curves: from ${study.epochs.low} to ${study.epochs.high}`],
        ...Object.entries(study.fixed).filter(([, value]) => value !== null).map(([name, value]) => [name, text(value), "fixed"]),
        ["seed", String(study.seed), "fixed"],
      ],
    }, // prettier-ignore
  ];
}

/** A mean over the folds if the trial finished, else the curve of the first fold, as far as it went. */
function curveOf(record: TrialRecord, study: StudyLine): Curve["points"] {
  const points =
    record.end?.type === "finished"
      ? meanCurve(record.epochs, study)
      : record.epochs.filter(({ fold }) => fold === 1);
  return points.map((x) => [x.epoch, x.crossEntropy]);
}

export function trialBlocks(study: StudyLine, lines: readonly Line[]): Block[] {
  const ranked = bestFirst(recordsOf(lines));
  const names = Object.keys(study.search);
  const value = (setting: Readonly<Record<string, Choice>>, name: string) =>
    text(setting[name]);
  const curves = ranked
    .map((record, i): Curve => ({
      name: `trial ${record.trial}`,
      points: curveOf(record, study),
      weight: i === 0 ? "main" : record.end?.type === "finished" ? "usual" : "faint",
    }))
    .filter(({ points }) => points.length > 0); // prettier-ignore
  return [
    { type: "heading", level: 2, text: "Trials" },
    {
      type: "text",
      text: `${ranked.length} settings, best first, each trained on ${study.folds} folds for up to ${study.epochs.high} epochs. A pruned trial was among the worse two thirds at a 27th, a ninth or a third of its epochs, and was not trained on.`,
    },
    {
      type: "table",
      head: ["trial", ...names, "cross-entropy", "perplexity", "epochs", "end"],
      rows: ranked.map(({ trial, setting, end }) => [
        String(trial),
        ...names.map((name) => value(setting, name)),
        ...ending(end, study),
      ]),
    },
    {
      type: "figure",
      caption:
        "Cross-entropy of held-out sequences by epoch: the best trial (thick), finished trials (mean of all folds), pruned ones (dashed, first fold)",
      x: "epoch",
      y: "cross-entropy, nats",
      curves,
    },
  ];
}

function ending(
  end: TrialRecord["end"],
  { folds, epochs }: StudyLine,
): string[] {
  if (end === null) return ["", "", "", "running"];
  if (end.type === "failed") return ["", "", "", `failed: ${end.reason}`];
  const numbers = [end.value.toFixed(4), Math.exp(end.value).toFixed(3)];
  return end.type === "finished"
    ? [...numbers, String(end.epochs), "finished"]
    : [
        ...numbers,
        "",
        `pruned after ${end.resource} of ${folds * epochs.high} epochs`,
      ];
}
