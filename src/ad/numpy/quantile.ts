/** @file Order statistics: quantiles, percentiles, medians. */
import * as e from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import { argsort, pickAlong } from "../primitives/sort.ts";
import { broadcast, moveAxis, reshape, sum } from "../primitives/structural.ts";
import { range, showShape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { type ArrayLike } from "../value.ts";
import {
  axesOf,
  filledLike,
  isNaNOf,
  joinAxes,
  type ReduceOptions,
} from "./axes.ts";
import { broadcastTo, promoteDtypes, toFloat } from "./promote.ts";
import { any } from "./reduce.ts";

/** What lies at a position between two elements. */
export type QuantileMethod =
  "linear" | "lower" | "higher" | "nearest" | "midpoint" | "inverted_cdf";

export interface QuantileOptions extends ReduceOptions {
  readonly method?: QuantileMethod;
}

const methods: readonly QuantileMethod[] = [
  "linear", "lower", "higher", "nearest", "midpoint", "inverted_cdf",
]; // prettier-ignore

/** Rounded down; constant to every derivative. */
const floor = (x: Value): Value => {
  const whole = e.convert(e.convert(x, "int32"), x.dtype);
  return e.select(e.lt(x, whole), e.sub(whole, filledLike(x, 1)), whole);
};
const clip = (x: Value, top: Value): Value =>
  e.max(filledLike(x, 0), e.min(x, top));

/** Sorted lanes (..., n) of which the first `count` (...) elements are numbers, at the quantiles q (k) -> (..., k). */
function atQuantiles(
  sorted: Value,
  count: Value,
  q: Value,
  method: QuantileMethod,
): Value {
  const lanes = sorted.shape.slice(0, -1);
  const shape = [...lanes, q.shape[0]];
  const each = (v: Value) => broadcast(v, shape, range(lanes.length));
  const qs = broadcastTo(q, shape);
  const last = e.sub(each(count), fill(1, { shape, dtype: q.dtype }));
  const one = filledLike(last, 1);
  const pick = (at: Value) =>
    pickAlong(sorted, e.convert(clip(at, last), "int32"), lanes.length);
  if (method === "inverted_cdf") {
    // The least element with at least a share q of all at or below it.
    const target = e.mul(qs, each(count));
    const below = floor(target);
    return pick(e.select(e.lt(below, target), below, e.sub(below, one)));
  }
  const position = e.mul(qs, last);
  const below = floor(position);
  const share = e.sub(position, below);
  const isWhole = e.eq(share, filledLike(share, 0));
  const low = pick(below);
  if (method === "lower") return low;
  const high = pick(e.select(isWhole, below, e.add(below, one)));
  if (method === "higher") return high;
  const half = filledLike(share, 0.5);
  if (method === "nearest") return e.select(e.le(share, half), low, high);
  if (method === "midpoint") return e.mul(e.add(low, high), half);
  const between = e.add(e.mul(low, e.sub(one, share)), e.mul(high, share));
  // Infinity times a share of nothing would be NaN.
  return e.select(isWhole, low, between);
}

function quantiles(
  who: string,
  x: ArrayLike,
  q: ArrayLike,
  options: QuantileOptions,
  ignoreNaN: boolean,
  whole = 1,
): Value {
  const { axis, keepdims = false, method = "linear" } = options;
  if (!methods.includes(method))
    throw new TypeError(
      `${who}: expected a method among ${methods.join(", ")}, got ${String(method)}`,
    );
  const [value, parts] = promoteDtypes(who, [toFloat(who, x), q]);
  const share = whole === 1 ? parts : e.div(parts, filledLike(parts, whole));
  if (share.ndim > 1)
    throw new TypeError(
      `${who}: expected q in at most one axis, got ${showShape(share.shape)}`,
    );
  const axes = axesOf(who, value, axis);
  const lanes = joinAxes(value, axes);
  const at = lanes.ndim - 1;
  const n = lanes.shape[at];
  if (n === 0)
    throw new TypeError(
      `${who}: expected at least one element along the axes (${axes.join()}) of ${showShape(value.shape)}, got none`,
    );
  const isNaN = isNaNOf(lanes);
  const outer = { shape: lanes.shape.slice(0, -1), dtype: value.dtype };
  const count = ignoreNaN
    ? sum(e.convert(e.not(isNaN), value.dtype), [at])
    : fill(n, outer);
  const sorted = pickAlong(lanes, argsort([lanes], at), at);
  const flat = reshape(share, [share.size]);
  const found = atQuantiles(sorted, count, flat, method);
  const spoiled = ignoreNaN
    ? e.eq(count, fill(0, outer))
    : any(isNaN, { axis: at });
  const spread = broadcast(spoiled, found.shape, range(at));
  const out = moveAxis(e.select(spread, filledLike(found, NaN), found), at, 0);
  const kept = keepdims
    ? value.shape.map((size, i) => (axes.includes(i) ? 1 : size))
    : outer.shape;
  return reshape(out, [...share.shape, ...kept]);
}

/**
 * The elements at the shares `q` (0..1, a scalar or one axis) of the sorted elements along axes; the axis of `q` comes
 * first, and NaN wins (jax.numpy.quantile).
 */
export const quantile = (
  x: ArrayLike,
  q: ArrayLike,
  options: QuantileOptions = {},
): Value => quantiles("quantile", x, q, options, false);

/** As `quantile`, of what is not NaN; NaN where there is nothing else (jax.numpy.nanquantile). */
export const nanquantile = (
  x: ArrayLike,
  q: ArrayLike,
  options: QuantileOptions = {},
): Value => quantiles("nanquantile", x, q, options, true);

/** As `quantile`, with `q` in 0..100 (jax.numpy.percentile). */
export const percentile = (
  x: ArrayLike,
  q: ArrayLike,
  options: QuantileOptions = {},
): Value => quantiles("percentile", x, q, options, false, 100);

/** As `nanquantile`, with `q` in 0..100 (jax.numpy.nanpercentile). */
export const nanpercentile = (
  x: ArrayLike,
  q: ArrayLike,
  options: QuantileOptions = {},
): Value => quantiles("nanpercentile", x, q, options, true, 100);

/** The middle element over axes, or the mean of the two middle ones (jax.numpy.median). */
export const median = (x: ArrayLike, options: ReduceOptions = {}): Value =>
  quantiles("median", x, 0.5, { ...options, method: "midpoint" }, false);

/** As `median`, of what is not NaN (jax.numpy.nanmedian). */
export const nanmedian = (x: ArrayLike, options: ReduceOptions = {}): Value =>
  quantiles("nanmedian", x, 0.5, { ...options, method: "midpoint" }, true);
