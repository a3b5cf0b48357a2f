/** @file What the linear algebra functions make of their arguments: floats, checked matrices, leading axes that broadcast. */
import { broadcastTo, promoteDtypes, toFloat } from "../numpy/promote.ts";
import { leadOf, sizesOf } from "../primitives/linalg/matrix.ts";
import { reshape } from "../primitives/structural.ts";
import { broadcastShapes, showShape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";

/** A stack of matrices (..., m, n) of floats; integers become float32. */
export function matrices(who: string, a: ArrayLike): Value {
  const x = toFloat(who, a);
  if (x.ndim < 2)
    throw new TypeError(
      `${who}: expected an array of at least two axes, got ${showShape(x.shape)}`,
    );
  return x;
}

/** A stack of square matrices (..., n, n) of floats. */
export function squares(who: string, a: ArrayLike): Value {
  const x = matrices(who, a);
  const [m, n] = sizesOf(x);
  if (m !== n)
    throw new TypeError(
      `${who}: expected square matrices in the last two axes, got ${showShape(x.shape)}`,
    );
  return x;
}

/** Two operands as floats of one dtype, each in its own shape. */
export function floats(
  who: string,
  a: ArrayLike,
  b: ArrayLike,
): [a: Value, b: Value] {
  const [x, y] = promoteDtypes(who, [a, b]);
  return [toFloat(who, x), toFloat(who, y)];
}

/**
 * `solve` over operands a (..., m, n) and b, whose leading axes broadcast: b is a vector (m) where it has one axis,
 * else matrices (..., m, k).
 */
export function withRightSide(
  who: string,
  a: Value,
  b: Value,
  solve: (a: Value, b: Value) => Value,
): Value {
  const [m] = sizesOf(a);
  const vector = b.ndim === 1;
  const columns = vector ? reshape(b, [...b.shape, 1]) : b;
  if (columns.ndim < 2 || sizesOf(columns)[0] !== m)
    throw new TypeError(
      `${who}: expected a right-hand side of ${m} rows, as many as a ${showShape(a.shape)} has, got ${showShape(b.shape)}`,
    );
  const [x, y] = stacks(who, a, columns);
  const out = solve(x, y);
  return vector ? reshape(out, out.shape.slice(0, -1)) : out;
}

/** Two stacks of matrices with their leading axes broadcast to each other. */
export function stacks(who: string, a: Value, b: Value): [Value, Value] {
  const lead = broadcastShapes(who, [leadOf(a), leadOf(b)]);
  return [
    broadcastTo(a, [...lead, ...sizesOf(a)]),
    broadcastTo(b, [...lead, ...sizesOf(b)]),
  ];
}

/** Distance from 1 to the next number of the dtype. */
export const epsilon = ({ dtype }: Value): number =>
  dtype === "float64" ? 2 ** -52 : 2 ** -23;
