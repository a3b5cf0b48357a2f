/** @file Trains unirep-ts-64: 4 layers of 64 units, from random numbers to the file in `weights/`.
 *
 *     npx tsx bench/own-weights/train.ts FASTA FOLDER
 *
 * FOLDER keeps checkpoints and history; the same command goes on after an interruption, with the same numbers.
 */
import { fileURLToPath } from "node:url";
import { fit, type FitOptions } from "../../src/training/index.ts";
import { writeSafetensorsFile } from "../../src/unirep/index.ts";
import { readSplit } from "./data.ts";

const recipe = {
  model: "64",
  weights: "untrained:0",
  epochs: 3,
  lanes: 64,
  window: 64,
  learningRate: 0.005,
  warmupSteps: 200,
  schedule: "cosine",
  seed: 0,
  // Products this small are not worth the waiting of a second thread for the first.
  threads: 1,
} as const satisfies FitOptions;

const [fasta, folder] = process.argv.slice(2);
if (folder === undefined)
  throw new TypeError("train: expected FASTA FOLDER, got less");

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
await writeSafetensorsFile(
  fileURLToPath(
    new URL("../../weights/unirep-ts-64.safetensors", import.meta.url),
  ),
  {
    ...final,
    info: {
      id: "unirep-ts-64",
      sha256: final.info.sha256,
      licence: "Apache-2.0",
      provenance: `trained by unirep-ts from random numbers, ${recipe.epochs} epochs (${steps} steps) over ${training.length} UniProt proteins; see MODEL_CARD.md`,
    },
  },
);
