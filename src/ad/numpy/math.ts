/** @file Mathematical functions of floats; integers and bools become float32. */
import { isFloat } from "../dtype.ts";
import * as p from "../primitives/elementwise.ts";
import { fill, zeros } from "../primitives/fill.ts";
import * as m from "../primitives/math.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { promoteFloats, toFloat } from "./promote.ts";

const unary =
  (name: string, f: (x: Value) => Value) =>
  (x: ArrayLike): Value =>
    f(toFloat(name, x));
const binary =
  (name: string, f: (x: Value, y: Value) => Value) =>
  (x: ArrayLike, y: ArrayLike): Value => {
    const [a, b] = promoteFloats(name, [x, y]);
    return f(a, b);
  };
const like = (x: Value, value: number) => fill(value, x.type);
const times = (x: Value, factor: number) => p.mul(x, like(x, factor));

/** The sine of an angle in radians (jax.numpy.sin). */
export const sin = unary("sin", m.sin);
/** The cosine of an angle in radians (jax.numpy.cos). */
export const cos = unary("cos", m.cos);
/** The tangent of an angle in radians (jax.numpy.tan). */
export const tan = unary("tan", m.tan);
/** The angle in -pi/2..pi/2 with sine x; NaN outside -1..1 (jax.numpy.arcsin). */
export const arcsin = unary("arcsin", m.asin);
/** The angle in 0..pi with cosine x; NaN outside -1..1 (jax.numpy.arccos). */
export const arccos = unary("arccos", m.acos);
/** The angle in -pi/2..pi/2 with tangent x (jax.numpy.arctan). */
export const arctan = unary("arctan", m.atan);
/** The angle in -pi..pi of the point with the coordinates x and y, given y first (jax.numpy.arctan2). */
export const arctan2 = binary("arctan2", m.atan2);
/** (jax.numpy.sinh) */
export const sinh = unary("sinh", m.sinh);
/** (jax.numpy.cosh) */
export const cosh = unary("cosh", m.cosh);
/** The inverse of sinh (jax.numpy.arcsinh). */
export const arcsinh = unary("arcsinh", m.asinh);
/** The inverse of cosh; NaN below 1 (jax.numpy.arccosh). */
export const arccosh = unary("arccosh", m.acosh);
/** The inverse of tanh; NaN outside -1..1 (jax.numpy.arctanh). */
export const arctanh = unary("arctanh", m.atanh);
export {
  arcsin as asin,
  arccos as acos,
  arctan as atan,
  arctan2 as atan2,
  arcsinh as asinh,
  arccosh as acosh,
  arctanh as atanh,
};

/** e^x - 1, exact for small x (jax.numpy.expm1). */
export const expm1 = unary("expm1", m.expm1);
/** log(1 + x), exact for small x (jax.numpy.log1p). */
export const log1p = unary("log1p", m.log1p);
/** 2^x (jax.numpy.exp2). */
export const exp2 = unary("exp2", (x) => m.pow(like(x, 2), x));
/** The logarithm to base 2 (jax.numpy.log2). */
export const log2 = unary("log2", (x) => p.div(p.log(x), like(x, Math.LN2)));
/** The logarithm to base 10 (jax.numpy.log10). */
export const log10 = unary("log10", (x) => p.div(p.log(x), like(x, Math.LN10)));
/** log(e^x + e^y) without overflow (jax.numpy.logaddexp). */
export const logaddexp = binary("logaddexp", m.logAddExp);
/** log2(2^x + 2^y) without overflow (jax.numpy.logaddexp2). */
export const logaddexp2 = binary("logaddexp2", (x, y) =>
  p.div(m.logAddExp(times(x, Math.LN2), times(y, Math.LN2)), like(x, Math.LN2)),
);
/** The cube root, negative for negative x (jax.numpy.cbrt). */
export const cbrt = unary("cbrt", m.cbrt);

/** sqrt(x^2 + y^2) without overflow; infinite where an operand is, even beside NaN (jax.numpy.hypot). */
export const hypot = binary("hypot", (x, y) => {
  const [a, b] = [m.abs(x), m.abs(y)];
  const [long, short] = [p.max(a, b), p.min(a, b)];
  const [zero, infinity] = [zeros(x.type), like(x, Infinity)];
  const isInfinite = p.or(p.eq(a, infinity), p.eq(b, infinity));
  const isZero = p.eq(long, zero);
  const ratio = p.div(short, p.select(isZero, like(long, 1), long));
  const root = p.sqrt(p.add(like(x, 1), p.mul(ratio, ratio)));
  const length = p.select(isZero, long, p.mul(long, root));
  return p.select(isInfinite, infinity, length);
});

/** Degrees in radians (jax.numpy.deg2rad). */
export const deg2rad = unary("deg2rad", (x) => times(x, Math.PI / 180));
/** Radians in degrees (jax.numpy.rad2deg). */
export const rad2deg = unary("rad2deg", (x) => times(x, 180 / Math.PI));
export { deg2rad as radians, rad2deg as degrees };

/** sin(t)/t by its series, for |t| < 1/2, where the quotient's derivatives would lose their digits. */
const sincSeries = [...Array(9).keys()].map((k) =>
  [...Array(2 * k + 1).keys()].reduce((c, i) => c / (i + 1), (-1) ** k),
);

/** sin(pi x) / (pi x), 1 at 0 (jax.numpy.sinc). */
export const sinc = unary("sinc", (x) => {
  const t = times(x, Math.PI);
  const isNear = p.lt(m.abs(t), like(t, 0.5));
  const [near, far] = [
    p.select(isNear, t, zeros(t.type)),
    p.select(isNear, like(t, 1), t),
  ];
  const square = p.mul(near, near);
  const series = sincSeries
    .map((c) => like(t, c))
    .reduceRight((sum, c) => p.add(p.mul(sum, square), c));
  return p.select(isNear, series, p.div(m.sin(far), far));
});

/** Integers and bools are whole already. */
const rounding =
  (name: string, f: (x: Value) => Value) =>
  (x: ArrayLike): Value => {
    const value = asValue(name, x);
    return isFloat(value.dtype) ? f(value) : value;
  };

const truncate = (x: Value): Value =>
  p.select(p.lt(x, zeros(x.type)), m.ceil(x), m.floor(x));

/** The largest whole number up to x (jax.numpy.floor). */
export const floor = rounding("floor", m.floor);
/** The smallest whole number from x on (jax.numpy.ceil). */
export const ceil = rounding("ceil", m.ceil);
/** x without its fraction (jax.numpy.trunc). */
export const trunc = rounding("trunc", truncate);
/** The same as `trunc` (jax.numpy.fix). */
export const fix = trunc;
/** The nearest whole number as a float, of two the even one (jax.numpy.rint). */
export const rint = unary("rint", m.round);

/** x rounded to so many decimals, halves to the even digit; negative counts round tens and hundreds (jax.numpy.round). */
export function round(x: ArrayLike, decimals = 0): Value {
  const value = asValue("round", x);
  if (!Number.isInteger(decimals))
    throw new TypeError(
      `round: expected a whole number of decimals, got ${decimals}`,
    );
  if (!isFloat(value.dtype)) {
    if (decimals >= 0) return value;
    throw new TypeError(
      `round: expected at least 0 decimals for integers, got ${decimals} for ${value.dtype}`,
    );
  }
  if (decimals === 0) return m.round(value);
  const factor = like(value, 10 ** Math.abs(decimals));
  return decimals > 0
    ? p.div(m.round(p.mul(value, factor)), factor)
    : p.mul(m.round(p.div(value, factor)), factor);
}

/** [fraction, whole part], both with the sign of x (jax.numpy.modf). */
export function modf(x: ArrayLike): [Value, Value] {
  const value = toFloat("modf", x);
  const whole = truncate(value);
  const isInfinite = p.eq(m.abs(value), like(value, Infinity));
  return [p.select(isInfinite, zeros(value.type), p.sub(value, whole)), whole];
}
