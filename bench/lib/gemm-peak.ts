/** @file The machine's rate for one large matrix product: what a training step would reach if it were nothing else. */
import { array, jit, numpy as np, type Array } from "../../src/ad/index.ts";

/** Measures, at (8192, units) @ (units, 4 units) with variable operands, operations a second; compiled and warm when returned. */
export async function gemmPeak(
  units: number,
  threads: number,
): Promise<() => Promise<number>> {
  const rows = 8192;
  const random = (shape: [number, number]) =>
    array(
      Float32Array.from({ length: shape[0] * shape[1] }, () => Math.random()),
      { shape },
    );
  const [x, w] = [random([rows, units]), random([units, 4 * units])];
  // One row comes back, so that no time goes into copying or reducing the product.
  const product = jit(
    (x: Array, w: Array) => np.index(np.matmul(x, w), 0),
    { threads },
  ); // prettier-ignore
  await (product(x, w) as Array).data();
  return async () => {
    const start = performance.now();
    await (product(x, w) as Array).data();
    return (2 * rows * units * 4 * units * 1000) / (performance.now() - start);
  };
}
