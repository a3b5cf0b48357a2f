/** @file The Poisson distribution (jax.scipy.stats.poisson). */
import { promoteFloats } from "../../numpy/promote.ts";
import { or, sub } from "../../primitives/elementwise.ts";
import { floor } from "../../primitives/math.ts";
import { less, plus } from "../../primitives/special-arith.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { xlogy } from "../special/entropy.ts";
import { gammaincc, gammaln } from "../special/gamma.ts";
import { exponential, isBroken, off, unless } from "./support.ts";

/** log of the probability of k events where mu are expected; -infinity unless k is whole and not negative. */
export function logpmf(k: ArrayLike, mu: ArrayLike, loc: ArrayLike = 0): Value {
  const [at, mean, from] = promoteFloats("poisson.logpmf", [k, mu, loc]);
  const x = sub(at, from);
  return unless(or(off(0, x), isBroken(x)), x, 0, (t) =>
    sub(sub(xlogy(t, mean), gammaln(plus(t, 1))), mean),
  );
}

/** The probability of k. */
export const pmf: typeof logpmf = exponential(logpmf);

/** The probability of at most k. */
export function cdf(k: ArrayLike, mu: ArrayLike, loc: ArrayLike = 0): Value {
  const [at, mean, from] = promoteFloats("poisson.cdf", [k, mu, loc]);
  const x = sub(at, from);
  return unless(less(x, 0), x, 0, (t) => gammaincc(plus(floor(t), 1), mean), 0);
}
