/** @file The Pareto distribution (jax.scipy.stats.pareto). */
import { div, exp, log, mul, neg, sub } from "../../primitives/elementwise.ts";
import { expm1, log1p } from "../../primitives/math.ts";
import {
  atLeast,
  atMost,
  choose,
  plus,
} from "../../primitives/special-arith.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { off, quantileOf, standard, unless } from "./support.ts";

/** log of the density at x; -infinity off the support. */
export function logpdf(
  x: ArrayLike,
  b: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, by, r] = standard("pareto.logpdf", x, loc, scale, b);
  return unless(off(1, y), y, 1, (t) =>
    sub(log(div(r, by)), mul(plus(r, 1), log(t))),
  );
}

/** The density at x. */
export function pdf(
  x: ArrayLike,
  b: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return exp(logpdf(x, b, loc, scale));
}

/** The probability of at most x. */
export function cdf(
  x: ArrayLike,
  b: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, , r] = standard("pareto.cdf", x, loc, scale, b);
  return unless(atMost(y, 1), y, 2, (t) => neg(expm1(neg(mul(r, log(t))))), 0);
}

/** log(cdf). */
export function logcdf(
  x: ArrayLike,
  b: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return log(cdf(x, b, loc, scale));
}

/** The probability of more than x. */
export function sf(
  x: ArrayLike,
  b: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, , r] = standard("pareto.sf", x, loc, scale, b);
  return exp(neg(mul(r, log(atLeast(y, 1)))));
}

/** log(sf). */
export function logsf(
  x: ArrayLike,
  b: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, , r] = standard("pareto.logsf", x, loc, scale, b);
  return neg(mul(r, log(atLeast(y, 1))));
}

/** The quantile: x with cdf(x) = q. */
export function ppf(
  q: ArrayLike,
  b: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return quantileOf(
    "pareto.ppf",
    (p, shape) =>
      choose(off(0, p, 1), NaN, exp(neg(div(log1p(neg(p)), shape)))),
    q,
    loc,
    scale,
    b,
  );
}
