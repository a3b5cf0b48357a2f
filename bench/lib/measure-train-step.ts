/** @file Runs a training step in a process of its own and prints the seconds of its third run and its peak memory.
 *
 *     tsx measure-train-step.ts UNITS LANES STEPS plain|checkpoint
 */
import { compileWithout } from "./compiled.ts";
import { exampleArguments, trainStep } from "./train-step.ts";

const [units, lanes, steps] = process.argv.slice(2, 5).map(Number);
const shape = { units, lanes, steps, checkpoint: process.argv[5] === "checkpoint" }; // prettier-ignore
const peak = () => process.resourceUsage().maxRSS / 1024;

const args = exampleArguments(shape);
const before = peak();
const compiled = await compileWithout(trainStep(shape), args, [], 0);
// ONNX Runtime lays out its memory in the first run and pays for new pages in the second.
await compiled.run();
await compiled.run();
const seconds = await compiled.run();
console.log(
  JSON.stringify({
    seconds,
    peakMegabytes: peak(),
    stepMegabytes: peak() - before,
  }),
);
process.exit(0);
