/** @file Matrices of float64 on the host, and their products on the compiled core. */
import {
  array,
  jit,
  numpy as np,
  type Array,
  type Value,
} from "../../ad/index.ts";

/** Row-major (rows, columns). */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float64Array;
}

export const rowOf = ({ columns, data }: Matrix, i: number): Float64Array =>
  data.subarray(i * columns, (i + 1) * columns);

/** The rows numbered `indices`, in that order. */
export function pickRows(matrix: Matrix, indices: ArrayLike<number>): Matrix {
  const { columns } = matrix;
  const data = new Float64Array(indices.length * columns);
  for (let i = 0; i < indices.length; i++)
    data.set(rowOf(matrix, indices[i]), i * columns);
  return { rows: indices.length, columns, data };
}

export const asArray = ({ rows, columns, data }: Matrix): Array =>
  array(data, { shape: [rows, columns], dtype: "float64" });

/** a b^T: (m, k), (n, k) -> (m, n). */
export const timesTransposed = (a: Matrix, b: Matrix): Promise<Matrix> =>
  product(a, b, a.rows, b.rows, (x, y) => np.matmul(x, np.transpose(y)));

/** a^T b: (k, m), (k, n) -> (m, n). */
export const transposedTimes = (a: Matrix, b: Matrix): Promise<Matrix> =>
  product(a, b, a.columns, b.columns, (x, y) => np.matmul(np.transpose(x), y));

async function product(
  a: Matrix,
  b: Matrix,
  rows: number,
  columns: number,
  f: (a: Value, b: Value) => Value,
): Promise<Matrix> {
  const compiled = jit(f);
  const out = compiled(asArray(a), asArray(b)) as Array;
  const data = Float64Array.from(await out.data());
  await compiled.dispose();
  return { rows, columns, data };
}

/** What brings every column to mean 0 and variance 1. */
export interface Standardization {
  readonly mean: Float64Array; // (columns)
  /** Standard deviations; 1 for a column that is the same everywhere. */
  readonly scale: Float64Array; // (columns)
}

export function standardization({
  rows,
  columns,
  data,
}: Matrix): Standardization {
  const mean = new Float64Array(columns);
  const scale = new Float64Array(columns);
  for (let i = 0; i < data.length; i++) mean[i % columns] += data[i] / rows;
  for (let i = 0; i < data.length; i++)
    scale[i % columns] += (data[i] - mean[i % columns]) ** 2 / rows;
  scale.forEach((variance, j) => {
    // Below that there is only the rounding of a column of equal numbers.
    const isConstant = variance <= (1e-12 * mean[j]) ** 2;
    scale[j] = isConstant ? 1 : Math.sqrt(variance);
  });
  return { mean, scale };
}

export function standardize(
  { rows, columns, data }: Matrix,
  { mean, scale }: Standardization,
): Matrix {
  return {
    rows,
    columns,
    data: data.map((x, i) => (x - mean[i % columns]) / scale[i % columns]),
  };
}
