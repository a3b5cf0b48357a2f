/** @file Window functions: symmetric weights of m samples that fall off towards both ends. */
import type { DType } from "../dtype.ts";
import type { Value } from "../tracer.ts";
import { tabulate } from "./creation.ts";

/** f(x) for x from 0 to 1 in m equal steps; a window of one sample is 1. */
const window = (m: number, f: (x: number) => number, dtype: DType): Value =>
  tabulate(m, (i) => (m === 1 ? 1 : f(i / (m - 1))), dtype);

const cosine = (x: number, k = 1) => Math.cos(2 * Math.PI * k * x);

/** The triangle that is 0 at both ends (jax.numpy.bartlett). */
export const bartlett = (m: number, dtype: DType = "float32"): Value =>
  window(m, (x) => 1 - Math.abs(2 * x - 1), dtype);

/** Blackman's sum of three cosines (jax.numpy.blackman). */
export const blackman = (m: number, dtype: DType = "float32"): Value =>
  window(m, (x) => 0.42 - 0.5 * cosine(x) + 0.08 * cosine(x, 2), dtype);

/** The raised cosine with a foot of 0.08 (jax.numpy.hamming). */
export const hamming = (m: number, dtype: DType = "float32"): Value =>
  window(m, (x) => 0.54 - 0.46 * cosine(x), dtype);

/** The raised cosine that is 0 at both ends (jax.numpy.hanning). */
export const hanning = (m: number, dtype: DType = "float32"): Value =>
  window(m, (x) => 0.5 - 0.5 * cosine(x), dtype);

/** Kaiser's window: I0(beta sqrt(1 - (2x - 1)^2)) / I0(beta) (jax.numpy.kaiser). */
export const kaiser = (
  m: number,
  beta: number,
  dtype: DType = "float32",
): Value =>
  window(
    m,
    (x) => {
      const inside = Math.max(0, 1 - (2 * x - 1) ** 2);
      return besselI0(beta * Math.sqrt(inside)) / besselI0(beta);
    },
    dtype,
  );

/** The modified Bessel function by its power series, whose terms are all positive. */
function besselI0(x: number): number {
  const quarter = (x * x) / 4;
  let [total, term] = [1, 1];
  for (let k = 1; term > total * Number.EPSILON; k++)
    total += term *= quarter / (k * k);
  return total;
}
