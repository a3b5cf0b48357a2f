/** @file XLA's names for cutting, placing, padding and multiplying arrays (jax.lax). */
import type { DType } from "../dtype.ts";
import type { DotDims } from "../lowering/kernel.ts";
import { dot } from "../primitives/dot.ts";
import * as dynamic from "../primitives/dynamic.ts";
import { convert, lt, select as choose } from "../primitives/elementwise.ts";
import { fill, iota as indexAlong } from "../primitives/fill.ts";
import { reverse } from "../primitives/reverse.ts";
import { dilate, padCrop, slice as cut } from "../primitives/slicing.ts";
import { broadcast, reshape } from "../primitives/structural.ts";
import {
  normalizeAxis,
  range,
  removeAxis,
  showShape,
  showType,
  type Shape,
} from "../shape.ts";
import { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { normalizeAxes, type Axes } from "../numpy/manipulate.ts";
import { broadcastTo, promoteDtypes } from "../numpy/promote.ts";

type Starts = Value | readonly ArrayLike[];

const int = (n: number): Value => fill(n, { shape: [], dtype: "int32" });

/** Start indices as int32 scalars, from a list or from a vector. */
function startsOf(who: string, starts: Starts, rank: number): Value[] {
  const list =
    starts instanceof Value
      ? range(starts.size).map((i) => reshape(cut(starts, [i], [i + 1]), []))
      : starts.map((s) => (typeof s === "number" ? int(s) : asValue(who, s)));
  if (list.length !== rank)
    throw new TypeError(
      `${who}: expected one start for each of ${rank} axes, got ${list.length}`,
    );
  return list.map((s) => convert(s, "int32"));
}

/**
 * The block of `sizes` that begins at `starts`, which may be traced: below zero they count from the end, and the block
 * is moved inside where it would stick out (jax.lax.dynamic_slice).
 */
export function dynamicSlice(
  x: ArrayLike,
  starts: Starts,
  sizes: Shape,
): Value {
  const value = asValue("dynamicSlice", x);
  return dynamic.dynamicSlice(
    value,
    startsOf("dynamicSlice", starts, value.ndim),
    sizes,
  );
}

/** `x` with `update` in place of the block that begins at `starts`, moved inside as in `dynamicSlice` (jax.lax.dynamic_update_slice). */
export function dynamicUpdateSlice(
  x: ArrayLike,
  update: ArrayLike,
  starts: Starts,
): Value {
  const value = asValue("dynamicUpdateSlice", x);
  return dynamic.dynamicUpdateSlice(
    value,
    asValue("dynamicUpdateSlice", update),
    startsOf("dynamicUpdateSlice", starts, value.ndim),
  );
}

const startAlong = (x: Value, axis: number, start: ArrayLike): ArrayLike[] =>
  range(x.ndim).map((i) => (i === axis ? start : 0));

/** `size` entries along an axis from `start` on, as `dynamicSlice` (jax.lax.dynamic_slice_in_dim). */
export function dynamicSliceInDim(
  x: ArrayLike,
  start: ArrayLike,
  size: number,
  axis = 0,
): Value {
  const value = asValue("dynamicSliceInDim", x);
  const at = normalizeAxis("dynamicSliceInDim", axis, value.ndim);
  return dynamicSlice(
    value,
    startAlong(value, at, start),
    value.shape.map((n, i) => (i === at ? size : n)),
  );
}

/** One entry along an axis, which stays with size 1 unless `keepdims` is false (jax.lax.dynamic_index_in_dim). */
export function dynamicIndexInDim(
  x: ArrayLike,
  index: ArrayLike,
  axis = 0,
  { keepdims = true }: { readonly keepdims?: boolean } = {},
): Value {
  const row = dynamicSliceInDim(x, index, 1, axis);
  const at = normalizeAxis("dynamicIndexInDim", axis, row.ndim);
  return keepdims ? row : reshape(row, removeAxis(row.shape, at));
}

/** `x` with `update` in place of the entries along an axis from `start` on (jax.lax.dynamic_update_slice_in_dim). */
export function dynamicUpdateSliceInDim(
  x: ArrayLike,
  update: ArrayLike,
  start: ArrayLike,
  axis = 0,
): Value {
  const value = asValue("dynamicUpdateSliceInDim", x);
  const at = normalizeAxis("dynamicUpdateSliceInDim", axis, value.ndim);
  return dynamicUpdateSlice(value, update, startAlong(value, at, start));
}

/** `x` with `update`, which may lack the axis, in place of one entry along it (jax.lax.dynamic_update_index_in_dim). */
export function dynamicUpdateIndexInDim(
  x: ArrayLike,
  update: ArrayLike,
  index: ArrayLike,
  axis = 0,
): Value {
  const value = asValue("dynamicUpdateIndexInDim", x);
  const at = normalizeAxis("dynamicUpdateIndexInDim", axis, value.ndim);
  const row = value.shape.map((n, i) => (i === at ? 1 : n));
  const given = asValue("dynamicUpdateIndexInDim", update);
  const shaped = given.ndim === value.ndim - 1 ? reshape(given, row) : given;
  return dynamicUpdateSliceInDim(value, shaped, index, at);
}

/** The block from `start` up to `limit`, every `strides`-th element (jax.lax.slice). */
export const slice = (
  x: ArrayLike,
  start: readonly number[],
  limit: readonly number[],
  strides?: readonly number[],
): Value => cut(asValue("slice", x), start, limit, strides);

/** `slice` along one axis; null is the beginning or the end, negative bounds count from it (jax.lax.slice_in_dim). */
export function sliceInDim(
  x: ArrayLike,
  start: number | null,
  limit: number | null,
  stride = 1,
  axis = 0,
): Value {
  const value = asValue("sliceInDim", x);
  const at = normalizeAxis("sliceInDim", axis, value.ndim);
  const n = value.shape[at];
  const bound = (k: number | null, otherwise: number) =>
    k === null ? otherwise : k < 0 ? k + n : k;
  return cut(
    value,
    value.shape.map((_, i) => (i === at ? bound(start, 0) : 0)),
    value.shape.map((size, i) => (i === at ? bound(limit, n) : size)),
    value.shape.map((_, i) => (i === at ? stride : 1)),
  );
}

/** One entry along an axis, which stays with size 1 unless `keepdims` is false (jax.lax.index_in_dim). */
export function indexInDim(
  x: ArrayLike,
  index: number,
  axis = 0,
  { keepdims = true }: { readonly keepdims?: boolean } = {},
): Value {
  const value = asValue("indexInDim", x);
  const at = normalizeAxis("indexInDim", axis, value.ndim);
  const k = normalizeAxis("indexInDim", index, value.shape[at]);
  const row = sliceInDim(value, k, k + 1, 1, at);
  return keepdims ? row : reshape(row, removeAxis(row.shape, at));
}

/** Contraction of two arrays over any axes, batched over any; the result is batch, the rest of x, the rest of y (jax.lax.dot_general). */
export function dotGeneral(x: ArrayLike, y: ArrayLike, dims: DotDims): Value {
  const [a, b] = promoteDtypes("dotGeneral", [x, y]);
  return dot(a, b, dims);
}

/** `x` read backwards along the given axes (jax.lax.rev). */
export function rev(x: ArrayLike, dimensions: Axes): Value {
  const value = asValue("rev", x);
  return reverse(value, normalizeAxes("rev", dimensions, value.ndim));
}

/** Axis i of `x` as axis `broadcastDimensions[i]` of `shape`, stretched where its size is 1; `x` repeats along the others (jax.lax.broadcast_in_dim). */
export function broadcastInDim(
  x: ArrayLike,
  shape: Shape,
  broadcastDimensions: readonly number[],
): Value {
  const value = asValue("broadcastInDim", x);
  const dims = broadcastDimensions;
  if (
    dims.length !== value.ndim ||
    value.shape.some((n, i) => n !== 1 && n !== shape[dims[i]])
  )
    throw new TypeError(
      `broadcastInDim: axes (${dims.join()}) do not place ${showShape(value.shape)} in ${showShape(shape)}`,
    );
  const kept = range(value.ndim).filter((i) => value.shape[i] === shape[dims[i]]); // prettier-ignore
  const squeezed = reshape(
    value,
    kept.map((i) => value.shape[i]),
  );
  return broadcast(
    squeezed,
    shape,
    kept.map((i) => dims[i]),
  );
}

/** `x` where `predicate`, else `y`: equal shapes and dtypes, or a scalar predicate for all (jax.lax.select). */
export function select(
  predicate: ArrayLike,
  x: ArrayLike,
  y: ArrayLike,
): Value {
  const [p, a, b] = [predicate, x, y].map((v) => asValue("select", v));
  return choose(p.ndim === 0 ? broadcastTo(p, a.shape) : p, a, b);
}

/** Of each element the operand whose number `which` (bool or int32, shaped alike or scalar) holds (jax.lax.select_n). */
export function selectN(which: ArrayLike, ...cases: ArrayLike[]): Value {
  const [number, ...values] = [which, ...cases].map((v) => asValue("selectN", v)); // prettier-ignore
  if (number.dtype !== "bool" && number.dtype !== "int32")
    throw new TypeError(
      `selectN: expected a bool or int32 selector, got ${showType(number.type)}`,
    );
  const spread = convert(broadcastTo(number, values[0].shape), "int32");
  return values.reduceRight((rest, value, i) =>
    choose(lt(fill(i, spread.type), spread), rest, value),
  );
}

/** The index of every element of a vector (jax.lax.iota). */
export const iota = (dtype: DType, size: number): Value =>
  indexAlong([size], 0, dtype);

/** The index along one axis of every element of a shape (jax.lax.broadcasted_iota). */
export const broadcastedIota = (
  dtype: DType,
  shape: Shape,
  dimension: number,
): Value =>
  indexAlong(
    shape,
    normalizeAxis("broadcastedIota", dimension, shape.length),
    dtype,
  );

/** Entries put before, after and between those of one axis; negative `low` and `high` cut off. */
export type PadConfig = readonly [low: number, high: number, interior: number];

/** `x` with `paddingValue` around and between its elements: (low, high, interior) for each axis (jax.lax.pad). */
export function pad(
  x: ArrayLike,
  paddingValue: ArrayLike,
  config: readonly PadConfig[],
): Value {
  const value = asValue("pad", x);
  if (config.length !== value.ndim || config.some(([, , gap]) => gap < 0))
    throw new TypeError(
      `pad: expected (low, high, interior) for each axis of ${showType(value.type)} with interior at least 0, got ${JSON.stringify(config)}`,
    );
  const around = (array: Value): Value =>
    padCrop(
      dilate(
        array,
        config.map(([, , gap]) => gap),
      ),
      config.map(([low]) => low),
      config.map(([, high]) => high),
    );
  const zeroPadded = around(value);
  if (paddingValue === 0) return zeroPadded;
  const filler = convert(asValue("pad", paddingValue), value.dtype);
  const inside = around(fill(1, { shape: value.shape, dtype: "bool" }));
  return choose(inside, zeroPadded, broadcastTo(filler, zeroPadded.shape));
}
