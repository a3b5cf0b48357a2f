/** @file The gather and scatter kernels. Indices are read on the host first: one out of range is an error everywhere, while
 * TensorFlow on a GPU would answer with zeros, and only the host can plan which updates meet.
 */
import type { TypedArray } from "../../dtype.ts";
import type { Kernel } from "../../lowering/kernel.ts";
import { neutral } from "../../lowering/neutral.ts";
import { sizeOf, type Shape } from "../../shape.ts";
import { combine } from "./expr.ts";
import { full, type Tensor, type Tf } from "./tf.ts";

type Of<K extends Kernel["kind"]> = Extract<Kernel, { kind: K }>;

/** Row numbers among those of all batches; negative indices count from the end. A RangeError names one out of range. */
function rowsOf(
  who: string,
  indices: TypedArray,
  shape: Shape,
  batch: number,
): Int32Array {
  const n = shape[batch];
  const count = indices.length / sizeOf(shape.slice(0, batch));
  return Int32Array.from(indices, (index, i) => {
    const row = index < 0 ? index + n : index;
    if (row < 0 || row >= n)
      throw new RangeError(
        `${who}: expected an index in ${-n}..${n - 1}, got ${index}`,
      );
    return Math.floor(i / count) * n + row;
  });
}

const picked = (tf: Tf, rows: Tensor, places: Int32Array): Tensor =>
  tf.gather(rows, tf.tensor(places, [places.length], "int32"), 0);

export function gather(
  tf: Tf,
  x: Tensor,
  indices: TypedArray,
  { input, batch }: Of<"gather">,
): Tensor {
  const { shape } = input.type;
  const rows = rowsOf("gather", indices, shape, batch);
  const width = sizeOf(shape.slice(batch + 1));
  const height = sizeOf(shape.slice(0, batch + 1));
  return picked(tf, tf.reshape(x, [height, width]), rows);
}

/** Updates sorted by the row they go to, those of one row in their own order: `starts[r]` is where row r begins. */
function sortByRow(rows: Int32Array, height: number) {
  const starts = new Int32Array(height + 1);
  for (const row of rows) starts[row + 1]++;
  for (let row = 0; row < height; row++) starts[row + 1] += starts[row];
  const next = starts.slice(0, height);
  const order = new Int32Array(rows.length);
  rows.forEach((row, i) => (order[next[row]++] = i));
  return { starts, order };
}

/** Updates of one row are joined two by two until each row has one: rounds grow with the logarithm of the most that meet. */
export function scatter(
  tf: Tf,
  indices: TypedArray,
  updates: Tensor,
  { op, batch, out }: Of<"scatter">,
): Tensor {
  const { shape, dtype } = out.type;
  const height = sizeOf(shape.slice(0, batch + 1));
  const width = sizeOf(shape.slice(batch + 1));
  const rows = rowsOf(`scatter ${op}`, indices, shape, batch);
  const nothing = full(tf, [1, width], neutral(op, dtype), dtype);
  const { order, ...sorted } = sortByRow(rows, height);
  let { starts } = sorted;
  let x = picked(tf, tf.reshape(updates, [rows.length, width]), order);
  const counts = () => starts.subarray(1).map((end, row) => end - starts[row]);
  while (counts().some((count) => count > 1)) {
    const total = starts[height];
    const [left, right]: [number[], number[]] = [[], []];
    const fewer = new Int32Array(height + 1);
    for (let row = 0; row < height; row++) {
      for (let i = starts[row]; i < starts[row + 1]; i += 2) {
        left.push(i);
        right.push(i + 1 < starts[row + 1] ? i + 1 : total);
      }
      fewer[row + 1] = left.length;
    }
    const all = tf.concat([x, nothing], 0);
    x = combine(
      tf,
      op,
      dtype,
      picked(tf, all, Int32Array.from(left)),
      picked(tf, all, Int32Array.from(right)),
    );
    starts = fewer;
  }
  const total = starts[height];
  const places = counts().map((count, row) =>
    count > 0 ? starts[row] : total,
  );
  return picked(tf, tf.concat([x, nothing], 0), places);
}
