/** @file The generalised normal distribution (jax.scipy.stats.gennorm). */
import { promoteFloats } from "../../numpy/promote.ts";
import {
  exp,
  log,
  mul,
  select,
  sub,
  neg,
} from "../../primitives/elementwise.ts";
import { abs } from "../../primitives/math.ts";
import {
  choose,
  less,
  over,
  plus,
  same,
  times,
} from "../../primitives/special-arith.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { gammainc, gammaln } from "../special/gamma.ts";
import { exponential } from "./support.ts";

/** |x|^beta, with its limit and no NaN in its derivative at 0. */
function powerOf(x: Value, beta: Value): Value {
  const isZero = same(x, 0);
  return choose(isZero, 0, exp(mul(beta, log(choose(isZero, 1, abs(x))))));
}

/** log of the density beta e^-|x|^beta / (2 Gamma(1 / beta)) at x. */
export function logpdf(x: ArrayLike, beta: ArrayLike): Value {
  const [at, b] = promoteFloats("gennorm.logpdf", [x, beta]);
  return sub(sub(log(times(b, 0.5)), gammaln(over(1, b))), powerOf(at, b));
}

/** The density at x. */
export const pdf: typeof logpdf = exponential(logpdf);

/** The probability of at most x. */
export function cdf(x: ArrayLike, beta: ArrayLike): Value {
  const [at, b] = promoteFloats("gennorm.cdf", [x, beta]);
  const half = times(gammainc(over(1, b), powerOf(at, b)), 0.5);
  return plus(select(less(at, 0), neg(half), half), 0.5);
}
