/** @file The dot kernel: batches of matrix products, over axes brought together. */
import { isFloat } from "../../dtype.ts";
import { freeAxes, type Kernel } from "../../lowering/kernel.ts";
import { range, sizeOf, type Shape } from "../../shape.ts";
import { transposed } from "./layout.ts";
import type { Tensor, Tf } from "./tf.ts";

interface Matrices {
  readonly x: Tensor;
  /** Whether rows and columns are exchanged. */
  readonly isTurned: boolean;
}

/** `x` as (batch, rows, columns), or with the last two exchanged where that spares moving elements. */
function matrices(
  tf: Tf,
  x: Tensor,
  shape: Shape,
  groups: readonly [
    batch: readonly number[],
    rows: readonly number[],
    columns: readonly number[],
  ],
): Matrices {
  const [batch, rows, columns] = groups;
  const size = (axes: readonly number[]) => sizeOf(axes.map((i) => shape[i]));
  const swapped = [...batch, ...columns, ...rows];
  if (swapped.every((axis, i) => axis === i))
    return {
      x: tf.reshape(x, [size(batch), size(columns), size(rows)]),
      isTurned: true,
    };
  const ordered = transposed(tf, x, shape, [...batch, ...rows, ...columns]);
  return {
    x: tf.reshape(ordered, [size(batch), size(rows), size(columns)]),
    isTurned: false,
  };
}

export function dot(
  tf: Tf,
  left: Tensor,
  right: Tensor,
  { lhs, rhs, dims }: Extract<Kernel, { kind: "dot" }>,
): Tensor {
  const { contract, batch } = dims;
  // Contracted axes in the order they have on the left.
  const pairs = range(contract[0].length).sort(
    (i, j) => contract[0][i] - contract[0][j],
  );
  const [lc, rc] = contract.map((axes) => pairs.map((i) => axes[i]));
  const [lf, rf] = [lhs, rhs].map(({ type }, side) =>
    freeAxes(type.shape.length, contract[side], batch[side]),
  );
  const a = matrices(tf, left, lhs.type.shape, [batch[0], lf, lc]);
  const b = matrices(tf, right, rhs.type.shape, [batch[1], rc, rf]);
  const product = (x: Tensor, y: Tensor) =>
    tf.matMul(x, y, a.isTurned, b.isTurned);
  return isFloat(lhs.type.dtype)
    ? product(a.x, b.x)
    : wrapped(tf, a.x, b.x, product);
}

/**
 * Integers split at 16 bits: products of the halves stay below 2^32, so 2^21 of them add up exactly; what the upper halves
 * make together is beyond the 32 bits that are kept.
 */
function wrapped(
  tf: Tf,
  x: Tensor,
  y: Tensor,
  product: (x: Tensor, y: Tensor) => Tensor,
): Tensor {
  const half = tf.scalar(2 ** 16, "int32");
  const [xl, yl] = [x, y].map((v) => tf.mod(v, half));
  const [xh, yh] = [x, y].map((v) => tf.floorDiv(v, half));
  const high = tf.add(product(xh, yl), product(xl, yh));
  return tf.add(tf.mul(high, half), product(xl, yl));
}
