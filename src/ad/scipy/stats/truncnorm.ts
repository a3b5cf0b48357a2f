/** @file The normal distribution cut to a..b (jax.scipy.stats.truncnorm). */
import {
  add,
  le,
  log,
  lt,
  mul,
  neg,
  or,
  select,
  sub,
} from "../../primitives/elementwise.ts";
import { expm1 } from "../../primitives/math.ts";
import { choose, less, minus, times } from "../../primitives/special-arith.ts";
import { halfLogTwoPi } from "../../primitives/special-numbers.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { logNdtr } from "../special/normal.ts";
import { exponential, standard } from "./support.ts";

/** log(ndtr(b) - ndtr(a)) for a < b, from the tail that both are nearer to. */
function logMass(a: Value, b: Value): Value {
  const right = less(0, add(a, b));
  const high = logNdtr(select(right, neg(a), b));
  const low = logNdtr(select(right, neg(b), a));
  return add(high, log(neg(expm1(sub(low, high)))));
}

/** log of the density at x; a and b are in standard deviations from loc. -infinity outside, NaN where b <= a. */
export function logpdf(
  x: ArrayLike,
  a: ArrayLike,
  b: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, by, low, high] = standard("truncnorm.logpdf", x, loc, scale, a, b);
  const value = sub(
    minus(times(mul(y, y), -0.5), halfLogTwoPi),
    add(logMass(low, high), log(by)),
  );
  const outside = or(lt(y, low), lt(high, y));
  return choose(le(high, low), NaN, choose(outside, -Infinity, value));
}

/** The density at x. */
export const pdf: typeof logpdf = exponential(logpdf);

/** log(cdf). */
export function logcdf(
  x: ArrayLike,
  a: ArrayLike,
  b: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, , low, high] = standard("truncnorm.logcdf", x, loc, scale, a, b);
  const [below, above] = [le(y, low), le(high, y)];
  // Where x is outside, any point inside stands for it.
  const inside = select(or(below, above), times(add(low, high), 0.5), y);
  const value = sub(logMass(low, inside), logMass(low, high));
  const cut = choose(below, -Infinity, choose(above, 0, value));
  return choose(le(high, low), NaN, cut);
}

/** log(sf): the mirror image of logcdf. */
export function logsf(
  x: ArrayLike,
  a: ArrayLike,
  b: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, , low, high] = standard("truncnorm.logsf", x, loc, scale, a, b);
  return logcdf(neg(y), neg(high), neg(low));
}

/** The probability of at most x. */
export const cdf: typeof logcdf = exponential(logcdf);

/** The probability of more than x. */
export const sf: typeof logsf = exponential(logsf);
