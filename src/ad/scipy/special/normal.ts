/** @file The error function and the normal distribution function (jax.scipy.special). */
import { toFloat } from "../../numpy/promote.ts";
import * as math from "../../primitives/math.ts";
import { times } from "../../primitives/special-arith.ts";
import * as p from "../../primitives/special-normal.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";

/** 2 / sqrt(pi) times the integral of e^-t^2 from 0 to x (jax.scipy.special.erf). */
export const erf = (x: ArrayLike): Value => math.erf(toFloat("erf", x));

/** 1 - erf(x), without the difference (jax.scipy.special.erfc). */
export const erfc = (x: ArrayLike): Value => math.erfc(toFloat("erfc", x));

/** x with erf(x) = y; infinite at -1 and 1, NaN beyond (jax.scipy.special.erfinv). */
export const erfinv = (y: ArrayLike): Value => p.erfInv(toFloat("erfinv", y));

/** The normal distribution function (jax.scipy.special.ndtr). */
export const ndtr = (x: ArrayLike): Value =>
  times(math.erfc(times(toFloat("ndtr", x), -Math.SQRT1_2)), 0.5);

/** The normal quantile: x with ndtr(x) = p (jax.scipy.special.ndtri). */
export const ndtri = (q: ArrayLike): Value => p.ndtri(toFloat("ndtri", q));

/** log(ndtr(x)), far into the lower tail too (jax.scipy.special.log_ndtr). */
export const logNdtr = (x: ArrayLike): Value =>
  p.logNdtr(toFloat("logNdtr", x));
