/** @file Sorting along an axis; every sort is stable, NaN comes last, and -0 equals 0. */
import * as p from "../primitives/sort.ts";
import { reshape } from "../primitives/structural.ts";
import { normalizeAxis, showShape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { broadcastArrays } from "./promote.ts";

export interface SortOptions {
  /** The axis to sort along, by default the last; null sorts the flattened array. */
  readonly axis?: number | null;
  /** Greatest first; then NaN comes first, and equals still keep their order. */
  readonly descending?: boolean;
}

/** `x` and the axis to sort it along. */
function lineOf(
  who: string,
  x: ArrayLike,
  axis: number | null,
): [Value, number] {
  const value = asValue(who, x);
  const line = axis === null ? reshape(value, [value.size]) : value;
  return [line, normalizeAxis(who, axis ?? 0, line.ndim)];
}

/** `x` in ascending order along an axis (jax.numpy.sort). */
export function sort(
  x: ArrayLike,
  { axis = -1, descending = false }: SortOptions = {},
): Value {
  const [line, at] = lineOf("sort", x, axis);
  return p.pickAlong(line, p.argsort([line], at, descending), at);
}

/** The indices (int32) that put `x` in ascending order along an axis (jax.numpy.argsort). */
export function argsort(
  x: ArrayLike,
  { axis = -1, descending = false }: SortOptions = {},
): Value {
  const [line, at] = lineOf("argsort", x, axis);
  return p.argsort([line], at, descending);
}

/** Indices that sort by several keys of one shape, the last key first (jax.numpy.lexsort). */
export function lexsort(
  keys: readonly ArrayLike[],
  { axis = -1 }: { readonly axis?: number } = {},
): Value {
  if (keys.length === 0)
    throw new TypeError("lexsort: expected at least one key, got none");
  const values = broadcastArrays("lexsort", keys);
  const at = normalizeAxis("lexsort", axis, values[0].ndim);
  return p.argsort(values.reverse(), at);
}

function checkKth(who: string, kth: number, n: number): void {
  if (!Number.isInteger(kth) || kth < -n || kth >= n)
    throw new RangeError(
      `${who}: expected kth between ${-n} and ${n - 1}, got ${kth}`,
    );
}

/** `x` with what is not above its `kth` least element before it, and what is not below after it (jax.numpy.partition). */
export function partition(
  x: ArrayLike,
  kth: number,
  { axis = -1 }: { readonly axis?: number | null } = {},
): Value {
  const [line, at] = lineOf("partition", x, axis);
  checkKth("partition", kth, line.shape[at]);
  return sort(line, { axis: at });
}

/** The indices that put `x` in the order of `partition` (jax.numpy.argpartition). */
export function argpartition(
  x: ArrayLike,
  kth: number,
  { axis = -1 }: { readonly axis?: number | null } = {},
): Value {
  const [line, at] = lineOf("argpartition", x, axis);
  checkKth("argpartition", kth, line.shape[at]);
  return argsort(line, { axis: at });
}

/**
 * The operands, of one shape, all moved along a dimension by the order of the first `numKeys` of them
 * (jax.lax.sort); their tangents move with them.
 */
export function sortTogether(
  operands: readonly ArrayLike[],
  {
    dimension = -1,
    numKeys = 1,
  }: { readonly dimension?: number; readonly numKeys?: number } = {},
): Value[] {
  const who = "sortTogether";
  const values = operands.map((x) => asValue(who, x));
  if (!Number.isInteger(numKeys) || numKeys < 1 || numKeys > values.length)
    throw new RangeError(
      `${who}: expected between 1 and ${values.length} keys, got ${numKeys}`,
    );
  for (const { shape } of values) {
    if (showShape(shape) !== showShape(values[0].shape))
      throw new TypeError(
        `${who}: expected operands of one shape, got ${values.map((v) => showShape(v.shape)).join(" and ")}`,
      );
  }
  const at = normalizeAxis(who, dimension, values[0].ndim);
  return p.sort(values, at, numKeys);
}

/**
 * The `k` greatest elements along an axis (by default the last), greatest first, and their indices (jax.lax.top_k);
 * of equals the first come first, and NaN is above every number.
 */
export function topK(
  x: ArrayLike,
  k: number,
  { axis = -1 }: { readonly axis?: number } = {},
): [values: Value, indices: Value] {
  const [line, at] = lineOf("topK", x, axis);
  if (!Number.isInteger(k) || k < 0 || k > line.shape[at])
    throw new RangeError(
      `topK: expected k between 0 and the ${line.shape[at]} elements along axis ${at} of ${showShape(line.shape)}, got ${k}`,
    );
  return p.topK(line, k, at);
}
