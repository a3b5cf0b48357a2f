/** @file Modified Bessel functions, exponential integrals and the dilogarithm (jax.scipy.special). */
import { promoteFloats, toFloat } from "../../numpy/promote.ts";
import { convert, exp, mul } from "../../primitives/elementwise.ts";
import { fill } from "../../primitives/fill.ts";
import { sign } from "../../primitives/math.ts";
import * as bessel from "../../primitives/special-bessel.ts";
import * as integrals from "../../primitives/special-integrals.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";

/** e^-|x| I0(x) (jax.scipy.special.i0e). */
export const i0e = (x: ArrayLike): Value => bessel.i0e(toFloat("i0e", x));

/** e^-|x| I1(x) (jax.scipy.special.i1e). */
export const i1e = (x: ArrayLike): Value => bessel.i1e(toFloat("i1e", x));

/** e^|x|, whose slope at 0 is taken for 0. */
const growth = (x: Value): Value => exp(mul(x, sign(x)));

/** The modified Bessel function of order 0 (jax.scipy.special.i0). */
export function i0(x: ArrayLike): Value {
  const value = toFloat("i0", x);
  return mul(growth(value), bessel.i0e(value));
}

/** The modified Bessel function of order 1 (jax.scipy.special.i1). */
export function i1(x: ArrayLike): Value {
  const value = toFloat("i1", x);
  return mul(growth(value), bessel.i1e(value));
}

/** The exponential integral Ei, the integral of e^t / t below x (jax.scipy.special.expi). */
export const expi = (x: ArrayLike): Value => integrals.expi(toFloat("expi", x));

/** The exponential integral E_n of whole n >= 0 at x >= 0; differentiable in x (jax.scipy.special.expn). */
export function expn(n: ArrayLike, x: ArrayLike): Value {
  const [order, at] = promoteFloats("expn", [n, x]);
  return integrals.expn(convert(order, "int32"), at);
}

/** The exponential integral E_1 (jax.scipy.special.exp1). */
export function exp1(x: ArrayLike): Value {
  const value = toFloat("exp1", x);
  return integrals.expn(fill(1, { shape: value.shape, dtype: "int32" }), value);
}

/** Spence's function, the integral of -log t / (t - 1) from 1 to x (jax.scipy.special.spence). */
export const spence = (x: ArrayLike): Value =>
  integrals.spence(toFloat("spence", x));
