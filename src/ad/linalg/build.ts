/** @file Matrices built from blocks and from diagonals. */
import { Array as Arr } from "../array.ts";
import { promoteDtypes } from "../numpy/promote.ts";
import { gather } from "../primitives/gather.ts";
import { concatenate, pad } from "../primitives/slicing.ts";
import { reshape } from "../primitives/structural.ts";
import { showShape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";

/** The matrices (m, n) along the diagonal of one matrix of zeros; a vector counts as a row (jax.scipy.linalg.block_diag). */
export function blockDiag(...arrays: readonly ArrayLike[]): Value {
  if (arrays.length === 0)
    throw new TypeError("blockDiag: expected at least one array, got none");
  const blocks = promoteDtypes("blockDiag", arrays).map((x) => {
    if (x.ndim > 2)
      throw new TypeError(
        `blockDiag: expected arrays of at most two axes, got ${showShape(x.shape)}`,
      );
    return reshape(x, [...Array<number>(2 - x.ndim).fill(1), ...x.shape]);
  });
  const width = blocks.reduce((n, x) => n + x.shape[1], 0);
  let left = 0;
  return concatenate(
    blocks.map((x) => {
      const before = left;
      left += x.shape[1];
      return pad(x, [0, before], [0, width - left]);
    }),
    0,
  );
}

/** The matrix (m, n) constant along diagonals, with first column c (m) and first row r (n), whose first element is not read; r is c by default (jax.scipy.linalg.toeplitz). */
export function toeplitz(c: ArrayLike, r: ArrayLike = c): Value {
  const [column, row] = promoteDtypes("toeplitz", [c, r]).map((x) =>
    x.ndim === 0 ? reshape(x, [1]) : x,
  );
  if (column.ndim !== 1 || row.ndim !== 1)
    throw new TypeError(
      `toeplitz: expected vectors, got ${showShape(column.shape)} and ${showShape(row.shape)}`,
    );
  const [[m], [n]] = [column.shape, row.shape];
  // Where each element lies in c followed by r.
  const at = Int32Array.from({ length: m * n }, (_, k) => {
    const [i, j] = [Math.floor(k / n), k % n];
    return j > i ? m + j - i : i - j;
  });
  const values = concatenate([column, row], 0);
  return gather(values, new Arr({ shape: [m, n], dtype: "int32" }, at));
}
