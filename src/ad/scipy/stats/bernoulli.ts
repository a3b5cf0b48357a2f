/** @file The Bernoulli distribution (jax.scipy.stats.bernoulli). */
import { promoteFloats } from "../../numpy/promote.ts";
import { add, or, sub } from "../../primitives/elementwise.ts";
import { fill } from "../../primitives/fill.ts";
import {
  atMost,
  cases,
  choose,
  less,
  minus,
  plus,
} from "../../primitives/special-arith.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { xlog1py, xlogy } from "../special/entropy.ts";
import { exponential, isBroken, off, unless } from "./support.ts";

/** log of the probability of k, which is 1 with probability p and else 0; -infinity for any other k. */
export function logpmf(k: ArrayLike, p: ArrayLike, loc: ArrayLike = 0): Value {
  const [at, chance, from] = promoteFloats("bernoulli.logpmf", [k, p, loc]);
  const x = sub(at, from);
  return unless(or(off(0, x, 1), isBroken(x)), x, 0, (t) =>
    add(xlogy(t, chance), xlog1py(minus(1, t), minus(0, chance))),
  );
}

/** The probability of k. */
export const pmf: typeof logpmf = exponential(logpmf);

/** The probability of at most k; NaN where p is no probability. */
export function cdf(k: ArrayLike, p: ArrayLike): Value {
  const [at, chance] = promoteFloats("bernoulli.cdf", [k, p]);
  return cases(
    [
      [off(0, chance, 1), NaN],
      [less(at, 0), 0],
      [less(at, 1), minus(1, chance)],
      [atMost(1, at), 1],
    ],
    plus(at, chance),
  );
}

/** The least k with cdf(k) >= q: 0 or 1; NaN where q or p is no probability. */
export function ppf(q: ArrayLike, p: ArrayLike): Value {
  const [at, chance] = promoteFloats("bernoulli.ppf", [q, p]);
  return cases(
    [
      [or(off(0, chance, 1), off(0, at, 1)), NaN],
      [less(minus(1, chance), at), 1],
    ],
    choose(atMost(at, minus(1, chance)), 0, fill(NaN, at.type)),
  );
}
