/** @file A GPU's limits, and how near to them the mLSTM's states and its training step come: what bounds each.
 *
 *     npm run --silent bench -- gpu [--device webgpu|cuda] [--units 1900] [--lanes 32,128] [--steps 256] [--repeats R] [--json]
 *
 * Without `--device` it takes the first GPU device that works. `cpu` is possible, too: the same table for the processor.
 */
import { parseArgs } from "node:util";
import { devices, type DeviceInfo } from "../src/ad/index.ts";
import { boundBy, leastSeconds } from "./lib/gpu-bounds.ts";
import {
  measureLimits,
  productError,
  recurrentRate,
} from "./lib/gpu-limits.ts";
import {
  measureRepresentation,
  measureTrainStep,
  type Measured,
} from "./lib/gpu-work.ts";

/** The device asked for, or the first GPU; else why there is none. */
async function choose(name: string | undefined): Promise<DeviceInfo | string> {
  const all = await devices();
  const wanted = (name === undefined ? ["cuda", "webgpu"] : [name]).map(
    (wanted) =>
      all.find(({ device }) => device === wanted) ?? {
        device: wanted,
        available: false,
        detail: `expected one of ${all.map(({ device }) => device).join(", ")}`,
      },
  );
  const found = wanted.find(({ available }) => available);
  if (found) return found as DeviceInfo;
  const reasons = wanted.map(({ device, detail }) => `${device} (${detail})`);
  return `gpu: no device to measure: ${reasons.join(", ")}`;
}

const works = {
  representation: measureRepresentation,
  "training step": measureTrainStep,
} as const;

export async function run(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      device: { type: "string" },
      units: { type: "string", default: "1900" },
      lanes: { type: "string", default: "32,128" },
      steps: { type: "string", default: "256" },
      repeats: { type: "string", default: "5" },
      json: { type: "boolean", default: false },
    },
  });
  const chosen = await choose(values.device);
  if (typeof chosen === "string") {
    console.error(chosen);
    process.exitCode = 1;
    return;
  }
  const { device, detail } = chosen;
  const [units, steps, repeats] = [values.units, values.steps, values.repeats].map(Number); // prettier-ignore
  const lanesList = values.lanes.split(",").map(Number);

  const limits = await measureLimits(device, units, repeats);
  const error = await productError(device, units);
  const rows = [];
  const recurrentFlopsPerSecond: Record<string, number> = {};
  for (const lanes of lanesList) {
    recurrentFlopsPerSecond[lanes] = await recurrentRate(device, units, lanes, repeats); // prettier-ignore
    for (const [name, measure] of Object.entries(works)) {
      const measured: Measured = await measure(device, { units, lanes, steps }, repeats); // prettier-ignore
      const least = leastSeconds(measured.work, limits);
      rows.push({
        name,
        lanes,
        seconds: measured.seconds,
        tokensPerSecond: (lanes * steps) / measured.seconds,
        ...measured.work,
        /** Seconds each limit would take by itself. */
        leastSeconds: least,
        boundBy: boundBy(measured.seconds, least),
      });
    }
  }
  const result = {
    device,
    detail,
    units,
    steps,
    limits: { ...limits, recurrentFlopsPerSecond, productError: error },
    rows,
  };
  if (values.json) {
    console.log(JSON.stringify(result));
    return;
  }
  const short = (x: number) => Number(x.toPrecision(3)).toString();
  const line = (name: string, value: string) =>
    console.log(`${name.padEnd(34)} ${value}`);
  line(`device ${device}`, detail);
  line(
    `(8192, ${units}) x (${units}, ${4 * units})`,
    `${short(limits.flopsPerSecond / 1e9)} GFLOP/s, relative error ${short(error)}`,
  );
  for (const [lanes, rate] of Object.entries(recurrentFlopsPerSecond))
    line(`recurrent products, ${lanes} lanes`, `${short(rate / 1e9)} GFLOP/s`);
  line("elementwise", `${short(limits.bytesPerSecond / 1e9)} GB/s`);
  line("one more kernel", `${short(limits.secondsPerKernel * 1e6)} µs`);
  line("a call", `${short(limits.secondsPerCall * 1e6)} µs`);
  const transfer = (rate: number) =>
    Number.isFinite(rate) ? `${short(rate / 1e9)} GB/s` : "takes no time";
  line("host to device", transfer(limits.uploadBytesPerSecond));
  line("device to host", transfer(limits.downloadBytesPerSecond));
  for (const row of rows) {
    line(
      `${row.name}, ${row.lanes} lanes x ${steps}`,
      `${short(row.seconds)} s, ${short(row.tokensPerSecond)} tokens/s`,
    );
    const parts = Object.entries(row.leastSeconds).map(
      ([limit, time]) => `${limit} ${short(time)} s`,
    );
    const { limit, share } = row.boundBy;
    line("", `${parts.join(", ")}: bound by ${limit}, ${Math.round(100 * share)} % of the time`); // prettier-ignore
  }
}
