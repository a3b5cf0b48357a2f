/** @file The negative binomial distribution (jax.scipy.stats.nbinom). */
import { promoteFloats } from "../../numpy/promote.ts";
import { add, or, sub } from "../../primitives/elementwise.ts";
import { minus, plus } from "../../primitives/special-arith.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { xlogy } from "../special/entropy.ts";
import { gammaln } from "../special/gamma.ts";
import { exponential, isBroken, off, unless } from "./support.ts";

/** log of the probability of k failures before the n-th success; -infinity unless k is whole and not negative. */
export function logpmf(
  k: ArrayLike,
  n: ArrayLike,
  p: ArrayLike,
  loc: ArrayLike = 0,
): Value {
  const [at, successes, chance, from] = promoteFloats("nbinom.logpmf", [
    k,
    n,
    p,
    loc,
  ]);
  const x = sub(at, from);
  return unless(or(off(0, x), isBroken(x)), x, 0, (t) => {
    const ways = sub(
      gammaln(add(t, successes)),
      add(gammaln(successes), gammaln(plus(t, 1))),
    );
    return add(ways, add(xlogy(successes, chance), xlogy(t, minus(1, chance))));
  });
}

/** The probability of k. */
export const pmf: typeof logpmf = exponential(logpmf);
