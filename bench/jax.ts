/** @file The mLSTM's gradient step and its representation scan against JAX on the same processor, in turn.
 *
 *     npm run --silent bench -- jax --python jaxenv/bin/python [--part train|represent] [--units 1900] [--lanes 32] [--steps 256] [--rounds 3] [--json]
 *
 * PYTHON is of a virtual environment with jax. Each round times JAX in a process of its own while ours waits, then ours.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { jit, type Array } from "../src/ad/index.ts";
import { compileWithout } from "./lib/compiled.ts";
import { representation } from "./lib/gpu-work.ts";
import { median } from "./lib/stats.ts";
import {
  exampleArguments,
  recurrentFlops,
  trainStep,
  type TrainShape,
} from "./lib/train-step.ts";

const script = fileURLToPath(new URL("./jax/mlstm.py", import.meta.url));

/** Seconds of one call of ours. */
async function ours(
  part: string,
  shape: TrainShape,
): Promise<() => Promise<number>> {
  if (part === "train") {
    const step = await compileWithout(trainStep(shape), exampleArguments(shape), [], 0); // prettier-ignore
    return () => step.run();
  }
  const { represent, tokens } = await representation(shape);
  const compiled = jit(represent);
  return async () => {
    const start = performance.now();
    await (compiled(tokens) as Array).data();
    return (performance.now() - start) / 1000;
  };
}

export async function run(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      python: { type: "string" },
      part: { type: "string", default: "train" },
      units: { type: "string", default: "1900" },
      lanes: { type: "string", default: "32" },
      steps: { type: "string", default: "256" },
      rounds: { type: "string", default: "3" },
      json: { type: "boolean", default: false },
    },
  });
  const { python, part } = values;
  if (python === undefined)
    throw new Error("jax: expected --python, the interpreter of an environment with jax, got none"); // prettier-ignore
  const jaxSeconds = (): number => {
    const { stdout, stderr, status } = spawnSync(
      python,
      [
        script, "--part", part, "--units", values.units, "--lanes", values.lanes,
        "--steps", values.steps, "--repeats", "2",
      ],
      { encoding: "utf8", env: { ...process.env, JAX_PLATFORMS: "cpu" } },
    ); // prettier-ignore
    if (status !== 0)
      throw new Error(`jax: ${python} ended with ${status}: ${stderr}`);
    return (JSON.parse(stdout) as { seconds: number }).seconds;
  };
  const shape = {
    units: Number(values.units),
    lanes: Number(values.lanes),
    steps: Number(values.steps),
  };
  const run = await ours(part, shape);
  // ONNX Runtime lays out its memory in the first run and pays for new pages in the second.
  await run();
  await run();
  const [mine, theirs]: [number[], number[]] = [[], []];
  for (let i = 0; i < Number(values.rounds); i++) {
    theirs.push(jaxSeconds());
    mine.push(median([await run(), await run()]));
  }
  const flops = recurrentFlops(shape) / (part === "train" ? 1 : 3);
  const result = {
    part,
    ...shape,
    seconds: median(mine),
    jaxSeconds: median(theirs),
    speedup: median(theirs.map((t, i) => t / mine[i])),
    gflops: flops / median(mine) / 1e9,
    jaxGflops: flops / median(theirs) / 1e9,
  };
  if (values.json) console.log(JSON.stringify(result));
  else
    for (const [key, value] of Object.entries(result))
      console.log(
        `${key.padEnd(12)} ${typeof value === "number" ? Number(value.toPrecision(4)) : value}`,
      );
}
