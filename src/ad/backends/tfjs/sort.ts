/** @file The argsort kernel: the whole axis as the top k of TensorFlow.js, where the lower position wins a tie. */
import { isFloat, type DType } from "../../dtype.ts";
import type { Kernel } from "../../lowering/kernel.ts";
import { flip } from "./integers.ts";
import { around, transposed } from "./layout.ts";
import { full, type Tensor, type Tf } from "./tf.ts";

/** A key as tensors that compare as numbers, the most important first: a float key is whether it is NaN, then its value. */
function columnsOf(tf: Tf, x: Tensor, dtype: DType): Tensor[] {
  if (dtype === "uint32") return [flip(tf, x)];
  if (dtype === "bool") return [tf.cast(x, "int32")];
  if (!isFloat(dtype)) return [x];
  const isNaN = tf.isNaN(x);
  const rest = tf.where(isNaN, full(tf, x.shape, 0, dtype), x);
  return [tf.cast(isNaN, "int32"), rest];
}

export function argsort(
  tf: Tf,
  keys: readonly Tensor[],
  { keys: refs, axis, descending, out }: Extract<Kernel, { kind: "argsort" }>,
): Tensor {
  const [outer, n, inner] = around(out.type.shape, axis);
  const lanes = outer * inner;
  const columns = keys.flatMap((key, i) => {
    const last = transposed(tf, key, [outer, n, inner], [0, 2, 1]);
    return columnsOf(tf, tf.reshape(last, [lanes, n]), refs[i].type.dtype);
  });
  const offsets = tf.tile(
    tf.reshape(tf.range(0, lanes * n, n, "int32"), [lanes, 1]),
    [1, n],
  );
  const taken = (x: Tensor, order: Tensor): Tensor => {
    const places = tf.reshape(tf.add(order, offsets), [lanes * n]);
    const flat = tf.gather(tf.reshape(x, [lanes * n]), places, 0);
    return tf.reshape(flat, [lanes, n]);
  };
  // What falls as its argument rises, without overflow.
  const turned = (x: Tensor): Tensor =>
    x.dtype === "int32" ? tf.sub(tf.scalar(-1, "int32"), x) : tf.neg(x);
  // Sorted once for each column, the least important first.
  const order = [...columns].reverse().reduce<Tensor | null>((found, x) => {
    const column = found ? taken(x, found) : x;
    const { indices } = tf.topk(descending ? column : turned(column), n);
    return found ? taken(found, indices) : indices;
  }, null);
  return transposed(tf, order as Tensor, [outer, inner, n], [0, 2, 1]);
}
