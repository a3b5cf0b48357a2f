/** @file Elements read and written by their positions along an axis. */
import { convert } from "../primitives/elementwise.ts";
import { gather } from "../primitives/gather.ts";
import { scatterSet } from "../primitives/scatter.ts";
import { moveAxis, reshape, transpose } from "../primitives/structural.ts";
import {
  broadcastShapes,
  insertAxis,
  normalizeAxis,
  range,
  removeAxis,
  showShape,
  showType,
} from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { clip } from "./elementwise.ts";
import { index, readRows, rowsOf, type OutOfRange } from "./indexing.ts";
import { resize } from "./insert.ts";
import { ravel } from "./manipulate.ts";
import { broadcastTo } from "./promote.ts";
import { ints } from "./rearrange.ts";

interface TakeOptions {
  /** What an index outside the axis does; with `clip` negative indices are outside, too. */
  readonly mode?: Exclude<OutOfRange, "drop">;
  /** What mode `fill` gives; by default NaN, the lowest int32, the highest uint32, true. */
  readonly fillValue?: ArrayLike;
}

const positions = (who: string, indices: ArrayLike): Value => {
  const value = typeof indices === "number" ? ints([indices]) : asValue(who, indices); // prettier-ignore
  if (value.dtype !== "int32" && value.dtype !== "uint32")
    throw new TypeError(
      `${who}: expected int32 indices, got ${showType(value.type)}`,
    );
  const whole = convert(value, "int32");
  return typeof indices === "number" ? index(whole, 0) : whole;
};

/**
 * Entries of `x` along an axis, null for the flattened array; the axes of the indices stand where the axis was. Negative
 * indices count from the end, others out of range are an error unless `mode` says what they do (jax.numpy.take, whose
 * default axis is null).
 */
export function take(
  x: ArrayLike,
  indices: ArrayLike,
  axis: number | null = 0,
  { mode = "raise", fillValue }: TakeOptions = {},
): Value {
  const value = axis === null ? ravel(x) : asValue("take", x);
  const at = normalizeAxis("take", axis ?? 0, value.ndim);
  const given = positions("take", indices);
  const n = value.shape[at];
  const nearest = mode === "clip" ? clip(given, 0, n - 1) : given;
  const table = moveAxis(value, at, 0);
  const rows = readRows(table, rowsOf("take", [nearest], [n], [at], mode), fillValue); // prettier-ignore
  // Put the axes of the indices where the axis was: before them come the first `at` axes of x.
  const i = given.ndim;
  const axes = range(rows.ndim);
  return transpose(rows, [
    ...axes.slice(i, i + at),
    ...axes.slice(0, i),
    ...axes.slice(i + at),
  ]);
}

/** Array and indices in one shape beside the axis, which comes last; without axis both as vectors. */
function paired(
  who: string,
  x: ArrayLike,
  indices: ArrayLike,
  axis: number | null,
) {
  const value = axis === null ? ravel(x) : asValue(who, x);
  const given = positions(who, indices);
  const at = normalizeAxis(who, axis ?? 0, value.ndim);
  if (given.ndim !== value.ndim)
    throw new TypeError(
      `${who}: expected indices with an axis for each of ${showShape(value.shape)}, got ${showShape(given.shape)}`,
    );
  const rest = broadcastShapes(who, [
    removeAxis(value.shape, at),
    removeAxis(given.shape, at),
  ]);
  const along = (v: Value) => {
    const last = moveAxis(v, at, v.ndim - 1);
    return broadcastTo(last, [...rest, v.shape[at]]);
  };
  return { table: along(value), where: along(given), at, batch: rest.length };
}

/** Of each line of `x` along an axis the entries at the positions in the same line of `indices` (jax.numpy.take_along_axis). */
export function takeAlongAxis(
  x: ArrayLike,
  indices: ArrayLike,
  axis: number | null = -1,
): Value {
  const { table, where, at, batch } = paired("takeAlongAxis", x, indices, axis);
  return moveAxis(gather(table, where, batch), batch, at);
}

/** `x` with `values` at the positions that each line of `indices` along an axis names (jax.numpy.put_along_axis). */
export function putAlongAxis(
  x: ArrayLike,
  indices: ArrayLike,
  values: ArrayLike,
  axis: number | null = -1,
): Value {
  const array = asValue("putAlongAxis", x);
  const { table, where, at, batch } = paired("putAlongAxis", x, indices, axis);
  const count = where.shape[batch];
  const inPlace = insertAxis(where.shape.slice(0, -1), at, count);
  const given = convert(asValue("putAlongAxis", values), array.dtype);
  const updates = moveAxis(broadcastTo(given, inPlace), at, batch);
  const out = moveAxis(scatterSet(table, where, updates, batch), batch, at);
  return reshape(out, axis === null ? array.shape : out.shape);
}

/** `x` with `values`, over and over, at positions of the flattened array (jax.numpy.put). */
export function put(
  x: ArrayLike,
  indices: ArrayLike,
  values: ArrayLike,
): Value {
  const array = asValue("put", x);
  const where = ravel(positions("put", indices));
  const given = convert(asValue("put", values), array.dtype);
  const flat = scatterSet(ravel(array), where, resize(given, where.shape));
  return reshape(flat, array.shape);
}
