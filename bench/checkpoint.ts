/** @file What a checkpointed scan saves: peak memory and time of a training step with every state kept and in segments.
 *
 *     npm run --silent bench -- checkpoint [--units 1900] [--lanes 32] [--steps 1024] [--rounds 3] [--json]
 *
 * Each measurement is a process of its own, the two kinds in turn.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "./lib/stats.ts";

const script = fileURLToPath(
  new URL("./lib/measure-train-step.ts", import.meta.url),
);

interface Measured {
  readonly seconds: number;
  /** Peak resident memory of the process, and how much of it the step added. */
  readonly peakMegabytes: number;
  readonly stepMegabytes: number;
}

function measure(shape: readonly string[], kind: string): Measured {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["--import", "tsx", script, ...shape, kind],
    { encoding: "utf8" },
  );
  if (status !== 0)
    throw new Error(`checkpoint: the process ended with ${status}: ${stderr}`);
  return JSON.parse(stdout) as Measured;
}

export function run(argv: readonly string[]): void {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      units: { type: "string", default: "1900" },
      lanes: { type: "string", default: "32" },
      steps: { type: "string", default: "1024" },
      rounds: { type: "string", default: "3" },
      json: { type: "boolean", default: false },
    },
  });
  const shape = [values.units, values.lanes, values.steps];
  const plain: Measured[] = [];
  const segmented: Measured[] = [];
  for (let i = 0; i < Number(values.rounds); i++) {
    plain.push(measure(shape, "plain"));
    segmented.push(measure(shape, "checkpoint"));
  }
  const of = (list: readonly Measured[], key: keyof Measured) =>
    median(list.map((m) => m[key]));
  const result = {
    plainSeconds: of(plain, "seconds"),
    checkpointSeconds: of(segmented, "seconds"),
    timeRatio: median(segmented.map((m, i) => m.seconds / plain[i].seconds)),
    plainMegabytes: of(plain, "stepMegabytes"),
    checkpointMegabytes: of(segmented, "stepMegabytes"),
    memoryRatio: of(segmented, "stepMegabytes") / of(plain, "stepMegabytes"),
    peakRatio: of(segmented, "peakMegabytes") / of(plain, "peakMegabytes"),
  };
  if (values.json) console.log(JSON.stringify(result));
  else
    for (const [key, value] of Object.entries(result))
      console.log(`${key.padEnd(20)} ${Number(value.toPrecision(4))}`);
}
