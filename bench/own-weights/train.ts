/** @file Trains unirep-ts-64, or its trial with 256 units: 4 layers of as many units, from random numbers.
 *
 *     npx tsx bench/own-weights/train.ts 64|256 FASTA FOLDER OUT.safetensors
 *
 * FOLDER keeps checkpoints and history; the same command goes on after an interruption, with the same numbers.
 */
import { fit, type FitOptions } from "../../src/training/index.ts";
import { writeSafetensorsFile } from "../../src/unirep/index.ts";
import { readSplit } from "./data.ts";

const common = {
  weights: "untrained:0",
  epochs: 3,
  lanes: 64,
  window: 64,
  warmupSteps: 200,
  schedule: "cosine",
  seed: 0,
} as const satisfies FitOptions;

const recipes = new Map<string, FitOptions>([
  // Products of 64 units are so small that a second thread costs as much in waiting as it saves.
  ["64", { ...common, model: "64", learningRate: 0.005, threads: 1 }],
  ["256", { ...common, model: "256", learningRate: 0.003, threads: 2 }],
]);

const [units, fasta, folder, out] = process.argv.slice(2);
const recipe = recipes.get(units);
if (recipe === undefined || out === undefined)
  throw new TypeError(
    `train: expected ${[...recipes.keys()].join("|")} FASTA FOLDER OUT, got ${process.argv.slice(2).join(" ")}`,
  );
const id = `unirep-ts-${units}`;

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"])
  process.once(signal, () => stop.abort(new Error(`train: got ${signal}`)));

const { training, heldOut } = await readSplit(fasta);
const run = fit(training, {
  ...recipe,
  validation: heldOut,
  folder,
  resume: true,
  signal: stop.signal,
});
let next = await run.next();
for (; !next.done; next = await run.next()) {
  const event = next.value;
  if (event.type !== "step" || event.step % 50 === 0)
    console.log(JSON.stringify(event));
}
// The final weights, not those of the best epoch: nothing is chosen by the held-out families.
const { final, steps } = next.value;
await writeSafetensorsFile(out, {
  ...final,
  info: {
    id,
    sha256: final.info.sha256,
    licence: "Apache-2.0",
    provenance: `trained by unirep-ts from random numbers, ${common.epochs} epochs (${steps} steps) over ${training.length} UniProt proteins; see MODEL_CARD.md`,
  },
});
