/** @file The logistic distribution (jax.scipy.stats.logistic). */
import { add, exp, log, neg } from "../../primitives/elementwise.ts";
import { abs, log1p } from "../../primitives/math.ts";
import { times } from "../../primitives/special-arith.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { expit, logit } from "../special/entropy.ts";
import { quantileOf, standard } from "./support.ts";

/** log of the density at x; -infinity off the support. */
export function logpdf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, by] = standard("logistic.logpdf", x, loc, scale);
  const size = abs(y);
  return neg(add(add(size, log(by)), times(log1p(exp(neg(size))), 2)));
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
  const [y] = standard("logistic.cdf", x, loc, scale);
  return expit(y);
}

/** The probability of more than x. */
export function sf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y] = standard("logistic.sf", x, loc, scale);
  return expit(neg(y));
}

/** The quantile: x with cdf(x) = q. */
export function ppf(
  q: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return quantileOf("logistic.ppf", logit, q, loc, scale);
}

/** x with sf(x) = q. */
export function isf(
  q: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return quantileOf("logistic.isf", (p) => neg(logit(p)), q, loc, scale);
}
