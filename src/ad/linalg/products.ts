/** @file Powers of matrices and chains of products. */
import { matmul as product } from "../numpy/linear.ts";
import { promoteDtypes } from "../numpy/promote.ts";
import { identity, matmul } from "../primitives/linalg/matrix.ts";
import { range, showShape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { inv } from "./solve.ts";

/** (..., n, n) times itself `n` times; of the inverse where `n` is negative (jax.numpy.linalg.matrix_power). */
export function matrixPower(a: ArrayLike, n: number): Value {
  if (!Number.isInteger(n))
    throw new TypeError(`matrixPower: expected an integer power, got ${n}`);
  const given = asValue("matrixPower", a);
  const x = n < 0 ? inv(given) : given;
  if (x.ndim < 2 || x.shape[x.ndim - 1] !== x.shape[x.ndim - 2])
    throw new TypeError(
      `matrixPower: expected square matrices in the last two axes, got ${showShape(x.shape)}`,
    );
  const raise = (base: Value, power: number): Value => {
    if (power === 1) return base;
    const half = raise(base, Math.floor(power / 2));
    const square = matmul(half, half);
    return power % 2 === 0 ? square : matmul(square, base);
  };
  return n === 0 ? identity(x.type) : raise(x, Math.abs(n));
}

/** The product of matrices, multiplied in the order that takes the fewest operations; the first and last may be vectors (jax.numpy.linalg.multi_dot). */
export function multiDot(arrays: readonly ArrayLike[]): Value {
  if (arrays.length < 2)
    throw new TypeError(
      `multiDot: expected at least two arrays, got ${arrays.length}`,
    );
  const xs = promoteDtypes("multiDot", arrays);
  xs.forEach((x, i) => {
    const ends = i === 0 || i === xs.length - 1;
    if (x.ndim !== 2 && !(ends && x.ndim === 1))
      throw new TypeError(
        `multiDot: expected matrices, or vectors at either end, got ${showShape(x.shape)} at position ${i}`,
      );
  });
  // sizes[i] and sizes[i + 1] are the rows and columns of array i.
  const sizes = [
    xs[0].ndim === 1 ? 1 : xs[0].shape[0],
    ...xs.map((x, i) => (x.ndim === 1 && i > 0 ? 1 : x.shape[x.ndim - 1])),
  ];
  const best = new Map<string, { cost: number; at: number }>();
  const plan = (i: number, j: number): { cost: number; at: number } => {
    if (i === j) return { cost: 0, at: i };
    const key = `${i} ${j}`;
    let found = best.get(key);
    if (!found) {
      found = range(j - i)
        .map((k) => ({
          at: i + k,
          cost:
            plan(i, i + k).cost +
            plan(i + k + 1, j).cost +
            sizes[i] * sizes[i + k + 1] * sizes[j + 1],
        }))
        .reduce((a, b) => (b.cost < a.cost ? b : a));
      best.set(key, found);
    }
    return found;
  };
  const multiply = (i: number, j: number): Value => {
    if (i === j) return xs[i];
    const { at } = plan(i, j);
    return product(multiply(i, at), multiply(at + 1, j));
  };
  return multiply(0, xs.length - 1);
}
