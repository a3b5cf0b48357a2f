/** @file The uniform distribution on loc..loc + scale (jax.scipy.stats.uniform). */
import { exp, log, neg } from "../../primitives/elementwise.ts";
import {
  atLeast,
  cases,
  choose,
  noMore,
  same,
} from "../../primitives/special-arith.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { off, quantileOf, standard } from "./support.ts";

/** log of the density at x; -infinity off the support. */
export function logpdf(
  x: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, by] = standard("uniform.logpdf", x, loc, scale);
  return cases(
    [
      [off(0, y, 1), -Infinity],
      [same(y, y), neg(log(by))],
    ],
    y,
  );
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
  const [y] = standard("uniform.cdf", x, loc, scale);
  return noMore(atLeast(y, 0), 1);
}

/** The quantile: x with cdf(x) = q. */
export function ppf(
  q: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return quantileOf(
    "uniform.ppf",
    (p) => choose(off(0, p, 1), NaN, p),
    q,
    loc,
    scale,
  );
}
