/** @file The gamma distribution (jax.scipy.stats.gamma). */
import { add, exp, log, sub } from "../../primitives/elementwise.ts";
import { atMost, minus } from "../../primitives/special-arith.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { xlogy } from "../special/entropy.ts";
import { gammainc, gammaincc, gammaln } from "../special/gamma.ts";
import { off, standard, unless } from "./support.ts";

/** log of the density at x; -infinity off the support. */
export function logpdf(
  x: ArrayLike,
  a: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, by, p] = standard("gamma.logpdf", x, loc, scale, a);
  return unless(off(0, y), y, 1, (t) =>
    sub(sub(xlogy(minus(p, 1), t), t), add(gammaln(p), log(by))),
  );
}

/** The density at x. */
export function pdf(
  x: ArrayLike,
  a: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return exp(logpdf(x, a, loc, scale));
}

/** The probability of at most x. */
export function cdf(
  x: ArrayLike,
  a: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, , p] = standard("gamma.cdf", x, loc, scale, a);
  return unless(atMost(y, 0), y, 1, (t) => gammainc(p, t), 0);
}

/** log(cdf). */
export function logcdf(
  x: ArrayLike,
  a: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return log(cdf(x, a, loc, scale));
}

/** The probability of more than x. */
export function sf(
  x: ArrayLike,
  a: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, , p] = standard("gamma.sf", x, loc, scale, a);
  return unless(atMost(y, 0), y, 1, (t) => gammaincc(p, t), 1);
}

/** log(sf). */
export function logsf(
  x: ArrayLike,
  a: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return log(sf(x, a, loc, scale));
}
