/** @file What operands of a function become before a primitive sees them: one dtype by JAX's rules, one shape by NumPy's. */
import { dtypes, isFloat, type DType } from "../dtype.ts";
import { convert } from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import { broadcast, reshape } from "../primitives/structural.ts";
import { broadcastShapes, range, type Shape } from "../shape.ts";
import { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";

/** Narrowest first; uint32 beside int32 gives int32, as in JAX where no wider integer is. */
const ladder: readonly DType[] = [
  "bool",
  "uint32",
  "int32",
  "float32",
  "float64",
];
const wider = (a: DType, b: DType): DType =>
  ladder.indexOf(a) < ladder.indexOf(b) ? b : a;

/** The dtype two dtypes meet in: bool < uint32 < int32 < float32 < float64 (jax.numpy.promote_types). */
export function promoteTypes(a: DType, b: DType): DType {
  for (const dtype of [a, b])
    if (!dtypes.includes(dtype))
      throw new TypeError(
        `promoteTypes: expected two of ${dtypes.join(", ")}, got ${a} and ${b}`,
      );
  return wider(a, b);
}

/** The dtype that numbers beside arrays of `dtype` take part in: their own kind only where `dtype` has no room for it. */
const besideNumbers = (dtype: DType, numbers: readonly number[]): DType => {
  if (!numbers.every(Number.isInteger)) return wider(dtype, "float32");
  return numbers.length > 0 && dtype === "bool" ? "int32" : dtype;
};

/**
 * The dtype the operands (arrays, numbers, booleans or names of dtypes) meet in (jax.numpy.result_type). A number is
 * weakly typed: whole beside arrays it takes their dtype, fractional at least float32; numbers alone are float32.
 */
export function resultType(...operands: readonly (ArrayLike | DType)[]): DType {
  const strong: DType[] = [];
  const numbers: number[] = [];
  for (const x of operands) {
    if (typeof x === "number") numbers.push(x);
    else if (typeof x === "string") strong.push(promoteTypes(x, x));
    else strong.push(asValue("resultType", x).dtype);
  }
  if (strong.length === 0) return "float32";
  // A boolean says nothing of how wide a number beside it should be.
  if (operands.every((x) => typeof x === "number" || typeof x === "boolean"))
    return numbers.length > 0 ? "float32" : "bool";
  return besideNumbers(strong.reduce(wider), numbers);
}

/** An operand in `dtype`; a number becomes a fill of `shape`, which spares a broadcast. */
const operandAs = (
  who: string,
  x: ArrayLike,
  dtype: DType,
  shape: Shape,
): Value =>
  typeof x === "number"
    ? fill(x, { shape, dtype })
    : convert(asValue(who, x), dtype);

function checked(who: string, operands: readonly ArrayLike[]): void {
  for (const x of operands) if (typeof x !== "number") asValue(who, x);
}

/** The operands in the one dtype they meet in, each in its own shape. */
export function promoteDtypes(
  who: string,
  operands: readonly ArrayLike[],
): Value[] {
  checked(who, operands);
  const dtype = resultType(...operands);
  return operands.map((x) => operandAs(who, x, dtype, []));
}

/** `x` repeated to `shape` by NumPy's rule: aligned at the last axis, sizes 1 stretched. */
export function broadcastTo(x: Value, shape: Shape): Value {
  const offset = shape.length - x.ndim;
  const kept = range(x.ndim).filter((i) => x.shape[i] === shape[i + offset]);
  const squeezed = reshape(
    x,
    kept.map((i) => x.shape[i]),
  );
  return broadcast(
    squeezed,
    shape,
    kept.map((i) => i + offset),
  );
}

/** The operands in one shape, each in its own dtype. */
export function broadcastArrays(
  who: string,
  operands: readonly ArrayLike[],
): Value[] {
  const values = operands.map((x) => asValue(who, x));
  const shape = broadcastShapes(
    who,
    values.map((x) => x.shape),
  );
  return values.map((x) => broadcastTo(x, shape));
}

const promotedTo = (
  who: string,
  operands: readonly ArrayLike[],
  dtype: DType,
): Value[] => {
  const shapes = operands.map((x) => (x instanceof Value ? x.shape : []));
  const shape = broadcastShapes(who, shapes);
  return operands.map((x) =>
    broadcastTo(operandAs(who, x, dtype, shape), shape),
  );
};

/** The operands in the one dtype they meet in and the one shape they broadcast to. */
export function promote(who: string, operands: readonly ArrayLike[]): Value[] {
  checked(who, operands);
  return promotedTo(who, operands, resultType(...operands));
}

/** As `promote`, for functions of real numbers: where the operands meet in an integer or bool dtype they become float32. */
export function promoteFloats(
  who: string,
  operands: readonly ArrayLike[],
): Value[] {
  checked(who, operands);
  return promotedTo(who, operands, resultType(...operands, 0.5));
}

/** `x` as a float array: integers and bools become float32. */
export function toFloat(who: string, x: ArrayLike): Value {
  const value = asValue(who, x);
  return isFloat(value.dtype) ? value : convert(value, "float32");
}
