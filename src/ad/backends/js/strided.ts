/** @file Walking two arrays of one shape by strides: the one loop behind every kernel that moves or reduces elements. */
import type { TypedArray } from "../../dtype.ts";
import type { ReduceOp } from "../../lowering/kernel.ts";
import { sizeOf, type Shape } from "../../shape.ts";

/** Calls `row` for every innermost row with the offsets of its first element in a and in b. */
function forEachRow(
  shape: Shape,
  aStrides: readonly number[],
  bStrides: readonly number[],
  aStart: number,
  bStart: number,
  row: (a: number, b: number) => void,
): void {
  if (sizeOf(shape) === 0) return;
  const depth = shape.length - 1;
  const walk = (axis: number, a: number, b: number): void => {
    if (axis >= depth) row(a, b);
    else
      for (let i = 0; i < shape[axis]; i++)
        walk(axis + 1, a + i * aStrides[axis], b + i * bStrides[axis]);
  };
  walk(0, aStart, bStart);
}

/** to[...] = from[...] over `shape`, both addressed by start and strides. */
export function copyStrided(
  shape: Shape,
  from: TypedArray,
  fromStrides: readonly number[],
  fromStart: number,
  to: TypedArray,
  toStrides: readonly number[],
  toStart: number,
): void {
  const n = shape.at(-1) ?? 1;
  const [sa, sb] = [fromStrides.at(-1) ?? 1, toStrides.at(-1) ?? 1];
  forEachRow(shape, fromStrides, toStrides, fromStart, toStart, (a, b) => {
    if (sa === 1 && sb === 1) to.set(from.subarray(a, a + n), b);
    else for (let i = 0; i < n; i++) to[b + i * sb] = from[a + i * sa];
  });
}

type Fold = (total: number, x: number) => number;

/** How a reduction takes in one more element; NaN wins in `max` and `min`. */
const folds: Record<ReduceOp, Fold> = {
  sum: (total, x) => total + x,
  prod: (total, x) => total * x,
  max: Math.max,
  min: Math.min,
};

/** Folds every element of `from` (over `shape`) into the element of `to` its strides lead to. */
export function foldStrided(
  shape: Shape,
  from: TypedArray,
  fromStrides: readonly number[],
  to: TypedArray,
  toStrides: readonly number[],
  op: ReduceOp,
): void {
  const n = shape.at(-1) ?? 1;
  const [sa, sb] = [fromStrides.at(-1) ?? 1, toStrides.at(-1) ?? 1];
  // The low 32 bits of an integer product are what wrapping keeps; a double would round them.
  const isInteger = to instanceof Int32Array || to instanceof Uint32Array;
  const fold = op === "prod" && isInteger ? Math.imul : folds[op];
  forEachRow(shape, fromStrides, toStrides, 0, 0, (a, b) => {
    // The commonest fold is spared the call.
    if (op === "sum")
      for (let i = 0; i < n; i++) to[b + i * sb] += from[a + i * sa];
    else
      for (let i = 0; i < n; i++)
        to[b + i * sb] = fold(to[b + i * sb], from[a + i * sa]);
  });
}
