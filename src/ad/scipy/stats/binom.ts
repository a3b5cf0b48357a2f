/** @file The binomial distribution (jax.scipy.stats.binom). */
import { promoteFloats } from "../../numpy/promote.ts";
import { add, neg, or, sub } from "../../primitives/elementwise.ts";
import { plus } from "../../primitives/special-arith.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { xlog1py, xlogy } from "../special/entropy.ts";
import { gammaln } from "../special/gamma.ts";
import { exponential, isBroken, off, unless } from "./support.ts";

/** log of the probability of k successes in n trials; -infinity unless k is whole and in 0..n. */
export function logpmf(
  k: ArrayLike,
  n: ArrayLike,
  p: ArrayLike,
  loc: ArrayLike = 0,
): Value {
  const [at, trials, chance, from] = promoteFloats("binom.logpmf", [
    k,
    n,
    p,
    loc,
  ]);
  const x = sub(at, from);
  return unless(or(off(0, x, trials), isBroken(x)), x, 0, (t) => {
    const rest = sub(trials, t);
    const ways = sub(
      gammaln(plus(trials, 1)),
      add(gammaln(plus(t, 1)), gammaln(plus(rest, 1))),
    );
    return add(ways, add(xlogy(t, chance), xlog1py(rest, neg(chance))));
  });
}

/** The probability of k. */
export const pmf: typeof logpmf = exponential(logpmf);
