/** @file A training step of the mLSTM against the machine's matrix-product peak, and what each pass gains.
 *
 *     npm run --silent bench -- train-step [--lanes 32] [--steps 256] [--units 1900] [--threads T] [--repeats R] [--no-passes] [--json]
 *
 * The peak is measured in the same run, at (8192, units) @ (units, 4 units). Each row of the table is the same step
 * compiled with one pass switched off.
 */
import { parseArgs } from "node:util";
import { passes, type PassName } from "../src/ad/passes/index.ts";
import { compileWithout, type Timed } from "./lib/compiled.ts";
import { gemmPeak } from "./lib/gemm-peak.ts";
import { median } from "./lib/stats.ts";
import {
  exampleArguments,
  recurrentFlops,
  trainStep,
} from "./lib/train-step.ts";

const names: readonly PassName[] = [
  ...(Object.keys(passes) as (keyof typeof passes)[]),
  "weightsFirst",
  "tile",
];

export async function run(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      lanes: { type: "string", default: "32" },
      steps: { type: "string", default: "256" },
      units: { type: "string", default: "1900" },
      threads: { type: "string", default: "0" },
      repeats: { type: "string", default: "3" },
      passes: { type: "boolean", default: true },
      json: { type: "boolean", default: false },
    },
    allowNegative: true,
  });
  const shape = {
    units: Number(values.units),
    lanes: Number(values.lanes),
    steps: Number(values.steps),
  };
  const [threads, repeats] = [Number(values.threads), Number(values.repeats)];
  const args = exampleArguments(shape);
  const build = (without: readonly PassName[]): Promise<Timed> =>
    compileWithout(trainStep(shape), args, without, threads);

  const peak = await gemmPeak(shape.units, threads);
  // ONNX Runtime lays out its memory in the first run and pays for new pages in the second.
  const warm = async (without: readonly PassName[]): Promise<Timed> => {
    const timed = await build(without);
    await timed.run();
    await timed.run();
    return timed;
  };
  const all = await warm([]);
  const [times, rates]: [number[], number[]] = [[], []];
  for (let i = 0; i < repeats; i++) {
    rates.push(await peak());
    times.push(await all.run());
  }
  rates.push(await peak());
  const secondsPerStep = median(times);
  const flopsPerSecond = median(rates);

  // Each variant runs in turn with the whole: the machine's speed drifts.
  const table: Record<string, { seconds: number; ratio: number }> = {};
  const variants: [string, readonly PassName[]][] = values.passes
    ? [
        ...names.map((name): [string, readonly PassName[]] => [name, [name]]),
        ["all", names],
      ]
    : [];
  for (const [name, without] of variants) {
    const other = await warm(without);
    const [mine, whole]: [number[], number[]] = [[], []];
    for (let i = 0; i < repeats; i++) {
      mine.push(await other.run());
      whole.push(await all.run());
    }
    table[name] = {
      seconds: median(mine),
      ratio: median(mine) / median(whole),
    };
    await other.dispose();
  }
  await all.dispose();
  const result = {
    ...shape,
    fractionOfPeak: recurrentFlops(shape) / secondsPerStep / flopsPerSecond,
    secondsPerStep,
    compileSeconds: all.compileSeconds,
    peakGflops: flopsPerSecond / 1e9,
    /** A step with that pass switched off, and what it takes relative to the whole. */
    passes: table,
  };
  if (values.json) {
    console.log(JSON.stringify(result));
    return;
  }
  const { passes: rows, ...figures } = result;
  for (const [key, value] of Object.entries(figures))
    console.log(`${key.padEnd(22)} ${Number(value.toPrecision(4))}`);
  for (const [name, { seconds, ratio }] of Object.entries(rows))
    console.log(
      `${`without ${name}`.padEnd(28)} ${seconds.toFixed(3)} s, ${ratio.toFixed(2)} x`,
    );
}
