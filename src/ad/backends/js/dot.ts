/** @file The dot kernel in JavaScript: operands are put in matrix order, then multiplied row by row. */
import { allocate, type TypedArray } from "../../dtype.ts";
import { freeAxes, type DotDims } from "../../lowering/kernel.ts";
import { sizeOf, stridesOf, type ArrayType } from "../../shape.ts";
import { copyStrided } from "./strided.ts";

/** lhs (batch, M, K) times rhs (batch, K, N) after reordering; sums of floats are kept in float64, integers wrap. */
export function dot(
  lhs: TypedArray,
  lhsType: ArrayType,
  rhs: TypedArray,
  rhsType: ArrayType,
  dims: DotDims,
  out: TypedArray,
): void {
  const lhsFree = freeAxes(
    lhsType.shape.length,
    dims.contract[0],
    dims.batch[0],
  );
  const rhsFree = freeAxes(
    rhsType.shape.length,
    dims.contract[1],
    dims.batch[1],
  );
  const size = (type: ArrayType, axes: readonly number[]) =>
    sizeOf(axes.map((i) => type.shape[i]));
  const [batches, m, k, n] = [
    size(lhsType, dims.batch[0]),
    size(lhsType, lhsFree),
    size(lhsType, dims.contract[0]),
    size(rhsType, rhsFree),
  ];
  const a = ordered(lhs, lhsType, [
    ...dims.batch[0],
    ...lhsFree,
    ...dims.contract[0],
  ]);
  const b = ordered(rhs, rhsType, [
    ...dims.batch[1],
    ...dims.contract[1],
    ...rhsFree,
  ]);
  const exact = lhsType.dtype.startsWith("float");
  const row = exact ? new Float64Array(n) : allocate(lhsType.dtype, n);
  for (let batch = 0; batch < batches; batch++) {
    for (let i = 0; i < m; i++) {
      row.fill(0);
      const aRow = (batch * m + i) * k;
      for (let p = 0; p < k; p++) {
        const x = a[aRow + p];
        const bRow = (batch * k + p) * n;
        if (exact) for (let j = 0; j < n; j++) row[j] += x * b[bRow + j];
        // Products of 32-bit integers pass 2^53; what is kept of them is their low 32 bits.
        else for (let j = 0; j < n; j++) row[j] += Math.imul(x, b[bRow + j]);
      }
      out.set(row, (batch * m + i) * n);
    }
  }
}

/** `data` with its axes in the given order; not copied when they already are. */
function ordered(
  data: TypedArray,
  { shape, dtype }: ArrayType,
  order: readonly number[],
): TypedArray {
  if (order.every((axis, i) => axis === i)) return data;
  const to = order.map((i) => shape[i]);
  const strides = stridesOf(shape);
  const copy = allocate(dtype, data.length);
  copyStrided(
    to,
    data,
    order.map((i) => strides[i]),
    0,
    copy,
    stridesOf(to),
    0,
  );
  return copy;
}
