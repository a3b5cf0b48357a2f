/** @file The Dirichlet distribution (jax.scipy.stats.dirichlet). */
import { promoteDtypes, toFloat } from "../../numpy/promote.ts";
import { and, sub } from "../../primitives/elementwise.ts";
import { abs } from "../../primitives/math.ts";
import { choose, less, minus } from "../../primitives/special-arith.ts";
import { concatenate } from "../../primitives/slicing.ts";
import { reduceMax } from "../../primitives/reduce.ts";
import { broadcast, reshape, sum } from "../../primitives/structural.ts";
import { neg } from "../../primitives/elementwise.ts";
import { showShape } from "../../shape.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { xlogy } from "../special/entropy.ts";
import { gammaln } from "../special/gamma.ts";
import { exponential } from "./support.ts";

/**
 * log of the density at x (classes, ...) with parameters alpha (classes); the last class of x may be left out, being 1
 * less the others. -infinity where x is not positive or does not add up to 1.
 */
export function logpdf(x: ArrayLike, alpha: ArrayLike): Value {
  const who = "dirichlet.logpdf";
  const [given, a] = promoteDtypes(who, [x, alpha]).map((v) => toFloat(who, v));
  const classes = a.shape[0];
  const size = given.shape[0];
  if (a.ndim !== 1 || (size !== classes && size !== classes - 1))
    throw new TypeError(
      `${who}: expected alpha with one axis and x with as many first entries or one fewer, got ${showShape(a.shape)} and ${showShape(given.shape)}`,
    );
  const total = sum(given, [0]);
  const rest = minus(1, total);
  const whole =
    size === classes
      ? given
      : concatenate([given, reshape(rest, [1, ...rest.shape])], 0);
  const logs = xlogy(minus(broadcast(a, whole.shape, [0]), 1), whole);
  const norm = sub(sum(gammaln(a), [0]), gammaln(sum(a, [0])));
  const value = sub(sum(logs, [0]), broadcast(norm, total.shape, []));
  const positive = less(reduceMax(neg(whole), [0]), 0);
  const off = size === classes ? abs(rest) : sub(rest, rest);
  return choose(and(positive, less(off, 1e-6)), value, -Infinity);
}

/** The density at x. */
export const pdf: typeof logpdf = exponential(logpdf);
