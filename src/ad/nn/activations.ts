/** @file Activation functions (jax.nn), elementwise; at a kink the derivative is the one JAX takes. */
import {
  abs,
  add,
  clip,
  divide,
  exp,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  multiply,
  negative,
  power,
  sigmoid,
  sqrt,
  square,
  tanh,
  where,
} from "../numpy/elementwise.ts";
import { split } from "../numpy/join.ts";
import { expm1, log1p, logaddexp } from "../numpy/math.ts";
import { toFloat } from "../numpy/promote.ts";
import { erfc } from "../primitives/math.ts";
import { normalizeAxis, showShape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";

export { sigmoid, tanh };

/** `x` itself, as an array (jax.nn.identity). */
export const identity = (x: ArrayLike): Value => asValue("identity", x);

/** max(x, 0), with derivative 0 at 0; NaN stays (jax.nn.relu). */
export const relu = (x: ArrayLike): Value => where(lessEqual(x, 0), 0, x);

/** min(max(x, 0), 6), with derivative 0 at 0 and at 6 (jax.nn.relu6). */
export const relu6 = (x: ArrayLike): Value =>
  where(lessEqual(x, 0), 0, where(greaterEqual(x, 6), 6, x));

/** log(1 + e^x), without overflow (jax.nn.softplus). */
export const softplus = (x: ArrayLike): Value => logaddexp(x, 0);

/** 0 up to -1, (x + 1)^2 / 4, x from 1 on (jax.nn.sparse_plus). */
export function sparsePlus(x: ArrayLike): Value {
  const value = toFloat("sparsePlus", x);
  const middle = divide(square(add(value, 1)), 4);
  return where(
    lessEqual(value, -1),
    0,
    where(greaterEqual(value, 1), value, middle),
  );
}

/** (x + 1) / 2 held between 0 and 1 (jax.nn.sparse_sigmoid). */
export const sparseSigmoid = (x: ArrayLike): Value =>
  divide(clip(add(x, 1), 0, 2), 2);

/** x / (1 + |x|) (jax.nn.soft_sign). */
export const softSign = (x: ArrayLike): Value => divide(x, add(abs(x), 1));

/** x sigmoid(x) (jax.nn.silu). */
export const silu = (x: ArrayLike): Value => multiply(x, sigmoid(x));
/** The same as `silu` (jax.nn.swish). */
export const swish = silu;

/** x tanh(softplus(x)) (jax.nn.mish). */
export const mish = (x: ArrayLike): Value => multiply(x, tanh(softplus(x)));

/** log(sigmoid(x)), without underflow (jax.nn.log_sigmoid). */
export const logSigmoid = (x: ArrayLike): Value =>
  negative(softplus(negative(toFloat("logSigmoid", x))));

/** x from 0 on, `negativeSlope` x below (jax.nn.leaky_relu). */
export const leakyRelu = (
  x: ArrayLike,
  { negativeSlope = 0.01 }: { readonly negativeSlope?: ArrayLike } = {},
): Value => where(greaterEqual(x, 0), x, multiply(negativeSlope, x));

/** relu6(x + 3) / 6 (jax.nn.hard_sigmoid). */
export const hardSigmoid = (x: ArrayLike): Value => divide(relu6(add(x, 3)), 6);

/** x hardSigmoid(x) (jax.nn.hard_silu). */
export const hardSilu = (x: ArrayLike): Value => multiply(x, hardSigmoid(x));
/** The same as `hardSilu` (jax.nn.hard_swish). */
export const hardSwish = hardSilu;

/** x held between -1 and 1, with derivative 1 at both (jax.nn.hard_tanh). */
export const hardTanh = (x: ArrayLike): Value =>
  where(greater(x, 1), 1, where(less(x, -1), -1, x));

export interface AlphaOptions {
  readonly alpha?: ArrayLike;
}

/** `x` where it is positive, else `below` of it; 0 stands in where it is not used, so that it cannot overflow. */
function bent(who: string, x: ArrayLike, below: (x: Value) => Value): Value {
  const value = toFloat(who, x);
  const isPositive = greater(value, 0);
  return where(isPositive, value, below(where(isPositive, 0, value)));
}

/** x where positive, else alpha (e^x - 1) (jax.nn.elu). */
export const elu = (x: ArrayLike, { alpha = 1 }: AlphaOptions = {}): Value =>
  bent("elu", x, (v) => multiply(alpha, expm1(v)));

/** x where positive, else alpha (e^(x / alpha) - 1) (jax.nn.celu). */
export const celu = (x: ArrayLike, { alpha = 1 }: AlphaOptions = {}): Value =>
  bent("celu", x, (v) => multiply(alpha, expm1(divide(v, alpha))));

/** A scaled elu whose outputs keep mean 0 and variance 1 (jax.nn.selu; Klambauer et al. 2017). */
export const selu = (x: ArrayLike): Value =>
  multiply(1.0507009873554805, elu(x, { alpha: 1.6732632423543772 }));

/** x times the normal distribution function at x; `approximate`, the default, by tanh (jax.nn.gelu). */
export function gelu(
  x: ArrayLike,
  { approximate = true }: { readonly approximate?: boolean } = {},
): Value {
  const value = toFloat("gelu", x);
  const half = multiply(value, 0.5);
  if (!approximate) return multiply(half, erfc(multiply(value, -Math.SQRT1_2)));
  const inner = add(value, multiply(power(value, 3), 0.044715));
  return multiply(half, add(tanh(multiply(inner, Math.sqrt(2 / Math.PI))), 1));
}

/** The first half along an axis times the sigmoid of the second (jax.nn.glu). */
export function glu(
  x: ArrayLike,
  { axis = -1 }: { readonly axis?: number } = {},
): Value {
  const value = toFloat("glu", x);
  const at = normalizeAxis("glu", axis, value.ndim);
  if (value.shape[at] % 2 !== 0)
    throw new TypeError(
      `glu: expected an even size along axis ${at}, got ${value.shape[at]} in ${showShape(value.shape)}`,
    );
  const [gated, gate] = split(value, 2, at);
  return multiply(gated, sigmoid(gate));
}

/** (x + sqrt(x^2 + b)) / 2 (jax.nn.squareplus). */
export function squareplus(
  x: ArrayLike,
  { b = 4 }: { readonly b?: ArrayLike } = {},
): Value {
  const value = toFloat("squareplus", x);
  return multiply(add(value, sqrt(add(square(value), b))), 0.5);
}

/** log(1 - e^-x) for x > 0, without cancellation (jax.nn.log1mexp; Mächler 2012). */
export function log1mexp(x: ArrayLike): Value {
  const value = toFloat("log1mexp", x);
  const isNear = less(value, Math.LN2);
  // Each branch sees only arguments it is good for; the other's derivative could be NaN.
  const near = where(isNear, value, 1);
  const far = where(isNear, 1, value);
  return where(
    isNear,
    log(negative(expm1(negative(near)))),
    log1p(negative(exp(negative(far)))),
  );
}
