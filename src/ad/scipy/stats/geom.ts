/** @file The geometric distribution (jax.scipy.stats.geom). */
import { promoteFloats } from "../../numpy/promote.ts";
import { add, log, neg, or, sub } from "../../primitives/elementwise.ts";
import { minus } from "../../primitives/special-arith.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { xlog1py } from "../special/entropy.ts";
import { exponential, isBroken, off, unless } from "./support.ts";

/** log of the probability that the k-th trial is the first success; -infinity unless k is whole and positive. */
export function logpmf(k: ArrayLike, p: ArrayLike, loc: ArrayLike = 0): Value {
  const [at, chance, from] = promoteFloats("geom.logpmf", [k, p, loc]);
  const x = sub(at, from);
  return unless(or(off(1, x), isBroken(x)), x, 1, (t) =>
    add(xlog1py(minus(t, 1), neg(chance)), log(chance)),
  );
}

/** The probability of k. */
export const pmf: typeof logpmf = exponential(logpmf);
