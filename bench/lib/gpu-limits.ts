/** @file A device's own limits: rates of products, memory and transfers, and what a kernel and a call cost. */
import {
  array,
  jit,
  numpy as np,
  type Array,
  type Device,
  type Value,
} from "../../src/ad/index.ts";
import type { DeviceLimits } from "./gpu-bounds.ts";

const seconds = async (call: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await call();
  return (performance.now() - start) / 1000;
};

/** The shortest of several calls, after two that pay for compiling and for memory. */
export async function best(
  call: () => Promise<unknown>,
  repeats: number,
): Promise<number> {
  await call();
  await call();
  let least = Infinity;
  for (let i = 0; i < repeats; i++)
    least = Math.min(least, await seconds(call));
  return least;
}

/** Entries of unit-norm columns: a product repeated neither grows nor fades. */
const matrix = (rows: number, columns: number): Array =>
  array(
    Float32Array.from(
      { length: rows * columns },
      () => (Math.random() - 0.5) * Math.sqrt(12 / rows),
    ),
    { shape: [rows, columns] },
  );

/**
 * Seconds one link of a chain of operations takes: the difference between a long chain and a short one, so that what a
 * call costs besides (moving operands in, starting) is left out. Chains are written out: a loop may run on the host.
 */
async function perLink(
  device: Device,
  repeats: number,
  x: Array,
  link: (x: Value) => Value,
  [few, many]: readonly [number, number],
): Promise<number> {
  const chains = [few, many].map((links) =>
    jit(
      (x: Value) => {
        let y = x;
        for (let i = 0; i < links; i++) y = link(y);
        // Little comes back, so that no time goes into copying it.
        return np.index(y, 0);
      },
      { device },
    ),
  );
  const least = [Infinity, Infinity];
  // On a machine at work with something else, more rounds until the difference shows.
  for (let round = 0; round < 10 && !(least[1] > least[0]); round++) {
    for (const [k, chain] of chains.entries()) {
      const time = await best(() => (chain(x) as Array).data(), repeats);
      least[k] = Math.min(least[k], time);
    }
  }
  for (const chain of chains) await chain.dispose();
  const [short, long] = least;
  if (long <= short)
    throw new Error(
      `gpu: expected ${many} operations to take longer than ${few}, got ${long} s and ${short} s; the machine is too busy to measure`,
    );
  return (long - short) / (many - few);
}

const firstQuarter = (y: Value): Value => np.split(y, 4, 1)[0];

/** Operations a second of (rows, units) @ (units, 4 units). */
export async function productRate(
  device: Device,
  units: number,
  rows: number,
  repeats: number,
): Promise<number> {
  const w = matrix(units, 4 * units);
  const each = await perLink(
    device,
    repeats,
    matrix(rows, units),
    (x) => firstQuarter(np.matmul(x, w)),
    [1, 4],
  );
  return (2 * rows * units * 4 * units) / each;
}

/** Operations a second of a step's two products, (lanes, n) @ (n, n) @ (n, 4n). */
export async function recurrentRate(
  device: Device,
  units: number,
  lanes: number,
  repeats: number,
): Promise<number> {
  const [wmh, wh] = [matrix(units, units), matrix(units, 4 * units)];
  const each = await perLink(
    device,
    repeats,
    matrix(lanes, units),
    (h) => firstQuarter(np.matmul(np.matmul(h, wmh), wh)),
    [4, 20],
  );
  return (2 * lanes * 5 * units * units) / each;
}

/** Largest error of a row of a product relative to the row's largest entry: about 1e-7 in float32, 1e-4 in TF32. */
export async function productError(
  device: Device,
  units: number,
): Promise<number> {
  const [x, w] = [matrix(128, units), matrix(units, 4 * units)];
  const product = jit((x: Value) => np.index(np.matmul(x, w), 0), { device });
  const got = await (product(x) as Array).data();
  await product.dispose();
  const [a, b] = [x.dataSync(), w.dataSync()];
  let [error, largest] = [0, 0];
  for (let j = 0; j < got.length; j++) {
    let exact = 0;
    for (let i = 0; i < units; i++) exact += a[i] * b[i * 4 * units + j];
    error = Math.max(error, Math.abs(got[j] - exact));
    largest = Math.max(largest, Math.abs(exact));
  }
  return error / largest;
}

export interface MeasuredLimits extends DeviceLimits {
  readonly secondsPerCall: number;
}

/** Everything that does not depend on lanes; `units` sets the large product, (8192, units) @ (units, 4 units). */
export async function measureLimits(
  device: Device,
  units: number,
  repeats: number,
): Promise<MeasuredLimits> {
  const size = 2 ** 24;
  const bytes = 4 * size;
  const [large, tiny] = [size, 16].map((n) => array(new Float32Array(n)));
  const twice = (x: Value) => np.add(x, x);
  const elementwise = await perLink(device, repeats, large, twice, [2, 10]);
  const secondsPerKernel = await perLink(device, repeats, tiny, twice, [16, 512]); // prettier-ignore
  const first = jit((x: Value) => np.index(x, 0), { device });
  const spread = jit((x: Value) => np.broadcastTo(x, [size]), { device });
  const call = (f: typeof first, x: Array) =>
    best(() => (f(x) as Array).data(), repeats);
  const secondsPerCall = await call(first, tiny);
  // A transfer is what a call takes longer with a large operand or result: nothing, where the host is the device.
  const beyond = (time: number) =>
    time > secondsPerCall ? bytes / (time - secondsPerCall) : Infinity;
  const limits = {
    flopsPerSecond: await productRate(device, units, 8192, repeats),
    bytesPerSecond: (2 * bytes) / elementwise,
    secondsPerKernel,
    secondsPerCall,
    uploadBytesPerSecond: beyond(await call(first, large)),
    downloadBytesPerSecond: beyond(await call(spread, array(1))),
  };
  await Promise.all([first.dispose(), spread.dispose()]);
  return limits;
}
