/** @file Arrays with entries put in, taken out or cycled through; which ones must be known while tracing. */
import { convert } from "../primitives/elementwise.ts";
import { concatenate, sliceAxis } from "../primitives/slicing.ts";
import { moveAxis, reshape } from "../primitives/structural.ts";
import {
  normalizeAxis,
  range,
  showShape,
  sizeOf,
  type Shape,
} from "../shape.ts";
import { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { listOf, ravel } from "./manipulate.ts";
import { broadcastTo } from "./promote.ts";
import { ints, pick, tile } from "./rearrange.ts";

/** A position, several, or a mask. */
export type Where = number | readonly number[] | Value;

/** Positions as non-negative numbers, known now; `last` is the highest that counts from the front. */
function positions(
  who: string,
  where: Where,
  n: number,
  last: number,
): number[] {
  const list =
    typeof where === "number"
      ? [where]
      : !(where instanceof Value)
        ? where
        : where.dtype === "bool"
          ? [...where.dataSync()].flatMap((hit, i) => (hit ? [i] : []))
          : [...where.dataSync()];
  return list.map((k) => {
    if (k < -n || k > last)
      throw new RangeError(
        `${who}: expected a position in ${-n}..${last}, got ${k}`,
      );
    return k < 0 ? k + n : k;
  });
}

/** `x` without the entries at the given positions (or where a mask holds) along an axis, flattened without one (jax.numpy.delete). */
export function remove(x: ArrayLike, where: Where, axis?: number): Value {
  const given = asValue("delete", x);
  const value = axis === undefined ? ravel(given) : given;
  const at = normalizeAxis("delete", axis ?? 0, value.ndim);
  const n = value.shape[at];
  const gone = new Set(positions("delete", where, n, n - 1));
  return pick(value, ints(range(n).filter((i) => !gone.has(i))), at);
}

/**
 * `x` with `values` put in before the given positions along an axis, flattened without one. A single position takes
 * all of `values`, whose first axis then lies along `axis` (jax.numpy.insert).
 */
export function insert(
  x: ArrayLike,
  where: Where,
  values: ArrayLike,
  axis?: number,
): Value {
  const given = asValue("insert", x);
  const value = axis === undefined ? ravel(given) : given;
  const at = normalizeAxis("insert", axis ?? 0, value.ndim);
  const n = value.shape[at];
  const places = positions("insert", where, n, n);
  const added = convert(asValue("insert", values), value.dtype);
  const ones = Array<number>(Math.max(0, value.ndim - added.ndim)).fill(1);
  const ranked = reshape(added, [...ones, ...added.shape]);
  const isOne = typeof where === "number" || (where instanceof Value && where.ndim === 0); // prettier-ignore
  const placed = isOne ? moveAxis(ranked, 0, at) : ranked;
  const count = places.length === 1 ? placed.shape[at] : places.length;
  const whole = broadcastTo(
    placed,
    value.shape.map((size, i) => (i === at ? count : size)),
  );
  // Where each entry of the result comes from: `x`, then what is put in.
  const targets = places.length === 1 ? Array<number>(count).fill(places[0]) : places; // prettier-ignore
  const order = [
    ...targets.map((k, i) => ({ before: k, from: n + i })),
    ...range(n).map((i) => ({ before: i, from: i })),
  ].sort((a, b) => a.before - b.before);
  const sources = order.map(({ from }) => from);
  return pick(concatenate([value, whole], at), ints(sources), at);
}

/** The elements of `x` in row-major order, over and over, in a new shape (jax.numpy.resize). */
export function resize(x: ArrayLike, shape: Shape | number): Value {
  const flat = ravel(x);
  const wanted = listOf(shape);
  const n = sizeOf(wanted);
  if (flat.size === 0 && n > 0)
    throw new TypeError(
      `resize: expected elements to fill ${showShape(wanted)} with, got none`,
    );
  if (n === 0) return reshape(sliceAxis(flat, 0, 0, 0), wanted);
  const times = Math.ceil(n / flat.size);
  return reshape(sliceAxis(tile(flat, times), 0, 0, n), wanted);
}

/** A vector without the zeros at its front ("f"), its back ("b") or both (jax.numpy.trim_zeros). */
export function trimZeros(x: ArrayLike, trim = "fb"): Value {
  const value = asValue("trimZeros", x);
  const data = [...value.dataSync()];
  const first = data.findIndex((n) => n !== 0);
  if (first < 0) return sliceAxis(value, 0, 0, 0);
  const last = data.findLastIndex((n) => n !== 0);
  return sliceAxis(
    value,
    0,
    trim.includes("f") ? first : 0,
    trim.includes("b") ? last + 1 : data.length,
  );
}
