/** @file The Gumbel distribution of maxima (jax.scipy.stats.gumbel_r). */
import { exp, log, neg, sub } from "../../primitives/elementwise.ts";
import { expm1 } from "../../primitives/math.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { quantileOf, standard } from "./support.ts";

/** log of the density at x; -infinity off the support. */
export function logpdf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, by] = standard("gumbelR.logpdf", x, loc, scale);
  const t = neg(y);
  return sub(sub(t, exp(t)), log(by));
}

/** The density at x. */
export function pdf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return exp(logpdf(x, loc, scale));
}

/** log(cdf). */
export function logcdf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y] = standard("gumbelR.logcdf", x, loc, scale);
  return neg(exp(neg(y)));
}

/** The probability of at most x. */
export function cdf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y] = standard("gumbelR.cdf", x, loc, scale);
  return exp(neg(exp(neg(y))));
}

/** log(sf). */
export function logsf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y] = standard("gumbelR.logsf", x, loc, scale);
  return log(neg(expm1(neg(exp(neg(y))))));
}

/** The probability of more than x. */
export function sf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y] = standard("gumbelR.sf", x, loc, scale);
  return neg(expm1(neg(exp(neg(y)))));
}

/** The quantile: x with cdf(x) = q. */
export function ppf(
  q: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return quantileOf("gumbelR.ppf", (p) => neg(log(neg(log(p)))), q, loc, scale);
}
