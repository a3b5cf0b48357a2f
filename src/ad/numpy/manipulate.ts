/** @file Creating, reshaping and joining arrays. */
import type { DType } from "../dtype.ts";
import { fill, iota } from "../primitives/fill.ts";
import * as cut from "../primitives/slicing.ts";
import * as p from "../primitives/structural.ts";
import {
  insertAxis,
  normalizeAxis,
  showShape,
  sizeOf,
  type Shape,
} from "../shape.ts";
import type { Value } from "../tracer.ts";

export const full = (
  shape: Shape,
  value: number,
  dtype: DType = "float32",
): Value => fill(value, { shape, dtype });
export const zeros = (shape: Shape, dtype: DType = "float32"): Value =>
  full(shape, 0, dtype);
export const ones = (shape: Shape, dtype: DType = "float32"): Value =>
  full(shape, 1, dtype);
/** 0, 1, ... n - 1. */
export const arange = (n: number, dtype: DType = "int32"): Value =>
  iota([n], 0, dtype);

/** `x` in another shape of the same size; one size may be -1, to be worked out. */
export function reshape(x: Value, shape: Shape): Value {
  const known = sizeOf(shape.filter((n) => n !== -1));
  const open = shape.filter((n) => n === -1).length;
  if (open > 1)
    throw new TypeError(
      `reshape: expected at most one -1, got ${showShape(shape)}`,
    );
  if (open === 1 && !Number.isInteger(x.size / known))
    throw new TypeError(
      `reshape: expected a shape whose sizes divide the ${x.size} elements of ${showShape(x.shape)}, got ${showShape(shape)}`,
    );
  return p.reshape(
    x,
    shape.map((n) => (n === -1 ? x.size / known : n)),
  );
}

/** `x` with its axes in the given order, by default reversed. */
export const transpose = (x: Value, order?: readonly number[]): Value =>
  p.transpose(
    x,
    order?.map((axis) => normalizeAxis("transpose", axis, x.ndim)),
  );

export const moveaxis = (x: Value, from: number, to: number): Value =>
  p.moveAxis(
    x,
    normalizeAxis("moveaxis", from, x.ndim),
    normalizeAxis("moveaxis", to, x.ndim),
  );

/** `x` with an axis of size 1 inserted before position `axis`. */
export const expandDims = (x: Value, axis: number): Value =>
  p.reshape(
    x,
    insertAxis(x.shape, normalizeAxis("expandDims", axis, x.ndim + 1), 1),
  );

/** Arrays joined along an axis; all other sizes are equal. */
export function concatenate(xs: readonly Value[], axis = 0): Value {
  if (xs.length === 0)
    throw new TypeError("concatenate: expected at least one array, got none");
  return cut.concatenate(xs, normalizeAxis("concatenate", axis, xs[0].ndim));
}

/** `x` cut into `parts` equal pieces along an axis. */
export function split(x: Value, parts: number, axis = 0): Value[] {
  const at = normalizeAxis("split", axis, x.ndim);
  const size = x.shape[at] / parts;
  if (!Number.isInteger(size))
    throw new TypeError(
      `split: axis ${at} of ${showShape(x.shape)} does not divide into ${parts} equal parts`,
    );
  return Array.from({ length: parts }, (_, i) =>
    cut.sliceAxis(x, at, i * size, (i + 1) * size),
  );
}
