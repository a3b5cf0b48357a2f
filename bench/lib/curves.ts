/** @file Draws a training's history: cross-entropy of training steps and of what is held out, beside other weights'.
 *
 *     EXAMPLES_OUT=docs npx tsx bench/lib/curves.ts FOLDER/history.jsonl --name NAME --line NATS --label "other weights"
 */
import { parseArgs } from "node:util";
import * as Plot from "@observablehq/plot";
import { savePlot } from "../../examples/lib/plot.ts";
import { readHistory } from "../../src/training/index.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    name: { type: "string" },
    line: { type: "string" },
    label: { type: "string", default: "published weights" },
  },
});
const [file] = positionals;
const { name, label: lineLabel } = values;
if (file === undefined || name === undefined || values.line === undefined)
  throw new TypeError(
    "curves: expected HISTORY --name NAME --line NATS, got less",
  );
const line = Number(values.line);

const history = await readHistory(file);
const steps = history.filter((line) => line.type === "step");
const validations = history.filter((line) => line.type === "validation");
/** Means of this many steps: one step sees a few thousand residues. */
const span = 50;
const training = steps.flatMap(({ epoch }, i) =>
  (i + 1) % span === 0
    ? [{ epoch, loss: mean(steps.slice(i + 1 - span, i + 1)) }]
    : [],
);

const last = validations.at(-1);
if (last === undefined)
  throw new Error(`${file}: expected a validation, got none`);
const lowest = Math.min(
  line,
  ...validations.map((x) => x.crossEntropy),
  ...training.map((x) => x.loss),
);
savePlot(name, {
  x: { label: "epochs", ticks: validations.length + 1 },
  // From where the curves are worth telling apart: the first steps come from far above.
  y: { label: "cross-entropy, nats a token", grid: true, domain: [lowest - 0.03, line + 0.1] }, // prettier-ignore
  marginBottom: 40,
  marginLeft: 50,
  marks: [
    Plot.line(training, { x: "epoch", y: "loss", stroke: "#9ab", clip: true }),
    Plot.line(validations, { x: "epoch", y: "crossEntropy", marker: "dot" }),
    Plot.ruleY([line], { strokeDasharray: "4 3" }),
    label(last.epoch, last.crossEntropy, -10, "held out"),
    label(last.epoch, training.at(-1)?.loss ?? line, -12, "training"),
    label(0, line, 14, `${lineLabel}, held out`, "start"),
  ],
});

/** A text that ends, or starts, at a point. */
function label(
  x: number,
  y: number,
  dy: number,
  text: string,
  textAnchor: "start" | "end" = "end",
) {
  const at = { x: () => x, y: () => y, dy, textAnchor };
  return Plot.text([text], { ...at, text: (it: string) => it });
}

function mean(lines: readonly { readonly loss: number }[]): number {
  return lines.reduce((sum, { loss }) => sum + loss, 0) / lines.length;
}
