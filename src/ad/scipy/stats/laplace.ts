/** @file The Laplace distribution (jax.scipy.stats.laplace). */
import { add, exp, log, neg } from "../../primitives/elementwise.ts";
import { abs } from "../../primitives/math.ts";
import { choose, less, minus, times } from "../../primitives/special-arith.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { standard } from "./support.ts";

/** log of the density at x; -infinity off the support. */
export function logpdf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, by] = standard("laplace.logpdf", x, loc, scale);
  return neg(add(abs(y), log(times(by, 2))));
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
  const [y] = standard("laplace.cdf", x, loc, scale);
  const tail = times(exp(neg(abs(y))), 0.5);
  return choose(less(y, 0), tail, minus(1, tail));
}
