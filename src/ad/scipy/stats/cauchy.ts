/** @file The Cauchy distribution (jax.scipy.stats.cauchy). */
import { add, div, exp, log, mul, neg } from "../../primitives/elementwise.ts";
import { fill } from "../../primitives/fill.ts";
import { atan2, cos, log1p, sin } from "../../primitives/math.ts";
import { times } from "../../primitives/special-arith.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { quantileOf, standard } from "./support.ts";

/** log of the density at x; -infinity off the support. */
export function logpdf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, by] = standard("cauchy.logpdf", x, loc, scale);
  return neg(add(log1p(mul(y, y)), log(times(by, Math.PI))));
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
  const [y] = standard("cauchy.cdf", x, loc, scale);
  return lowerTail(y);
}

/** log(cdf). */
export function logcdf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return log(cdf(x, loc, scale));
}

/** The probability of more than x. */
export function sf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y] = standard("cauchy.sf", x, loc, scale);
  return lowerTail(neg(y));
}

/** log(sf). */
export function logsf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return log(sf(x, loc, scale));
}

/** The quantile: x with cdf(x) = q. */
export function ppf(
  q: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return quantileOf("cauchy.ppf", quantile, q, loc, scale);
}

/** x with sf(x) = q. */
export function isf(
  q: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return quantileOf("cauchy.isf", (p) => neg(quantile(p)), q, loc, scale);
}

/** atan2(1, -y) / pi, which keeps its digits far below 0. */
const lowerTail = (y: Value): Value =>
  times(atan2(fill(1, y.type), neg(y)), 1 / Math.PI);

/** -cot(pi q) */
const quantile = (q: Value): Value => {
  const angle = times(q, Math.PI);
  return neg(div(cos(angle), sin(angle)));
};
