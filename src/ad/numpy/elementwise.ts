/** @file Arithmetic, comparison and choice with JAX's dtype promotion and NumPy's broadcasting. */
import { isFloat, type DType } from "../dtype.ts";
import * as p from "../primitives/elementwise.ts";
import { fill, zeros } from "../primitives/fill.ts";
import * as m from "../primitives/math.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import {
  broadcastArrays,
  promote,
  promoteFloats,
  promoteTypes,
  toFloat,
} from "./promote.ts";

export { broadcastTo } from "./promote.ts";

type Unary = (x: ArrayLike) => Value;
type Binary = (x: ArrayLike, y: ArrayLike) => Value;
type OnValues = (x: Value, y: Value) => Value;

const unary =
  (name: string, f: (x: Value) => Value): Unary =>
  (x) =>
    f(asValue(name, x));
const floatUnary =
  (name: string, f: (x: Value) => Value): Unary =>
  (x) =>
    f(toFloat(name, x));
/** `ofBools`, where given, is what the operation means for truth values. */
const binary =
  (name: string, f: OnValues, ofBools: OnValues = f): Binary =>
  (x, y) => {
    const [a, b] = promote(name, [x, y]);
    return (a.dtype === "bool" ? ofBools : f)(a, b);
  };
/** Bools are counted as 0 and 1 where the operation means nothing for truth values. */
const counting =
  (f: OnValues): OnValues =>
  (x, y) =>
    f(p.convert(x, "int32"), p.convert(y, "int32"));
const like = (x: Value, value: number) => fill(value, x.type);

/** -x (jax.numpy.negative). */
export const negative = unary("negative", p.neg);
/** `x` itself, as an array (jax.numpy.positive). */
export const positive = unary("positive", (x) => x);
/** e^x (jax.numpy.exp). */
export const exp = floatUnary("exp", p.exp);
/** The natural logarithm (jax.numpy.log). */
export const log = floatUnary("log", p.log);
/** The square root; NaN below 0 (jax.numpy.sqrt). */
export const sqrt = floatUnary("sqrt", p.sqrt);
/** (jax.numpy.tanh) */
export const tanh = floatUnary("tanh", p.tanh);
/** 1 / (1 + exp(-x)) (jax.nn.sigmoid). */
export const sigmoid = floatUnary("sigmoid", p.logistic);

/** x + y; of bools, or (jax.numpy.add). */
export const add = binary("add", p.add, p.or);
/** x - y (jax.numpy.subtract). */
export const subtract = binary("subtract", p.sub);
/** x y; of bools, and (jax.numpy.multiply). */
export const multiply = binary("multiply", p.mul, p.and);
/** The larger of x and y; NaN wins, and a tie shares the derivative (jax.numpy.maximum). */
export const maximum = binary("maximum", p.max, p.or);
/** The smaller of x and y; NaN wins, and a tie shares the derivative (jax.numpy.minimum). */
export const minimum = binary("minimum", p.min, p.and);

/** x / y as floats, also for integers (jax.numpy.divide). */
export const divide: Binary = (x, y) => {
  const [a, b] = promoteFloats("divide", [x, y]);
  return p.div(a, b);
};
/** The same as `divide` (jax.numpy.true_divide). */
export const trueDivide = divide;

/** 1 / x (jax.numpy.reciprocal). */
export const reciprocal = floatUnary("reciprocal", (x) => p.div(like(x, 1), x));

/** The remainder with the sign of x; of integers with y = 0, x (jax.numpy.fmod). */
export const fmod = binary("fmod", m.rem, counting(m.rem));

const signsDiffer = (x: Value, y: Value): Value => {
  const zero = zeros(x.type);
  return p.not(p.eq(p.lt(x, zero), p.lt(y, zero)));
};

/** Where the quotient of truncation is one too large: there is a remainder, and its sign is not the divisor's. */
const overshoots = (remainder: Value, y: Value): Value =>
  p.and(
    p.not(p.eq(remainder, zeros(remainder.type))),
    signsDiffer(remainder, y),
  );

function modulo(x: Value, y: Value): Value {
  const r = m.rem(x, y);
  return p.select(overshoots(r, y), p.add(r, y), r);
}

/** The remainder with the sign of y: x - y floor(x / y) (jax.numpy.mod). */
export const mod = binary("mod", modulo, counting(modulo));
/** The same as `mod` (jax.numpy.remainder). */
export const remainder = mod;

function floorQuotient(x: Value, y: Value): Value {
  const r = m.rem(x, y);
  const exact = p.div(p.sub(x, r), y);
  // x less its remainder is a multiple of y, up to rounding.
  const q = isFloat(x.dtype) ? m.round(exact) : exact;
  const floored = p.select(overshoots(r, y), p.sub(q, like(q, 1)), q);
  return p.select(p.eq(y, zeros(y.type)), p.div(x, y), floored);
}

/** floor(x / y) in the operands' dtype (jax.numpy.floor_divide). */
export const floorDivide = binary(
  "floorDivide",
  floorQuotient,
  counting(floorQuotient),
);

/** [floorDivide(x, y), mod(x, y)] (jax.numpy.divmod). */
export const divmod = (x: ArrayLike, y: ArrayLike): [Value, Value] => [
  floorDivide(x, y),
  mod(x, y),
];

const asNumbers = (x: Value): Value =>
  x.dtype === "bool" ? p.convert(x, "int32") : x;

/** x^2 (jax.numpy.square). */
export const square = unary("square", (x) => m.integerPow(asNumbers(x), 2));

/**
 * x^y; an integer y given as a number is multiplied out (jax.numpy.power). Integers wrap, and are refused a negative
 * power given as a number.
 */
export function power(x: ArrayLike, y: ArrayLike): Value {
  if (typeof y === "number" && Number.isInteger(y))
    return m.integerPow(asNumbers(asValue("power", x)), y);
  const [a, b] = promote("power", [x, y]);
  return m.pow(asNumbers(a), asNumbers(b));
}
/** x^y as floats, also for integers (jax.numpy.float_power). */
export const floatPower: Binary = (x, y) => {
  const [a, b] = promoteFloats("floatPower", [x, y]);
  return typeof y === "number" && Number.isInteger(y)
    ? m.integerPow(a, y)
    : m.pow(a, b);
};

/** |x| (jax.numpy.abs). */
export const abs = unary("abs", (x) => (x.dtype === "bool" ? x : m.abs(x)));
/** The same as `abs` (jax.numpy.absolute). */
export const absolute = abs;
/** |x| as floats, also for integers (jax.numpy.fabs). */
export const fabs = floatUnary("fabs", m.abs);
/** -1, 0 or 1; NaN stays (jax.numpy.sign). */
export const sign = unary("sign", m.sign);

const isNaN = (x: Value): Value => p.not(p.eq(x, x));

/** The larger of x and y, or the one that is not NaN (jax.numpy.fmax). */
export const fmax = binary(
  "fmax",
  (x, y) => p.select(p.or(p.lt(y, x), isNaN(y)), x, y),
  p.or,
);
/** The smaller of x and y, or the one that is not NaN (jax.numpy.fmin). */
export const fmin = binary(
  "fmin",
  (x, y) => p.select(p.or(p.lt(x, y), isNaN(y)), x, y),
  p.and,
);

/** x == y (jax.numpy.equal). */
export const equal = binary("equal", p.eq);
/** x != y; NaN differs from itself (jax.numpy.not_equal). */
export const notEqual = binary("notEqual", (x, y) => p.not(p.eq(x, y)));
/** x < y (jax.numpy.less). */
export const less = binary("less", p.lt);
/** x <= y (jax.numpy.less_equal). */
export const lessEqual = binary("lessEqual", p.le);
/** x > y (jax.numpy.greater). */
export const greater = binary("greater", (x, y) => p.lt(y, x));
/** x >= y (jax.numpy.greater_equal). */
export const greaterEqual = binary("greaterEqual", (x, y) => p.le(y, x));

/** `x` held between `min` and `max`, either of which may be left out or null (jax.numpy.clip). */
export function clip(
  x: ArrayLike,
  min?: ArrayLike | null,
  max?: ArrayLike | null,
): Value {
  const raised = min == null ? asValue("clip", x) : maximum(min, x);
  return max == null ? raised : minimum(max, raised);
}

/** `x` where `condition` holds, else `y`; all three broadcast (jax.numpy.where). */
export function where(condition: ArrayLike, x: ArrayLike, y: ArrayLike): Value {
  const [a, b] = promote("where", [x, y]);
  const [test, ...chosen] = broadcastArrays("where", [condition, a, b]);
  return p.select(p.convert(test, "bool"), chosen[0], chosen[1]);
}

/** `x` in another dtype (jax.numpy.astype). */
export const astype = (x: ArrayLike, dtype: DType): Value =>
  p.convert(asValue("astype", x), promoteTypes(dtype, dtype));
