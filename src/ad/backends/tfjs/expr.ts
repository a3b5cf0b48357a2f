/** @file The map kernel on tensors: one operation of TensorFlow.js for each of the expression where it has the right one. */
import { isFloat, type DType } from "../../dtype.ts";
import { expand } from "../../lowering/expand.ts";
import type { Expr } from "../../lowering/kernel.ts";
import {
  bitAnd,
  bitNot,
  bitOr,
  bitXor,
  cast,
  divideSigned,
  divideUnsigned,
  flip,
  multiply,
  shiftLeft,
  shiftRightLogical,
  spread,
} from "./integers.ts";
import { constant, full, type Tensor, type Tf } from "./tf.ts";

type Operation = Extract<Expr, { args: unknown }>;
type Name = Operation["op"];
type Emit = (tf: Tf, x: Tensor, y: Tensor) => Tensor;
type Table = Partial<Record<Name, Emit>>;

const zero = (tf: Tf): Tensor => tf.scalar(0, "float32");

const floats: Table = {
  neg: (tf, x) => tf.neg(x),
  exp: (tf, x) => tf.exp(x),
  log: (tf, x) => tf.log(x),
  tanh: (tf, x) => tf.tanh(x),
  logistic: (tf, x) => tf.sigmoid(x),
  sqrt: (tf, x) => tf.sqrt(x),
  sin: (tf, x) => tf.sin(x),
  cos: (tf, x) => tf.cos(x),
  tan: (tf, x) => tf.tan(x),
  asin: (tf, x) => tf.asin(x),
  acos: (tf, x) => tf.acos(x),
  atan: (tf, x) => tf.atan(x),
  sinh: (tf, x) => tf.sinh(x),
  cosh: (tf, x) => tf.cosh(x),
  asinh: (tf, x) => tf.asinh(x),
  acosh: (tf, x) => tf.acosh(x),
  atanh: (tf, x) => tf.atanh(x),
  log1p: (tf, x) => tf.log1p(x),
  expm1: (tf, x) => tf.expm1(x),
  floor: (tf, x) => tf.floor(x),
  ceil: (tf, x) => tf.ceil(x),
  round: (tf, x) => tf.round(x),
  abs: (tf, x) => tf.abs(x),
  add: (tf, x, y) => tf.add(x, y),
  sub: (tf, x, y) => tf.sub(x, y),
  mul: (tf, x, y) => tf.mul(x, y),
  div: (tf, x, y) => tf.div(x, y),
  atan2: (tf, x, y) => tf.atan2(x, y),
  max: (tf, x, y) => tf.maximum(x, y),
  min: (tf, x, y) => tf.minimum(x, y),
  eq: (tf, x, y) => tf.equal(x, y),
  lt: (tf, x, y) => tf.less(x, y),
  le: (tf, x, y) => tf.lessEqual(x, y),
  // Its own sign makes 0 of NaN.
  sign: (tf, x) => {
    const down = tf.where(
      tf.less(x, zero(tf)),
      full(tf, x.shape, -1, "float32"),
      x,
    );
    return tf.where(
      tf.less(zero(tf), x),
      full(tf, x.shape, 1, "float32"),
      down,
    );
  },
  // Its mod is exact, and of two positive numbers the remainder.
  rem: (tf, x, y) => {
    const rest = tf.mod(tf.abs(x), tf.abs(y));
    const isNegative = spread(tf, tf.less(x, zero(tf)), rest);
    return tf.where(isNegative, tf.neg(rest), rest);
  },
  // JavaScript's power has NaN where IEEE 754 has 1: 1 to any power, and -1 to an infinite one.
  pow: (tf, x, y) => {
    const power = tf.pow(x, y);
    const isInfinite = tf.equal(tf.abs(y), tf.scalar(Infinity, "float32"));
    const isOne = tf.logicalOr(
      tf.equal(x, tf.scalar(1, "float32")),
      tf.logicalAnd(tf.equal(x, tf.scalar(-1, "float32")), isInfinite),
    );
    const ones = full(tf, power.shape, 1, "float32");
    return tf.where(spread(tf, isOne, power), ones, power);
  },
};

const integers: Table = {
  neg: (tf, x) => tf.sub(tf.scalar(0, "int32"), x),
  add: (tf, x, y) => tf.add(x, y),
  sub: (tf, x, y) => tf.sub(x, y),
  mul: multiply,
  and: bitAnd,
  or: bitOr,
  xor: bitXor,
  not: bitNot,
  shiftLeft,
  shiftRightLogical,
  eq: (tf, x, y) => tf.equal(x, y),
};

const signed: Table = {
  ...integers,
  // Its own abs goes through float32.
  abs: (tf, x) =>
    tf.where(
      tf.less(x, tf.scalar(0, "int32")),
      tf.sub(tf.scalar(0, "int32"), x),
      x,
    ),
  sign: (tf, x) =>
    tf.minimum(tf.maximum(x, tf.scalar(-1, "int32")), tf.scalar(1, "int32")),
  div: (tf, x, y) => divideSigned(tf, x, y).quotient,
  rem: (tf, x, y) => divideSigned(tf, x, y).remainder,
  max: (tf, x, y) => tf.maximum(x, y),
  min: (tf, x, y) => tf.minimum(x, y),
  lt: (tf, x, y) => tf.less(x, y),
  le: (tf, x, y) => tf.lessEqual(x, y),
};

const unsigned: Table = {
  ...integers,
  abs: (tf, x) => tf.clone(x),
  sign: (tf, x) => cast(tf, tf.notEqual(x, tf.scalar(0, "int32")), "int32"),
  div: (tf, x, y) => divideUnsigned(tf, x, y).quotient,
  rem: (tf, x, y) => divideUnsigned(tf, x, y).remainder,
  max: (tf, x, y) => flip(tf, tf.maximum(flip(tf, x), flip(tf, y))),
  min: (tf, x, y) => flip(tf, tf.minimum(flip(tf, x), flip(tf, y))),
  lt: (tf, x, y) => tf.less(flip(tf, x), flip(tf, y)),
  le: (tf, x, y) => tf.lessEqual(flip(tf, x), flip(tf, y)),
};

const bools: Table = {
  not: (tf, x) => tf.logicalNot(x),
  and: (tf, x, y) => tf.logicalAnd(x, y),
  or: (tf, x, y) => tf.logicalOr(x, y),
  xor: (tf, x, y) => tf.notEqual(x, y),
  max: (tf, x, y) => tf.logicalOr(x, y),
  min: (tf, x, y) => tf.logicalAnd(x, y),
  eq: (tf, x, y) => tf.equal(x, y),
  lt: (tf, x, y) => tf.logicalAnd(tf.logicalNot(x), y),
  le: (tf, x, y) => tf.logicalOr(tf.logicalNot(x), y),
};

const tables: Readonly<Record<DType, Table>> = {
  float32: floats,
  float64: {},
  int32: signed,
  uint32: unsigned,
  bool: bools,
};

/** `x op y` elementwise, for the kernels that fold elements together. */
export const combine = (
  tf: Tf,
  op: "add" | "mul" | "max" | "min",
  dtype: DType,
  x: Tensor,
  y: Tensor,
): Tensor => (tables[dtype][op] as Emit)(tf, x, y);

/** `x` of one dtype in another: floats are cut off toward zero, integers keep their low 32 bits. */
export function convert(tf: Tf, x: Tensor, from: DType, to: DType): Tensor {
  if (to === "bool")
    return from === "bool" ? x : tf.notEqual(x, constant(tf, 0, from));
  if (isFloat(to)) {
    if (from === "uint32") {
      const half = tf.scalar(2 ** 16, "int32");
      const high = tf.mod(tf.floorDiv(x, half), half);
      const float = (v: Tensor) => tf.cast(v, "float32");
      const scale = tf.scalar(2 ** 16, "float32");
      return tf.add(tf.mul(float(high), scale), float(tf.mod(x, half)));
    }
    return isFloat(from) ? x : cast(tf, x, "float32");
  }
  if (from === "bool") return cast(tf, x, "int32");
  if (!isFloat(from)) return x;
  const whole = tf.cast(x, "int32");
  if (to === "int32") return whole;
  const top = tf.scalar(2 ** 31, "float32");
  const upper = flip(tf, tf.cast(tf.sub(x, top), "int32"));
  return tf.where(tf.less(x, top), whole, upper);
}

/** Products of an integer and a constant this small stay below 2^53. */
const isSmall = (expr: Expr): boolean =>
  expr.op === "const" && Math.abs(expr.value) <= 2 ** 21;

/** The expression over tensors of rank 1 and equal size; what is made of constants alone stays a scalar. */
export function emitExpr(
  tf: Tf,
  expr: Expr,
  args: readonly Tensor[],
  size: number,
): Tensor {
  const done = new Map<Expr, Tensor>();
  const visit = (node: Expr): Tensor => {
    if (node.op === "arg") return args[node.index];
    const known = done.get(node);
    if (known) return known;
    const result = make(node);
    done.set(node, result);
    return result;
  };
  const inFull = (node: Expr): Tensor => {
    if (node.op === "const") return full(tf, [size], node.value, node.dtype);
    const x = visit(node);
    return x.shape.length === 0 ? tf.broadcastTo(x, [size]) : x;
  };
  const make = (node: Exclude<Expr, { op: "arg" }>): Tensor => {
    if (node.op === "const") return constant(tf, node.value, node.dtype);
    const { op, args } = node;
    if (op === "select") {
      const [p, x, y] = args.map(inFull);
      return tf.where(p, x, y);
    }
    if (op === "convert")
      return convert(tf, visit(args[0]), args[0].dtype, node.dtype);
    const { dtype } = args[0];
    if (op === "mul" && !isFloat(dtype) && args.some(isSmall))
      return tf.mul(visit(args[0]), visit(args[1]));
    const emit = tables[dtype][op];
    if (!emit) return visit(expand(node));
    const [x, y] = args.map(visit);
    return emit(tf, x, y);
  };
  return inFull(expr);
}
