/** @file The first two principal components of the rows of a matrix, by subspace iteration with Rayleigh-Ritz. */
import { random } from "./random.ts";

export interface Matrix {
  /** Row after row. */
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
}

export interface Components {
  /** x and y of every row, one after the other. */
  readonly points: Float32Array;
  /** Share of the whole variance that each axis shows. */
  readonly shares: readonly [number, number];
}

/** Directions iterated beside the two that are asked for: they make close variances converge. */
const extra = 4;
const mostIterations = 300;
/** Relative change of the variances at which the axes are settled; theirs is its square root at most. */
const tolerance = 1e-9;

/**
 * Neither a covariance nor a Gram matrix is made: an iteration multiplies by the centred matrix and its transpose, which
 * costs 4 · rows · columns · 6 operations. Equal matrices give equal axes; each points to where its largest loading is
 * positive (Halko, Martinsson & Tropp 2011, algorithm 4.4).
 */
export function principalComponents(matrix: Matrix): Components {
  const { rows, columns } = matrix;
  const mean = columnMeans(matrix);
  const width = Math.min(2 + extra, columns);
  const next = random(1);
  let basis: Float64Array[] = Array.from({ length: width }, () =>
    Float64Array.from({ length: columns }, () => next() - 0.5),
  );
  orthonormalise(basis);
  let images: Float64Array[] = [];
  let variances: number[] = [];
  for (let i = 0; i < mostIterations; i++) {
    images = basis.map((direction) => project(matrix, mean, direction));
    const gram = images.map((a) => images.map((b) => dot(a, b)));
    const { values, vectors } = symmetricEigen(gram);
    basis = combine(basis, vectors);
    images = combine(images, vectors);
    const settled = [0, 1].every((k) => Math.abs((values[k] ?? 0) - (variances[k] ?? 0)) <= tolerance * (values[0] ?? 0)); // prettier-ignore
    variances = values;
    if (settled) break;
    basis = images.map((image) => pullBack(matrix, mean, image));
    orthonormalise(basis);
    // The images of the new basis are made at the next turn; without one, these belong to the last Ritz vectors.
  }
  const total = totalVariance(matrix, mean);
  const points = new Float32Array(2 * rows);
  for (const axis of [0, 1]) {
    const direction = basis[axis];
    const image = images[axis];
    if (!direction || !image) continue;
    const sign = direction[indexOfLargest(direction)] < 0 ? -1 : 1;
    for (let row = 0; row < rows; row++)
      points[2 * row + axis] = sign * image[row];
  }
  const share = (axis: number) =>
    total > 0 ? Math.min(1, (variances[axis] ?? 0) / total) : 0;
  return { points, shares: [share(0), share(1)] };
}

function columnMeans({ values, rows, columns }: Matrix): Float64Array {
  const mean = new Float64Array(columns);
  for (let row = 0, at = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      mean[column] += values[at++];
  return mean.map((sum) => sum / Math.max(1, rows));
}

function totalVariance({ values, columns }: Matrix, mean: Float64Array) {
  let sum = 0;
  for (let at = 0; at < values.length; at++)
    sum += (values[at] - mean[at % columns]) ** 2;
  return sum;
}

/** The centred matrix times a vector. */
function project(
  { values, rows, columns }: Matrix,
  mean: Float64Array,
  direction: Float64Array,
): Float64Array {
  const shift = dot(mean, direction);
  const image = new Float64Array(rows);
  for (let row = 0, at = 0; row < rows; row++) {
    let sum = 0;
    for (let column = 0; column < columns; column++)
      sum += values[at++] * direction[column];
    image[row] = sum - shift;
  }
  return image;
}

/** The transposed centred matrix times a vector. */
function pullBack(
  { values, rows, columns }: Matrix,
  mean: Float64Array,
  image: Float64Array,
): Float64Array {
  const direction = new Float64Array(columns);
  let sum = 0;
  for (let row = 0, at = 0; row < rows; row++) {
    const factor = image[row];
    sum += factor;
    for (let column = 0; column < columns; column++)
      direction[column] += values[at++] * factor;
  }
  return direction.map((x, column) => x - sum * mean[column]);
}

/** Gram-Schmidt, twice for exactness; what is not independent becomes zero. */
function orthonormalise(vectors: readonly Float64Array[]): void {
  for (const [i, vector] of vectors.entries()) {
    const before = Math.sqrt(dot(vector, vector));
    for (const other of [...vectors.slice(0, i), ...vectors.slice(0, i)]) {
      const factor = dot(vector, other);
      for (let k = 0; k < vector.length; k++) vector[k] -= factor * other[k];
    }
    const norm = Math.sqrt(dot(vector, vector));
    const scale = norm > 1e-12 * before ? 1 / norm : 0;
    for (let k = 0; k < vector.length; k++) vector[k] *= scale;
  }
}

/** New vectors, the i-th the sum of all weighted by the i-th column. */
function combine(
  vectors: readonly Float64Array[],
  columns: readonly (readonly number[])[],
): Float64Array[] {
  return vectors.map((like, i) => {
    const sum = new Float64Array(like.length);
    for (const [j, vector] of vectors.entries()) {
      const weight = columns[j][i];
      for (let k = 0; k < sum.length; k++) sum[k] += weight * vector[k];
    }
    return sum;
  });
}

/** Eigenvalues, largest first, and the eigenvectors in the columns, of a small symmetric matrix: cyclic Jacobi rotations. */
function symmetricEigen(symmetric: readonly (readonly number[])[]) {
  const n = symmetric.length;
  const a = symmetric.map((row) => [...row]);
  const v = a.map((_, i) => a.map((_, j) => Number(i === j)));
  for (let sweep = 0; sweep < 30; sweep++)
    for (let p = 0; p < n; p++)
      for (let q = p + 1; q < n; q++) {
        if (a[p][q] ** 2 <= 1e-32 * Math.abs(a[p][p] * a[q][q])) continue;
        const angle = 0.5 * Math.atan2(2 * a[p][q], a[p][p] - a[q][q]);
        const c = Math.cos(angle);
        const s = Math.sin(angle);
        for (let k = 0; k < n; k++) {
          [a[k][p], a[k][q]] = [c * a[k][p] + s * a[k][q], c * a[k][q] - s * a[k][p]]; // prettier-ignore
          [v[k][p], v[k][q]] = [c * v[k][p] + s * v[k][q], c * v[k][q] - s * v[k][p]]; // prettier-ignore
        }
        for (let k = 0; k < n; k++)
          [a[p][k], a[q][k]] = [c * a[p][k] + s * a[q][k], c * a[q][k] - s * a[p][k]]; // prettier-ignore
      }
  const order = a.map((_, i) => i).sort((i, j) => a[j][j] - a[i][i]);
  return {
    values: order.map((i) => Math.max(0, a[i][i])),
    vectors: v.map((row) => order.map((i) => row[i])),
  };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}

const indexOfLargest = (vector: Float64Array): number =>
  vector.reduce((best, x, k) => (Math.abs(x) > Math.abs(vector[best]) + 1e-9 ? k : best), 0); // prettier-ignore
