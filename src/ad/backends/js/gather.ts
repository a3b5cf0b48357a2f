/** @file Gather and scatter-add kernels in JavaScript. */
import type { TypedArray } from "../../dtype.ts";
import { sizeOf, type Shape } from "../../shape.ts";

/** A row index in 0..rows-1; negative ones count from the end. */
function rowOf(who: string, index: number, rows: number): number {
  const row = index < 0 ? index + rows : index;
  if (row < 0 || row >= rows)
    throw new RangeError(
      `${who}: expected an index in ${-rows}..${rows - 1}, got ${index}`,
    );
  return row;
}

/** x (B..., N, R...), indices (B..., I...) -> out (B..., I..., R...) */
export function gather(
  x: TypedArray,
  shape: Shape,
  indices: TypedArray,
  batch: number,
  out: TypedArray,
): void {
  const batches = sizeOf(shape.slice(0, batch));
  const rows = shape[batch];
  const width = sizeOf(shape.slice(batch + 1));
  const count = batches === 0 ? 0 : indices.length / batches;
  for (let i = 0; i < indices.length; i++) {
    const from =
      (Math.floor(i / count) * rows + rowOf("gather", indices[i], rows)) *
      width;
    out.set(x.subarray(from, from + width), i * width);
  }
}

/** indices (B..., I...), updates (B..., I..., R...) added to rows of out (B..., N, R...) */
export function scatterAdd(
  indices: TypedArray,
  updates: TypedArray,
  shape: Shape,
  batch: number,
  out: TypedArray,
): void {
  const batches = sizeOf(shape.slice(0, batch));
  const rows = shape[batch];
  const width = sizeOf(shape.slice(batch + 1));
  const count = batches === 0 ? 0 : indices.length / batches;
  for (let i = 0; i < indices.length; i++) {
    const to =
      (Math.floor(i / count) * rows + rowOf("scatterAdd", indices[i], rows)) *
      width;
    for (let j = 0; j < width; j++) out[to + j] += updates[i * width + j];
  }
}
