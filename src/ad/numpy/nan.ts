/** @file Reductions that leave NaN out. */
import * as e from "../primitives/elementwise.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { argmax, argmin, type ArgOptions } from "./arg.ts";
import { filledLike, isNaNOf, type ReduceOptions } from "./axes.ts";
import { cumprod, cumsum, type CumulativeOptions } from "./cumulative.ts";
import { broadcastTo, toFloat } from "./promote.ts";
import { all, max, mean, min, prod, sum, type TotalOptions } from "./reduce.ts";
import { variance, type VarianceOptions } from "./statistics.ts";

/** `x` with `value` in the place of NaN. */
const without = (x: Value, value: number): Value =>
  e.select(isNaNOf(x), filledLike(x, value), x);

/** Sum over axes of what is not NaN (jax.numpy.nansum). */
export const nansum = (x: ArrayLike, options: TotalOptions = {}): Value =>
  sum(without(asValue("nansum", x), 0), options);
/** Product over axes of what is not NaN (jax.numpy.nanprod). */
export const nanprod = (x: ArrayLike, options: TotalOptions = {}): Value =>
  prod(without(asValue("nanprod", x), 1), options);
/** Running sum in which NaN counts as 0 (jax.numpy.nancumsum). */
export const nancumsum = (
  x: ArrayLike,
  options: CumulativeOptions = {},
): Value => cumsum(without(asValue("nancumsum", x), 0), options);
/** Running product in which NaN counts as 1 (jax.numpy.nancumprod). */
export const nancumprod = (
  x: ArrayLike,
  options: CumulativeOptions = {},
): Value => cumprod(without(asValue("nancumprod", x), 1), options);

/** Mean over axes of what is not NaN; of nothing NaN (jax.numpy.nanmean). */
export function nanmean(x: ArrayLike, options: ReduceOptions = {}): Value {
  const value = toFloat("nanmean", x);
  return mean(value, { ...options, where: e.not(isNaNOf(value)) });
}

const extreme =
  (
    name: string,
    reduce: (x: Value, options: ReduceOptions) => Value,
    worst: number,
  ) =>
  (x: ArrayLike, options: ReduceOptions = {}): Value => {
    const value = asValue(name, x);
    const isNaN = isNaNOf(value);
    const out = reduce(without(value, worst), options);
    return e.select(all(isNaN, options), filledLike(out, NaN), out);
  };

/** Maximum over axes of what is not NaN; NaN where there is nothing else (jax.numpy.nanmax). */
export const nanmax = extreme("nanmax", max, -Infinity);
/** Minimum over axes of what is not NaN; NaN where there is nothing else (jax.numpy.nanmin). */
export const nanmin = extreme("nanmin", min, Infinity);

const arg =
  (
    name: string,
    find: (x: Value, options: ArgOptions) => Value,
    worst: number,
  ) =>
  (x: ArrayLike, options: ArgOptions = {}): Value => {
    const value = asValue(name, x);
    const isNaN = isNaNOf(value);
    const out = find(without(value, worst), options);
    return e.select(all(isNaN, options), filledLike(out, -1), out);
  };

/** Index of the first maximum that is not NaN; -1 where there is none (jax.numpy.nanargmax). */
export const nanargmax = arg("nanargmax", argmax, -Infinity);
/** Index of the first minimum that is not NaN; -1 where there is none (jax.numpy.nanargmin). */
export const nanargmin = arg("nanargmin", argmin, Infinity);

/** Variance over axes of what is not NaN; NaN where no degree of freedom is left (jax.numpy.nanvar). */
export function nanvar(x: ArrayLike, options: VarianceOptions = {}): Value {
  const value = toFloat("nanvar", x);
  const known = e.not(isNaNOf(value));
  const where =
    options.where === undefined
      ? known
      : e.and(
          known,
          broadcastTo(
            e.convert(asValue("nanvar", options.where), "bool"),
            value.shape,
          ),
        );
  return variance(without(value, 0), { ...options, where });
}

/** Square root of `nanvar` (jax.numpy.nanstd). */
export const nanstd = (x: ArrayLike, options: VarianceOptions = {}): Value =>
  e.sqrt(nanvar(x, options));
