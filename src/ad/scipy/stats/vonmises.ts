/** @file The von Mises distribution on the circle (jax.scipy.stats.vonmises). */
import { promoteFloats } from "../../numpy/promote.ts";
import { log, mul, sub } from "../../primitives/elementwise.ts";
import { sin } from "../../primitives/math.ts";
import { choose, less, times } from "../../primitives/special-arith.ts";
import { i0e } from "../../primitives/special-bessel.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";
import { exponential } from "./support.ts";

/** log of the density at the angle x of concentration kappa around 0; NaN where kappa is not positive. */
export function logpdf(x: ArrayLike, kappa: ArrayLike): Value {
  const [angle, k] = promoteFloats("vonmises.logpdf", [x, kappa]);
  const half = sin(times(angle, 0.5));
  // cos x - 1 = -2 sin^2(x / 2)
  const value = sub(
    times(mul(k, mul(half, half)), -2),
    log(times(i0e(k), 2 * Math.PI)),
  );
  return choose(less(0, k), value, NaN);
}

/** The density at x. */
export const pdf: typeof logpdf = exponential(logpdf);
