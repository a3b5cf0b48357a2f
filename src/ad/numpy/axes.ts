/** @file What reductions share: which axes they take, and how a reduced value goes back beside what it was reduced from. */
import { isFloat, type DType } from "../dtype.ts";
import { convert, eq, not } from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import { broadcast, reshape, transpose } from "../primitives/structural.ts";
import { normalizeAxis, range, sizeOf } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";

export interface ReduceOptions {
  /** Axis or axes to reduce; all of them by default. */
  readonly axis?: number | readonly number[];
  /** Leaves the reduced axes in place with size 1. */
  readonly keepdims?: boolean;
}

/** The axes an `axis` option names (non-negative, in increasing order); all axes where it is absent. */
export function axesOf(
  who: string,
  x: Value,
  axis: ReduceOptions["axis"],
): number[] {
  if (axis === undefined) return range(x.ndim);
  const given = typeof axis === "number" ? [axis] : axis;
  const axes = given.map((i) => normalizeAxis(who, i, x.ndim));
  if (new Set(axes).size !== axes.length)
    throw new RangeError(
      `${who}: expected each axis once, got ${given.join(", ")}`,
    );
  return axes.sort((a, b) => a - b);
}

/** A reduced value with the axes it lost, of size 1, where `keepdims`. */
export const restoreAxes = (
  reduced: Value,
  x: Value,
  axes: readonly number[],
  keepdims: boolean,
): Value =>
  keepdims
    ? reshape(
        reduced,
        x.shape.map((n, i) => (axes.includes(i) ? 1 : n)),
      )
    : reduced;

/** A reduced value repeated along the axes it lost. */
export const spreadOver = (
  reduced: Value,
  x: Value,
  axes: readonly number[],
): Value =>
  broadcast(
    reduced,
    x.shape,
    range(x.ndim).filter((i) => !axes.includes(i)),
  );

/** How many elements are reduced to one. */
export const countOver = (x: Value, axes: readonly number[]): number =>
  sizeOf(axes.map((i) => x.shape[i]));

/** `x` with the given axes joined into a last one. */
export const joinAxes = (x: Value, axes: readonly number[]): Value => {
  const kept = range(x.ndim).filter((i) => !axes.includes(i));
  return reshape(transpose(x, [...kept, ...axes]), [
    ...kept.map((i) => x.shape[i]),
    countOver(x, axes),
  ]);
};

/** The dtype sums and products of `dtype` are taken in: bools are counted. */
export const summable = (dtype: DType): DType =>
  dtype === "bool" ? "int32" : dtype;

/** Where `x` is NaN; nowhere for dtypes that have none. */
export const isNaNOf = (x: Value): Value =>
  isFloat(x.dtype) ? not(eq(x, x)) : fill(0, { shape: x.shape, dtype: "bool" });

/** `value` in the type of `x`, as a constant. */
export const filledLike = (x: Value, value: number): Value =>
  fill(value, x.type);

/** `x` in `dtype`; a number loses no digits on the way, as it would through float32. */
export const inDtype = (who: string, x: ArrayLike, dtype: DType): Value =>
  typeof x === "number"
    ? fill(x, { shape: [], dtype })
    : convert(asValue(who, x), dtype);

/** Numbers as `x` holds them, or counted where they are bools. */
export const toSummable = (x: Value, dtype?: DType): Value =>
  convert(x, dtype ?? summable(x.dtype));
