/** @file Elementwise functions with NumPy broadcasting; a number takes the dtype of the array beside it. */
import type { DType } from "../dtype.ts";
import * as p from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import { broadcast, reshape } from "../primitives/structural.ts";
import { broadcastShapes, range, type Shape } from "../shape.ts";
import { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";

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

/** Operands of one shape; numbers become fills of the first array's dtype. */
function align(who: string, operands: readonly ArrayLike[]): Value[] {
  const arrays = operands.filter((x): x is Value => x instanceof Value);
  if (arrays.length === 0) return operands.map((x) => asValue(who, x));
  const shape = broadcastShapes(
    who,
    arrays.map((x) => x.shape),
  );
  const dtype = (arrays.find((x) => x.dtype !== "bool") ?? arrays[0]).dtype;
  return operands.map((x) =>
    x instanceof Value
      ? broadcastTo(x, shape)
      : fill(Number(x), { shape, dtype }),
  );
}

const unary = (name: string, f: (x: Value) => Value) => (x: ArrayLike) =>
  f(asValue(name, x));
const binary =
  (name: string, f: (x: Value, y: Value) => Value) =>
  (x: ArrayLike, y: ArrayLike) => {
    const [a, b] = align(name, [x, y]);
    return f(a, b);
  };

export const negative = unary("negative", p.neg);
export const exp = unary("exp", p.exp);
export const log = unary("log", p.log);
export const sqrt = unary("sqrt", p.sqrt);
export const tanh = unary("tanh", p.tanh);
/** 1 / (1 + exp(-x)) (jax.nn.sigmoid). */
export const sigmoid = unary("sigmoid", p.logistic);
export const add = binary("add", p.add);
export const subtract = binary("subtract", p.sub);
export const multiply = binary("multiply", p.mul);
export const divide = binary("divide", p.div);
export const maximum = binary("maximum", p.max);
export const minimum = binary("minimum", p.min);
export const equal = binary("equal", p.eq);
export const less = binary("less", p.lt);
export const lessEqual = binary("lessEqual", p.le);

/** `x` where `condition` holds, else `y`; all three broadcast. */
export function where(condition: ArrayLike, x: ArrayLike, y: ArrayLike): Value {
  const test = asValue("where", condition);
  const [a, b] = align("where", [x, y]);
  const shape = broadcastShapes("where", [test.shape, a.shape, b.shape]);
  return p.select(
    broadcastTo(p.convert(test, "bool"), shape),
    broadcastTo(a, shape),
    broadcastTo(b, shape),
  );
}

/** `x` in another dtype. */
export const astype = (x: ArrayLike, dtype: DType): Value =>
  p.convert(asValue("astype", x), dtype);
