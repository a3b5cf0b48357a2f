/** @file Arrays as sets: distinct elements, unions, intersections, differences, membership. Results are sorted. */
import * as e from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import { gather, scatterAdd } from "../primitives/gather.ts";
import { cumsum } from "../primitives/cumulative.ts";
import { concatenate, sliceAxis } from "../primitives/slicing.ts";
import { argsort } from "../primitives/sort.ts";
import { broadcast, reshape } from "../primitives/structural.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { filledLike, inDtype } from "./axes.ts";
import { promoteDtypes } from "./promote.ts";
import { placesOf, searchsorted, sizeOr, type SizeOptions } from "./search.ts";

export interface SetOptions extends SizeOptions {
  /** What fills the places that are left over; by default the least result. */
  readonly fillValue?: ArrayLike;
}

const flat = (x: Value): Value => reshape(x, [x.size]);
const scalarOf = (x: Value, shape: readonly number[]): Value =>
  broadcast(reshape(x, []), shape, []);

/** Which elements of a sorted array (n) differ from the one before; NaN equals NaN. */
function firsts(sorted: Value): Value {
  const n = sorted.shape[0];
  const yes = fill(1, { shape: [Math.min(n, 1)], dtype: "bool" });
  if (n < 2) return yes;
  const [x, y] = [sliceAxis(sorted, 0, 0, n - 1), sliceAxis(sorted, 0, 1, n)];
  const bothNaN = e.and(e.not(e.eq(x, x)), e.not(e.eq(y, y)));
  return concatenate([yes, e.not(e.or(e.eq(x, y), bothNaN))], 0);
}

/** The elements of `x` (n) where `mask` holds, `size` of them; what is left over is filled, by default with the first. */
function chosen(
  who: string,
  x: Value,
  mask: Value,
  { size, fillValue }: SetOptions,
): { values: Value; places: Value; exists: Value } {
  const count = sizeOr(mask, size);
  const { places, exists } = placesOf(mask, count);
  const shape = [count];
  if (count === 0) return { values: fill(0, { shape, dtype: x.dtype }), places, exists }; // prettier-ignore
  if (x.shape[0] === 0) {
    if (fillValue === undefined)
      throw new TypeError(
        `${who}: expected a fillValue to fill ${count} places from an empty array, got none`,
      );
    const values = scalarOf(inDtype(who, fillValue, x.dtype), shape);
    return { values, places, exists };
  }
  const found = gather(x, places);
  const rest =
    fillValue === undefined
      ? sliceAxis(found, 0, 0, 1)
      : inDtype(who, fillValue, x.dtype);
  return {
    values: e.select(exists, found, scalarOf(rest, shape)),
    places,
    exists,
  };
}

export interface Unique {
  /** The distinct elements, sorted. */
  readonly values: Value;
  /** The index of the first occurrence of each (int32). */
  readonly indices: Value;
  /** For each element of the array, in its shape, the index of its value in `values` (int32). */
  readonly inverse: Value;
  /** How often each occurs (int32). */
  readonly counts: Value;
}

/** The distinct elements of an array, where they are and how often they occur (jax.numpy.unique_all); NaN occurs once. */
export function uniqueAll(x: ArrayLike, options: SetOptions = {}): Unique {
  const value = asValue("unique", x);
  const line = flat(value);
  const n = line.shape[0];
  const order = argsort([line], 0);
  const sorted = gather(line, order);
  const first = firsts(sorted);
  const { values, places, exists } = chosen("unique", sorted, first, options);
  const count = values.shape[0];
  const ranks = e.sub(
    cumsum(e.convert(first, "int32"), 0),
    fill(1, { shape: [n], dtype: "int32" }),
  );
  // The places after the last are those of the first, whose run has been counted already.
  const where = count > 0 && n > 0 ? gather(order, places) : places;
  const runs = scatterAdd(e.min(ranks, filledLike(ranks, count)), filledLike(ranks, 1), count + 1); // prettier-ignore
  return {
    values,
    indices:
      count > 0 && n > 0
        ? e.select(exists, where, scalarOf(sliceAxis(where, 0, 0, 1), [count]))
        : where,
    inverse: reshape(scatterAdd(order, ranks, n), value.shape),
    counts: sliceAxis(runs, 0, 0, count),
  };
}

export interface UniqueOptions extends SetOptions {
  readonly returnIndex?: boolean;
  readonly returnInverse?: boolean;
  readonly returnCounts?: boolean;
}

type Asked = "returnIndex" | "returnInverse" | "returnCounts";

/**
 * The distinct elements of an array, sorted (jax.numpy.unique); NaN occurs once. Where asked for, a list of them and
 * the index of each, the inverse, the counts, as in `uniqueAll`.
 */
export function unique(x: ArrayLike, options?: SetOptions): Value;
export function unique(
  x: ArrayLike,
  options: UniqueOptions & { readonly [K in Asked]?: true },
): Value[];
export function unique(
  x: ArrayLike,
  options: UniqueOptions = {},
): Value | Value[] {
  const { returnIndex, returnInverse, returnCounts, ...sized } = options;
  if (!(returnIndex || returnInverse || returnCounts)) {
    const line = flat(asValue("unique", x));
    const sorted = gather(line, argsort([line], 0));
    return chosen("unique", sorted, firsts(sorted), sized).values;
  }
  const { values, indices, inverse, counts } = uniqueAll(x, sized);
  return [
    values,
    ...(returnIndex ? [indices] : []),
    ...(returnInverse ? [inverse] : []),
    ...(returnCounts ? [counts] : []),
  ];
}

/** Whether each element is among `test` (jax.numpy.isin); NaN never is. */
export function isin(
  x: ArrayLike,
  test: ArrayLike,
  { invert = false }: { readonly invert?: boolean } = {},
): Value {
  const [value, given] = promoteDtypes("isin", [x, test]);
  const found = amongst(value, flat(given));
  return invert ? e.not(found) : found;
}

function amongst(x: Value, test: Value): Value {
  const n = test.shape[0];
  if (n === 0) return fill(0, { shape: x.shape, dtype: "bool" });
  const sorted = gather(test, argsort([test], 0));
  const place = searchsorted(sorted, x);
  return e.eq(gather(sorted, e.min(place, filledLike(place, n - 1))), x);
}

/** Distinct elements of `x`, sorted, that pass `test`. */
function distinctWhere(
  who: string,
  x: Value,
  test: (sorted: Value) => Value,
  options: SetOptions,
): Value {
  const sorted = gather(x, argsort([x], 0));
  const mask = e.and(firsts(sorted), test(sorted));
  return chosen(who, sorted, mask, options).values;
}

const lines = (who: string, x: ArrayLike, y: ArrayLike): Value[] =>
  promoteDtypes(who, [x, y]).map(flat);

/** The distinct elements of two arrays, sorted (jax.numpy.union1d). */
export const union1d = (
  x: ArrayLike,
  y: ArrayLike,
  options: SetOptions = {},
): Value => unique(concatenate(lines("union1d", x, y), 0), options);

/** The distinct elements that are in both arrays, sorted (jax.numpy.intersect1d). */
export function intersect1d(
  x: ArrayLike,
  y: ArrayLike,
  options: SetOptions = {},
): Value {
  const [a, b] = lines("intersect1d", x, y);
  return distinctWhere("intersect1d", a, (v) => amongst(v, b), options);
}

/** The distinct elements of `x` that are not in `y`, sorted; left-over places hold 0 by default (jax.numpy.setdiff1d). */
export function setdiff1d(
  x: ArrayLike,
  y: ArrayLike,
  { size, fillValue = 0 }: SetOptions = {},
): Value {
  const [a, b] = lines("setdiff1d", x, y);
  const absent = (v: Value) => e.not(amongst(v, b));
  return distinctWhere("setdiff1d", a, absent, {
    fillValue,
    ...(size === undefined ? {} : { size }),
  });
}

/** The distinct elements that are in one of two arrays only, sorted (jax.numpy.setxor1d). */
export function setxor1d(
  x: ArrayLike,
  y: ArrayLike,
  options: SetOptions = {},
): Value {
  const [a, b] = lines("setxor1d", x, y);
  const inOne = (v: Value) => e.not(e.and(amongst(v, a), amongst(v, b)));
  return distinctWhere("setxor1d", concatenate([a, b], 0), inOne, options);
}
