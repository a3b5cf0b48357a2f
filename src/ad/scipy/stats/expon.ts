/** @file The exponential distribution (jax.scipy.stats.expon). */
import { add, exp, log, neg } from "../../primitives/elementwise.ts";
import { expm1, log1p } from "../../primitives/math.ts";
import { atLeast, choose, less } from "../../primitives/special-arith.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { off, quantileOf, standard, unless } from "./support.ts";

/** log of the density at x; -infinity off the support. */
export function logpdf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, by] = standard("expon.logpdf", x, loc, scale);
  return unless(off(0, y), y, 0, (t) => neg(add(t, log(by))));
}

/** The density at x. */
export function pdf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return exp(logpdf(x, loc, scale));
}

/** The probability of at most x. */
export function cdf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y] = standard("expon.cdf", x, loc, scale);
  return neg(expm1(neg(atLeast(y, 0))));
}

/** log(cdf). */
export function logcdf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y] = standard("expon.logcdf", x, loc, scale);
  return unless(less(y, 0), y, 1, (t) => log(neg(expm1(neg(t)))));
}

/** The probability of more than x. */
export function sf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y] = standard("expon.sf", x, loc, scale);
  return exp(neg(atLeast(y, 0)));
}

/** log(sf). */
export function logsf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y] = standard("expon.logsf", x, loc, scale);
  return neg(atLeast(y, 0));
}

/** The quantile: x with cdf(x) = q. */
export function ppf(
  q: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return quantileOf(
    "expon.ppf",
    (p) => choose(off(0, p, 1), NaN, neg(log1p(neg(p)))),
    q,
    loc,
    scale,
  );
}
