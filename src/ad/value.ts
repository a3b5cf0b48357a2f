/** @file What counts as an array argument: values, numbers and booleans. */
import { Array } from "./array.ts";
import { allocate, type DType } from "./dtype.ts";
import { Value } from "./tracer.ts";

/** A value, or a number or boolean that stands for a scalar. */
export type ArrayLike = Value | number | boolean;

/** A 0-d array. */
export function scalar(
  value: number | boolean,
  dtype: DType = typeof value === "boolean" ? "bool" : "float32",
): Array {
  const data = allocate(dtype, 1);
  data[0] = Number(value);
  return new Array({ shape: [], dtype }, data);
}

/** A leaf as a value; a TypeError if it is neither value, number nor boolean. */
export function asValue(who: string, leaf: unknown): Value {
  if (leaf instanceof Value) return leaf;
  if (typeof leaf === "number" || typeof leaf === "boolean")
    return scalar(leaf);
  throw new TypeError(
    `${who}: expected arrays, numbers or booleans as leaves, got ${Object.prototype.toString.call(leaf)}`,
  );
}
