/** @file Kernels that fold an axis: reduce, argmax, argmin, cumsum. */
import { isFloat } from "../../dtype.ts";
import type { Kernel } from "../../lowering/kernel.ts";
import { range, sizeOf } from "../../shape.ts";
import { combine, convert } from "./expr.ts";
import { flip } from "./integers.ts";
import { around, merged, runs, transposed } from "./layout.ts";
import { full, type Tensor, type Tf } from "./tf.ts";

type Of<K extends Kernel["kind"]> = Extract<Kernel, { kind: K }>;

/** Integers this many together stay below 2^53, where the JavaScript backend adds them. */
const exact = 2 ** 21;

export function reduce(tf: Tf, x: Tensor, kernel: Of<"reduce">): Tensor {
  const { op, input, axes } = kernel;
  const { shape, dtype } = input.type;
  const count = sizeOf(axes.map((i) => shape[i]));
  if (!isFloat(dtype) && (op === "prod" || (op === "sum" && count > exact)))
    return foldIntegers(tf, x, kernel, count);
  const groups = runs(shape.map((_, i) => axes.includes(i)));
  const along = range(groups.length).filter((i) => axes.includes(groups[i][0]));
  const whole = tf.reshape(x, merged(shape, groups));
  if (op === "sum" || op === "prod") return tf[op](whole, along);
  if (dtype === "uint32") return flip(tf, tf[op](flip(tf, whole), along));
  if (dtype === "bool")
    return convert(tf, tf[op](tf.cast(whole, "int32"), along), "int32", "bool");
  const best = tf[op](whole, along);
  if (!isFloat(dtype)) return best;
  // TensorFlow's own reductions may pass over NaN.
  const spoiled = tf.max(tf.cast(tf.isNaN(whole), "int32"), along);
  return tf.where(
    convert(tf, spoiled, "int32", "bool"),
    full(tf, best.shape, NaN, dtype),
    best,
  );
}

/** Halves are joined, and theirs: no operation takes more than two elements together, so each can wrap. */
function foldIntegers(
  tf: Tf,
  x: Tensor,
  { op, input, axes }: Of<"reduce">,
  count: number,
): Tensor {
  const { shape, dtype } = input.type;
  const kept = range(shape.length).filter((i) => !axes.includes(i));
  const lanes = sizeOf(kept.map((i) => shape[i]));
  const join = op === "sum" ? "add" : "mul";
  const columns = transposed(tf, x, shape, [...axes, ...kept]);
  let rows = tf.reshape(columns, [count, lanes]);
  for (let n = count; n > 1; n = Math.ceil(n / 2)) {
    const half = n >> 1;
    const part = (from: number, size: number) =>
      tf.slice(rows, [from, 0], [size, lanes]);
    const joined = combine(tf, join, dtype, part(0, half), part(half, half));
    rows = n % 2 === 0 ? joined : tf.concat([joined, part(n - 1, 1)], 0);
  }
  return rows;
}

export function argBest(
  tf: Tf,
  x: Tensor,
  { kind, input, axis }: Of<"argmax" | "argmin">,
): Tensor {
  const { shape, dtype } = input.type;
  const whole = tf.reshape(x, around(shape, axis));
  const best = (v: Tensor) =>
    kind === "argmax" ? tf.argMax(v, 1) : tf.argMin(v, 1);
  if (dtype === "uint32") return best(flip(tf, whole));
  if (dtype === "bool") return best(tf.cast(whole, "int32"));
  if (!isFloat(dtype)) return best(whole);
  const isNaN = tf.cast(tf.isNaN(whole), "int32");
  const spoiled = convert(tf, tf.max(isNaN, [1]), "int32", "bool");
  return tf.where(spoiled, tf.argMax(isNaN, 1), best(whole));
}

export const cumsum = (
  tf: Tf,
  x: Tensor,
  { input, axis, reverse }: Of<"cumsum">,
): Tensor =>
  tf.cumsum(tf.reshape(x, around(input.type.shape, axis)), 1, false, reverse);
