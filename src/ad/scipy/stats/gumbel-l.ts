/** @file The Gumbel distribution of minima (jax.scipy.stats.gumbel_l). */
import { exp, log, neg, sub } from "../../primitives/elementwise.ts";
import { expm1, log1p } from "../../primitives/math.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { quantileOf, standard } from "./support.ts";

/** log of the density at x; -infinity off the support. */
export function logpdf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, by] = standard("gumbelL.logpdf", x, loc, scale);
  const t = y;
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
  const [y] = standard("gumbelL.logcdf", x, loc, scale);
  return log(neg(expm1(neg(exp(y)))));
}

/** The probability of at most x. */
export function cdf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y] = standard("gumbelL.cdf", x, loc, scale);
  return neg(expm1(neg(exp(y))));
}

/** log(sf). */
export function logsf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y] = standard("gumbelL.logsf", x, loc, scale);
  return neg(exp(y));
}

/** The probability of more than x. */
export function sf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y] = standard("gumbelL.sf", x, loc, scale);
  return exp(neg(exp(y)));
}

/** The quantile: x with cdf(x) = q. */
export function ppf(
  q: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return quantileOf(
    "gumbelL.ppf",
    (p) => log(neg(log1p(neg(p)))),
    q,
    loc,
    scale,
  );
}
