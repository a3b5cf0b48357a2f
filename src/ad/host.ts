/** @file Elements as nested numbers: how arrays are written down and printed. */
import type { DType, TypedArray } from "./dtype.ts";
import { showType, type ArrayType, type Shape } from "./shape.ts";

/** Numbers nested to any depth, all rows of equal length. */
export type Nested = number | boolean | readonly Nested[];

/** The elements of an array in nested lists, one level an axis; booleans for dtype bool. */
export function nest(data: TypedArray, shape: Shape, dtype: DType): Nested {
  let next = 0;
  const build = (axis: number): Nested =>
    axis === shape.length
      ? dtype === "bool"
        ? data[next++] !== 0
        : data[next++]
      : globalThis.Array.from({ length: shape[axis] }, () => build(axis + 1));
  return build(0);
}

/** `f32[2,2] [[1, 2], [3, 4]]`, cut short after a thousand elements. */
export function showArray(data: TypedArray, type: ArrayType): string {
  const { shape, dtype } = type;
  const text = (node: Nested): string =>
    typeof node === "object" ? `[${node.map(text).join(", ")}]` : String(node);
  return data.length > 1000
    ? `${showType(type)} [${data.slice(0, 6).join(", ")}, ...]`
    : `${showType(type)} ${text(nest(data, shape, dtype))}`;
}
