/** @file The normal distribution (jax.scipy.stats.norm). */
import { exp, log, mul, neg, sub } from "../../primitives/elementwise.ts";
import { minus, times } from "../../primitives/special-arith.ts";
import { halfLogTwoPi } from "../../primitives/special-numbers.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { logNdtr, ndtr, ndtri } from "../special/normal.ts";
import { quantileOf, standard } from "./support.ts";

/** log of the density of N(loc, scale^2) at x. */
export function logpdf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, by] = standard("norm.logpdf", x, loc, scale);
  return sub(minus(times(mul(y, y), -0.5), halfLogTwoPi), log(by));
}

/** The density at x. */
export const pdf = (
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value => exp(logpdf(x, loc, scale));

/** The probability of at most x. */
export const cdf = (
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value => ndtr(standard("norm.cdf", x, loc, scale)[0]);

/** log(cdf), far into the lower tail. */
export const logcdf = (
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value => logNdtr(standard("norm.logcdf", x, loc, scale)[0]);

/** The probability of more than x. */
export const sf = (
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value => ndtr(neg(standard("norm.sf", x, loc, scale)[0]));

/** log(sf), far into the upper tail. */
export const logsf = (
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value => logNdtr(neg(standard("norm.logsf", x, loc, scale)[0]));

/** The quantile: x with cdf(x) = q. */
export const ppf = (
  q: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value => quantileOf("norm.ppf", ndtri, q, loc, scale);

/** x with sf(x) = q. */
export const isf = (
  q: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value => quantileOf("norm.isf", (p) => neg(ndtri(p)), q, loc, scale);
