/** @file What is special about floats: signs, NaN, infinities, neighbours, and the halves they are stored in. */
import { isFloat, type DType } from "../dtype.ts";
import * as p from "../primitives/elementwise.ts";
import { fill, zeros } from "../primitives/fill.ts";
import * as m from "../primitives/math.ts";
import { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { broadcastArrays, promoteFloats, toFloat } from "./promote.ts";

type Unary = (x: ArrayLike) => Value;
type Binary = (x: ArrayLike, y: ArrayLike) => Value;

/** Half the distance from 1 to the next float, the largest finite float, and the smallest above 0. */
const limits = (dtype: DType) =>
  dtype === "float64"
    ? { unit: 2 ** -53, max: Number.MAX_VALUE, least: 2 ** -1074 }
    : { unit: 2 ** -24, max: (2 - 2 ** -23) * 2 ** 127, least: 2 ** -149 };

/** A question only floats can answer with yes. */
const ofFloats =
  (name: string, f: (x: Value) => Value): Unary =>
  (x) => {
    const value = asValue(name, x);
    return isFloat(value.dtype)
      ? f(value)
      : fill(0, { shape: value.shape, dtype: "bool" });
  };
const like = (x: Value, value: number) => fill(value, x.type);

/** Whether elements are NaN (jax.numpy.isnan). */
export const isnan = ofFloats("isnan", (x) => p.not(p.eq(x, x)));
/** Whether elements are infinite, of either sign (jax.numpy.isinf). */
export const isinf = ofFloats("isinf", (x) =>
  p.eq(m.abs(x), like(x, Infinity)),
);
/** Whether elements are Infinity (jax.numpy.isposinf). */
export const isposinf = ofFloats("isposinf", (x) => p.eq(x, like(x, Infinity)));
/** Whether elements are -Infinity (jax.numpy.isneginf). */
export const isneginf = ofFloats("isneginf", (x) =>
  p.eq(x, like(x, -Infinity)),
);
/** Whether elements are neither infinite nor NaN (jax.numpy.isfinite). */
export const isfinite: Unary = (x) => {
  const value = asValue("isfinite", x);
  return isFloat(value.dtype)
    ? p.lt(m.abs(value), like(value, Infinity))
    : fill(1, { shape: value.shape, dtype: "bool" });
};

/** Whether elements are below zero, -0 included and NaN not (jax.numpy.signbit). */
export const signbit: Unary = (x) => {
  const value = asValue("signbit", x);
  const zero = zeros(value.type);
  if (!isFloat(value.dtype)) return p.lt(value, zero);
  const side = p.select(p.eq(value, zero), p.div(like(value, 1), value), value);
  return p.lt(side, zero);
};

/** |x| with the sign of y, that of -0 included (jax.numpy.copysign). */
export const copysign: Binary = (x, y) => {
  const [u, v] = promoteFloats("copysign", [x, y]);
  const size = m.abs(u);
  return p.select(signbit(v), p.neg(size), size);
};

/** 0 for x < 0, `y` at 0, 1 for x > 0; NaN stays (jax.numpy.heaviside). */
export const heaviside: Binary = (x, y) => {
  const [u, v] = promoteFloats("heaviside", [x, y]);
  const zero = zeros(u.type);
  const step = p.select(p.lt(u, zero), zero, like(u, 1));
  const atZero = p.select(p.eq(u, zero), v, step);
  return p.select(p.eq(u, u), atZero, like(u, NaN));
};

export interface NanToNumOptions {
  readonly nan?: ArrayLike;
  readonly posinf?: ArrayLike;
  readonly neginf?: ArrayLike;
}

/** `x` with NaN and the infinities replaced: by 0 and the largest finite numbers unless given (jax.numpy.nan_to_num). */
export function nanToNum(x: ArrayLike, options: NanToNumOptions = {}): Value {
  const value = asValue("nanToNum", x);
  if (!isFloat(value.dtype)) return value;
  const { max: top } = limits(value.dtype);
  const { nan = 0, posinf = top, neginf = -top } = options;
  const replace = (from: Value, test: Value, by: ArrayLike) => {
    const [hit, to] = broadcastArrays("nanToNum", [
      test,
      by instanceof Value
        ? p.convert(by, value.dtype)
        : like(value, Number(by)),
    ]);
    return p.select(hit, to, from);
  };
  const [isNaN, isHigh, isLow] = [isnan(value), isposinf(value), isneginf(value)]; // prettier-ignore
  return replace(replace(replace(value, isNaN, nan), isHigh, posinf), isLow, neginf); // prettier-ignore
}

/** The next float from x toward y (jax.numpy.nextafter); its derivative is zero. */
export const nextafter: Binary = (x, y) => {
  const [u, v] = promoteFloats("nextafter", [x, y]).map(p.stopGradient);
  const { unit, max, least } = limits(u.dtype);
  // Near zero all is done on a larger scale, because compiled code takes a step below the normal floats for zero.
  const scale = 2 ** 64;
  const isTiny = p.lt(m.abs(u), like(u, (least / unit / unit) * scale));
  const up = p.select(isTiny, like(u, scale), like(u, 1));
  const scaled = p.mul(u, up);
  // S. M. Rump et al. (BIT 49, 2009): a step of just more than half a unit in the last place rounds to the neighbour.
  const step = p.max(
    p.mul(m.abs(scaled), like(u, unit * (1 + 2 * unit))),
    p.select(isTiny, like(u, least * scale), zeros(u.type)),
  );
  const isRising = p.lt(u, v);
  const moved = p.div(
    p.select(isRising, p.add(scaled, step), p.sub(scaled, step)),
    up,
  );
  const largest = p.select(isRising, like(u, -max), like(u, max));
  const next = p.select(isinf(u), largest, moved);
  const differs = p.or(isRising, p.lt(v, u));
  return p.select(differs, next, p.select(p.eq(u, v), v, like(u, NaN)));
};

/** The distance to the next float away from zero, with the sign of x (jax.numpy.spacing); its derivative is zero. */
export const spacing: Unary = (x) => {
  const value = toFloat("spacing", x);
  const away = copysign(like(value, Infinity), value);
  return p.select(
    isinf(value),
    like(value, NaN),
    p.sub(nextafter(value, away), p.stopGradient(value)),
  );
};

/** x1 2^x2 for integers x2, in two factors, so that neither overflows before the result does (jax.numpy.ldexp). */
export function ldexp(x1: ArrayLike, x2: ArrayLike): Value {
  if (x2 instanceof Value && isFloat(x2.dtype))
    throw new TypeError(
      `ldexp: expected integers as exponents, got ${x2.dtype}`,
    );
  const exponent = p.convert(asValue("ldexp", x2), "int32");
  const [x, n] = promoteFloats("ldexp", [x1, exponent]);
  const half = m.floor(p.mul(n, like(n, 0.5)));
  const power = (k: Value) => m.pow(like(k, 2), k);
  return p.mul(p.mul(x, power(half)), power(p.sub(n, half)));
}

/** [m, e] with x = m 2^e, 1/2 <= |m| < 1, e of int32; of 0, infinity and NaN [x, 0] (jax.numpy.frexp). */
export function frexp(x: ArrayLike): [Value, Value] {
  const value = toFloat("frexp", x);
  const [zero, one] = [zeros(value.type), like(value, 1)];
  const isPlain = p.and(isfinite(value), p.not(p.eq(value, zero)));
  const plain = p.select(isPlain, value, one);
  const size = p.stopGradient(m.abs(plain));
  // The logarithm may round to a whole number from either side; the mantissa tells.
  const guess = m.floor(p.div(p.log(size), like(value, Math.LN2)));
  const scaled = ldexp(size, p.convert(p.neg(guess), "int32"));
  const high = p.select(p.lt(scaled, one), zero, one);
  const higher = p.select(p.lt(scaled, like(value, 2)), high, like(value, 2));
  const exponent = p.convert(p.add(guess, higher), "int32");
  return [
    p.select(isPlain, ldexp(plain, p.neg(exponent)), value),
    p.select(isPlain, exponent, zeros(exponent.type)),
  ];
}
