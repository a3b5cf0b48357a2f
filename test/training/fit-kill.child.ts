/** @file The process that fit-kill.test.ts kills: one training, resumed from its folder if there is a checkpoint. */
import { fit } from "../../src/training/fit.ts";
import { proteins, smallWeights, texts } from "./training-model.ts";

const sequences = texts(proteins(Array.from({ length: 40 }, (_, i) => 3 + ((7 * i) % 60)))); // prettier-ignore

const run = fit(sequences, {
  weights: smallWeights(4, 1),
  lanes: 4,
  window: 16,
  accumulate: 2,
  epochs: 12,
  validation: 0.2,
  learningRate: 0.01,
  checkpointSteps: 1,
  folder: process.argv[2],
  resume: true,
});
for await (const { type } of run) process.stdout.write(`${type}\n`);
