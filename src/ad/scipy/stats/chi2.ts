/** @file The chi-squared distribution: gamma of half the degrees of freedom, twice as wide (jax.scipy.stats.chi2). */
import { promoteFloats } from "../../numpy/promote.ts";
import { times } from "../../primitives/special-arith.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import * as gamma from "./gamma.ts";

type Arguments = readonly [x: Value, a: Value, loc: Value, scale: Value];

function asGamma(
  who: string,
  x: ArrayLike,
  df: ArrayLike,
  loc: ArrayLike,
  scale: ArrayLike,
): Arguments {
  const [at, degrees, from, by] = promoteFloats(who, [x, df, loc, scale]);
  return [at, times(degrees, 0.5), from, times(by, 2)];
}

/** log of the density at x; -infinity off the support. */
export function logpdf(
  x: ArrayLike,
  df: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return gamma.logpdf(...asGamma("chi2.logpdf", x, df, loc, scale));
}

/** The density at x. */
export function pdf(
  x: ArrayLike,
  df: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return gamma.pdf(...asGamma("chi2.pdf", x, df, loc, scale));
}

/** The probability of at most x. */
export function cdf(
  x: ArrayLike,
  df: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return gamma.cdf(...asGamma("chi2.cdf", x, df, loc, scale));
}

/** log(cdf). */
export function logcdf(
  x: ArrayLike,
  df: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return gamma.logcdf(...asGamma("chi2.logcdf", x, df, loc, scale));
}

/** The probability of more than x. */
export function sf(
  x: ArrayLike,
  df: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return gamma.sf(...asGamma("chi2.sf", x, df, loc, scale));
}

/** log(sf). */
export function logsf(
  x: ArrayLike,
  df: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return gamma.logsf(...asGamma("chi2.logsf", x, df, loc, scale));
}
