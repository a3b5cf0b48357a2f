/** @file The beta-binomial distribution (jax.scipy.stats.betabinom). */
import { promoteFloats } from "../../numpy/promote.ts";
import { add, log, or, sub } from "../../primitives/elementwise.ts";
import { choose, less, plus } from "../../primitives/special-arith.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { betaln } from "../special/gamma.ts";
import { exponential, isBroken, off, unless } from "./support.ts";

/** log of the probability of k successes in n trials whose chance is beta(a, b); NaN where n, a or b is negative. */
export function logpmf(
  k: ArrayLike,
  n: ArrayLike,
  a: ArrayLike,
  b: ArrayLike,
  loc: ArrayLike = 0,
): Value {
  const [at, trials, left, right, from] = promoteFloats("betabinom.logpmf", [
    k,
    n,
    a,
    b,
    loc,
  ]);
  const x = sub(at, from);
  const value = unless(or(off(0, x, trials), isBroken(x)), x, 0, (t) => {
    const rest = sub(trials, t);
    const ways = add(log(plus(trials, 1)), betaln(plus(rest, 1), plus(t, 1)));
    const joint = betaln(add(t, left), add(rest, right));
    return sub(sub(joint, betaln(left, right)), ways);
  });
  const wrong = or(less(trials, 0), or(less(left, 0), less(right, 0)));
  return choose(wrong, NaN, value);
}

/** The probability of k. */
export const pmf: typeof logpmf = exponential(logpmf);
