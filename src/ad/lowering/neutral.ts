/** @file Neutral elements: what a fold over nothing gives, for each operation and dtype. */
import type { DType } from "../dtype.ts";
import type { ScatterOp } from "./kernel.ts";

const lowest: Record<DType, number> = {
  float32: -Infinity,
  float64: -Infinity,
  int32: -(2 ** 31),
  uint32: 0,
  bool: 0,
};
const highest: Record<DType, number> = {
  float32: Infinity,
  float64: Infinity,
  int32: 2 ** 31 - 1,
  uint32: 2 ** 32 - 1,
  bool: 1,
};

/** The element `e` with `op(e, x) = x` for every `x` of the dtype. */
export function neutral(op: ScatterOp, dtype: DType): number {
  if (op === "add") return 0;
  if (op === "mul") return 1;
  return op === "max" ? lowest[dtype] : highest[dtype];
}
