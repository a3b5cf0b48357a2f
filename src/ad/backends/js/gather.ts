/** @file Gather and scatter kernels in JavaScript. */
import { isFloat, type TypedArray } from "../../dtype.ts";
import type { ScatterOp } from "../../lowering/kernel.ts";
import { neutral } from "../../lowering/neutral.ts";
import { sizeOf, type ArrayType, type Shape } from "../../shape.ts";

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

const folds: Record<ScatterOp, (x: number, y: number) => number> = {
  add: (x, y) => x + y,
  mul: (x, y) => x * y,
  // NaN wins in both.
  max: Math.max,
  min: Math.min,
};

/** updates (B..., I..., R...) folded into the rows `indices` (B..., I...) name of out (B..., N, R...). */
export function scatter(
  op: ScatterOp,
  indices: TypedArray,
  updates: TypedArray,
  { shape, dtype }: ArrayType,
  batch: number,
  out: TypedArray,
): void {
  const batches = sizeOf(shape.slice(0, batch));
  const rows = shape[batch];
  const width = sizeOf(shape.slice(batch + 1));
  const count = batches === 0 ? 0 : indices.length / batches;
  // Products of 32-bit integers pass 2^53; what is kept of them is their low 32 bits.
  const fold = op === "mul" && !isFloat(dtype) ? Math.imul : folds[op];
  if (op !== "add") out.fill(neutral(op, dtype));
  for (let i = 0; i < indices.length; i++) {
    const row = rowOf(`scatter ${op}`, indices[i], rows);
    const to = (Math.floor(i / count) * rows + row) * width;
    if (op === "add")
      for (let j = 0; j < width; j++) out[to + j] += updates[i * width + j];
    else
      for (let j = 0; j < width; j++)
        out[to + j] = fold(out[to + j], updates[i * width + j]);
  }
}
