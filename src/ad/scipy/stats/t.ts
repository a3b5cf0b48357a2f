/** @file Student's t distribution (jax.scipy.stats.t). */
import { add, div, exp, log, mul, sub } from "../../primitives/elementwise.ts";
import { log1p } from "../../primitives/math.ts";
import { plus, times } from "../../primitives/special-arith.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { gammaln } from "../special/gamma.ts";
import { standard } from "./support.ts";

/** log of the density at x; -infinity off the support. */
export function logpdf(
  x: ArrayLike,
  df: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  const [y, by, p] = standard("t.logpdf", x, loc, scale, df);
  const half = times(p, 0.5);
  const spread = add(times(log(times(p, Math.PI)), 0.5), log(by));
  const tail = mul(plus(half, 0.5), log1p(div(mul(y, y), p)));
  return sub(sub(gammaln(plus(half, 0.5)), gammaln(half)), add(spread, tail));
}

/** The density at x. */
export function pdf(
  x: ArrayLike,
  df: ArrayLike,
  loc: ArrayLike = 0,
  scale: ArrayLike = 1,
): Value {
  return exp(logpdf(x, df, loc, scale));
}
