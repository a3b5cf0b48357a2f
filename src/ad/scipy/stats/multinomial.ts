/** @file The multinomial distribution (jax.scipy.stats.multinomial). */
import { broadcastTo, promoteDtypes, toFloat } from "../../numpy/promote.ts";
import { add, eq, sub } from "../../primitives/elementwise.ts";
import { plus, choose } from "../../primitives/special-arith.ts";
import { sum } from "../../primitives/structural.ts";
import { broadcastShapes } from "../../shape.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { xlogy } from "../special/entropy.ts";
import { gammaln } from "../special/gamma.ts";
import { exponential } from "./support.ts";

/** log of the probability of the counts x (..., classes) in n (...) trials of chances p (..., classes); -infinity unless x adds up to n. */
export function logpmf(x: ArrayLike, n: ArrayLike, p: ArrayLike): Value {
  const who = "multinomial.logpmf";
  const [counts, trials, chances] = promoteDtypes(who, [x, n, p]).map((v) =>
    toFloat(who, v),
  );
  const terms = sub(xlogy(counts, chances), gammaln(plus(counts, 1)));
  const last = terms.ndim - 1;
  if (last < 0)
    throw new TypeError(
      `${who}: expected counts with a last axis of classes, got a scalar`,
    );
  const logs = sum(terms, [last]);
  const total = sum(broadcastTo(counts, terms.shape), [last]);
  const shape = broadcastShapes(who, [logs.shape, trials.shape]);
  const [all, given, value] = [total, trials, logs].map((v) =>
    broadcastTo(v, shape),
  );
  return choose(eq(all, given), add(gammaln(plus(given, 1)), value), -Infinity);
}

/** The probability of the counts. */
export const pmf: typeof logpmf = exponential(logpmf);
