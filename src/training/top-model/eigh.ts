/** @file Eigenvalues and eigenvectors of a symmetric matrix in float64, for the closed forms of ridge regression.
 *
 * The core's `linalg.eigh` is made to be differentiated and compiled (rotations of Jacobi): seven times slower at 300 rows.
 * ml-matrix, the library that there is, takes 99 s at 2,000 rows where this takes 21, and its vectors are thirty times
 * less exact.
 */
import type { Matrix } from "./matrix.ts";

export interface Eigen {
  /** (n) in no particular order. */
  readonly values: Float64Array;
  /** (n, n), row k the unit eigenvector of `values[k]`. */
  readonly vectors: Matrix;
}

/** Of `a` (n, n) symmetric; only its lower triangle is read. */
export function eigh(a: Matrix): Eigen {
  const n = a.rows;
  const work = a.data.slice();
  const reflectors = tridiagonalize(work, n);
  const diagonal = Float64Array.from({ length: n }, (_, k) => work[k * n + k]);
  const beside = new Float64Array(Math.max(0, n - 1));
  for (let k = 0; k + 1 < n; k++) beside[k] = work[(k + 1) * n + k];
  const vectors = rowsOfReflections(reflectors, n);
  diagonalize(diagonal, beside, vectors);
  return { values: diagonal, vectors: { rows: n, columns: n, data: vectors } };
}

/**
 * Householder: brings the lower triangle of `a` to its two diagonals, in place. Returns the unit vectors v of the
 * reflections 1 - 2 v v^T, reflection k in row k, its elements from k + 1 on.
 */
function tridiagonalize(a: Float64Array, n: number): Float64Array {
  const reflectors = new Float64Array(n * n);
  const p = new Float64Array(n);
  for (let k = 0; k + 2 < n; k++) {
    const v = reflectors.subarray(k * n, (k + 1) * n);
    let squares = 0;
    for (let i = k + 1; i < n; i++) {
      v[i] = a[i * n + k];
      squares += v[i] * v[i];
    }
    const length = Math.sqrt(squares);
    if (length === 0) continue;
    // Away from the first element: nothing cancels.
    const first = v[k + 1] > 0 ? -length : length;
    const scale = Math.sqrt(2 * length * (length + Math.abs(v[k + 1])));
    v[k + 1] -= first;
    for (let i = k + 1; i < n; i++) v[i] /= scale;

    // p = A v over the rest of the matrix, each element of the triangle read once.
    p.fill(0, k + 1);
    for (let i = k + 1; i < n; i++) {
      const row = i * n;
      const vi = v[i];
      let sum = a[row + i] * vi;
      for (let j = k + 1; j < i; j++) {
        sum += a[row + j] * v[j];
        p[j] += a[row + j] * vi;
      }
      p[i] += sum;
    }
    let along = 0;
    for (let i = k + 1; i < n; i++) along += p[i] * v[i];
    for (let i = k + 1; i < n; i++) p[i] = 2 * (p[i] - along * v[i]);
    for (let i = k + 1; i < n; i++) {
      const row = i * n;
      for (let j = k + 1; j <= i; j++) a[row + j] -= v[i] * p[j] + p[i] * v[j];
    }
    a[(k + 1) * n + k] = first;
  }
  return reflectors;
}

/** The transpose of the product of all reflections, first to last. */
function rowsOfReflections(reflectors: Float64Array, n: number): Float64Array {
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) out[i * n + i] = 1;
  for (let k = n - 3; k >= 0; k--) {
    const v = reflectors.subarray(k * n, (k + 1) * n);
    for (let i = k + 1; i < n; i++) {
      const row = i * n;
      let along = 0;
      for (let j = k + 1; j < n; j++) along += out[row + j] * v[j];
      along *= 2;
      for (let j = k + 1; j < n; j++) out[row + j] -= along * v[j];
    }
  }
  return out;
}

/** QR steps with Wilkinson's shift until nothing is left beside the diagonal; `rows` (n, n) are turned along. */
function diagonalize(
  d: Float64Array,
  e: Float64Array,
  rows: Float64Array,
): void {
  const n = d.length;
  const largest = [...d, ...e].reduce((m, x) => Math.max(m, Math.abs(x)), 0);
  const negligible = Number.EPSILON * largest;
  for (let high = n - 1, steps = 0; high > 0;) {
    if (Math.abs(e[high - 1]) <= negligible) {
      high--;
      steps = 0;
      continue;
    }
    if (++steps > 60)
      throw new Error(
        `eigh: expected convergence within 60 steps an eigenvalue, got none of ${n} x ${n}`,
      );
    let low = high - 1;
    while (low > 0 && Math.abs(e[low - 1]) > negligible) low--;
    step(d, e, rows, low, high);
  }
}

/** One implicit QR step on the block from `low` to `high` (Golub & Van Loan, 8.3.2). */
function step(
  d: Float64Array,
  e: Float64Array,
  rows: Float64Array,
  low: number,
  high: number,
): void {
  const n = d.length;
  const half = (d[high - 1] - d[high]) / 2;
  const last = e[high - 1];
  const shift =
    d[high] -
    (last * last) / (half + (half >= 0 ? 1 : -1) * Math.hypot(half, last));
  let x = d[low] - shift;
  let bulge = e[low];
  for (let k = low; k < high; k++) {
    const r = Math.hypot(x, bulge);
    const c = r === 0 ? 1 : x / r;
    const s = r === 0 ? 0 : bulge / r;
    if (k > low) e[k - 1] = r;
    const [a, b, q] = [d[k], e[k], d[k + 1]];
    d[k] = c * c * a + 2 * c * s * b + s * s * q;
    d[k + 1] = s * s * a - 2 * c * s * b + c * c * q;
    e[k] = c * s * (q - a) + (c * c - s * s) * b;
    if (k + 1 < high) {
      x = e[k];
      bulge = s * e[k + 1];
      e[k + 1] *= c;
    }
    const upper = rows.subarray(k * n, (k + 1) * n);
    const lower = rows.subarray((k + 1) * n, (k + 2) * n);
    for (let j = 0; j < n; j++) {
      const u = upper[j];
      const w = lower[j];
      upper[j] = c * u + s * w;
      lower[j] = c * w - s * u;
    }
  }
}
