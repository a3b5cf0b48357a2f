/** @file The wrapped Cauchy distribution on the circle (jax.scipy.stats.wrapcauchy). */
import { promoteFloats } from "../../numpy/promote.ts";
import { and, log, mul, sub } from "../../primitives/elementwise.ts";
import { cos } from "../../primitives/math.ts";
import {
  choose,
  less,
  minus,
  plus,
  times,
} from "../../primitives/special-arith.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { exponential, off } from "./support.ts";

/** log of the density at the angle x in 0..2 pi, -infinity beyond; NaN unless 0 < c < 1. */
export function logpdf(x: ArrayLike, c: ArrayLike): Value {
  const [angle, k] = promoteFloats("wrapcauchy.logpdf", [x, c]);
  const valid = and(less(0, k), less(k, 1));
  const squared = mul(k, k);
  const top = log(times(minus(1, squared), 1 / (2 * Math.PI)));
  const bottom = sub(plus(squared, 1), times(mul(k, cos(angle)), 2));
  const value = sub(top, log(bottom));
  return choose(
    valid,
    choose(off(0, angle, 2 * Math.PI), -Infinity, value),
    NaN,
  );
}

/** The density at x. */
export const pdf: typeof logpdf = exponential(logpdf);
