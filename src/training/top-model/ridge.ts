/** @file Ridge regression in closed form, its penalty chosen by exact leave-one-out errors. */
import { eigh, type Eigen } from "./eigh.ts";
import {
  rowOf,
  timesTransposed,
  transposedTimes,
  type Matrix,
} from "./matrix.ts";

export interface RidgeFit {
  readonly w: Float64Array; // (columns)
  readonly b: number;
  /** The one of the lowest leave-one-out error. */
  readonly penalty: number;
  /** For each sample what the model fitted to all others predicts. (rows) */
  readonly leaveOneOut: Float64Array;
  /** Root mean square leave-one-out error of every penalty. */
  readonly curve: readonly {
    readonly penalty: number;
    readonly rmse: number;
  }[];
}

/** Half decades from 1e-2 to 1e8: sums over samples of standardised features. */
export const usualRidgePenalties: readonly number[] = Array.from(
  { length: 21 },
  (_, k) => 10 ** (k / 2 - 2),
);

/**
 * Minimises |y - x w - b|^2 + penalty |w|^2; the intercept is not penalised. `x` has columns of mean 0. A sample's
 * leave-one-out residual is its residual divided by 1 - h, h its leverage (Allen 1974), with nothing fitted again; it is
 * exact for features as they are, so their scale is one of all samples.
 */
export async function fitRidge(
  x: Matrix,
  y: Float64Array,
  penalties: readonly number[],
): Promise<RidgeFit> {
  const { rows: n } = x;
  const b = y.reduce((sum, value) => sum + value, 0) / n;
  const centred = y.map((value) => value - b);
  const wide = x.columns >= n;
  // x = U S V^T; the smaller of x x^T = U S^2 U^T and x^T x = V S^2 V^T gives both sides.
  const eigen = eigh(
    await (wide ? timesTransposed(x, x) : transposedTimes(x, x)),
  );
  const squares = eigen.values.map((value) => Math.max(0, value));
  const scores = await principalScores(x, eigen, squares, wide); // U S (n, r)
  const projected = new Float64Array(squares.length); // (U S)^T y
  for (let i = 0; i < n; i++)
    rowOf(scores, i).forEach((z, k) => (projected[k] += z * centred[i]));

  const tried = penalties.map((penalty) => {
    const left = leaveOneOut(scores, squares, projected, y, b, penalty);
    const error = left.reduce((sum, p, i) => sum + (p - y[i]) ** 2, 0);
    return { penalty, left, rmse: Math.sqrt(error / n) };
  });
  const best = tried.reduce((a, b) => (b.rmse < a.rmse ? b : a));
  return {
    w: await coefficients(x, eigen, squares, centred, best.penalty, wide),
    b,
    penalty: best.penalty,
    leaveOneOut: best.left,
    curve: tried.map(({ penalty, rmse }) => ({ penalty, rmse })),
  };
}

function principalScores(
  x: Matrix,
  { vectors }: Eigen,
  squares: Float64Array,
  wide: boolean,
): Matrix | Promise<Matrix> {
  if (!wide) return timesTransposed(x, vectors);
  const { rows: n } = x;
  const roots = squares.map(Math.sqrt);
  const data = new Float64Array(n * n);
  for (let k = 0; k < n; k++)
    for (let i = 0; i < n; i++)
      data[i * n + k] = vectors.data[k * n + i] * roots[k];
  return { rows: n, columns: n, data };
}

function leaveOneOut(
  scores: Matrix,
  squares: Float64Array,
  projected: Float64Array,
  y: Float64Array,
  mean: number,
  penalty: number,
): Float64Array {
  const shrunk = squares.map((square) => 1 / (square + penalty));
  return y.map((value, i) => {
    let fitted = mean;
    // The intercept's own share of the leverage.
    let leverage = 1 / y.length;
    const row = rowOf(scores, i);
    for (let k = 0; k < row.length; k++) {
      fitted += row[k] * shrunk[k] * projected[k];
      leverage += row[k] * row[k] * shrunk[k];
    }
    return value - (value - fitted) / (1 - leverage);
  });
}

/** V (S^2 + penalty)^-1 V^T x^T y, or x^T U (S^2 + penalty)^-1 U^T y, which is the same. */
async function coefficients(
  x: Matrix,
  { vectors }: Eigen,
  squares: Float64Array,
  y: Float64Array,
  penalty: number,
  wide: boolean,
): Promise<Float64Array> {
  const asColumn = (data: Float64Array): Matrix => ({ rows: data.length, columns: 1, data }); // prettier-ignore
  const through = (right: Float64Array): Float64Array => {
    const out = new Float64Array(right.length);
    squares.forEach((square, k) => {
      const v = rowOf(vectors, k);
      const along = v.reduce((sum, x, i) => sum + x * right[i], 0);
      for (let i = 0; i < out.length; i++)
        out[i] += (v[i] * along) / (square + penalty);
    });
    return out;
  };
  const times = async (right: Float64Array): Promise<Float64Array> =>
    (await transposedTimes(x, asColumn(right))).data;
  return wide ? times(through(y)) : through(await times(y));
}
