/** @file The numerics of initialisation in float64: the normal quantile function and orthonormal rows. */

// Wichura, "Algorithm AS 241: the percentage points of the normal distribution", Applied Statistics 37 (1988): rational
// approximations good to one part in 10^16, in three regions.
// prettier-ignore
const CENTRAL = [
  [3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946,
   45921.95393154987, 67265.7709270087, 33430.57558358813, 2509.0809287301227],
  [1, 42.31333070160091, 687.1870074920579, 5394.196021424751,
   21213.794301586597, 39307.89580009271, 28729.085735721943, 5226.495278852854],
] as const;
// prettier-ignore
const MIDDLE = [
  [1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045,
   1.2704582524523684, 0.2417807251774506, 0.022723844989269184, 0.0007745450142783414],
  [1, 2.053191626637759, 1.6763848301838038, 0.6897673349851,
   0.14810397642748008, 0.015198666563616457, 0.0005475938084995345, 1.0507500716444169e-09],
] as const;
// prettier-ignore
const TAIL = [
  [6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487,
   0.026532189526576124, 0.0012426609473880784, 2.7115555687434876e-05, 2.0103343992922881e-07],
  [1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615,
   0.0007868691311456133, 1.8463183175100548e-05, 1.421511758316446e-07, 2.0442631033899397e-15],
] as const;

type Eight = readonly [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];

function ratio(
  [numerator, denominator]: readonly [Eight, Eight],
  r: number,
): number {
  return horner(numerator, r) / horner(denominator, r);
}

function horner(c: Eight, r: number): number {
  return (
    ((((((c[7] * r + c[6]) * r + c[5]) * r + c[4]) * r + c[3]) * r + c[2]) * r +
      c[1]) *
      r +
    c[0]
  );
}

/** The standard normal quantile of (1 + u) / 2, that is sqrt(2) erfinv(u), for u in (-1, 1). */
export function normalQuantileOfHalf(u: number): number {
  const q = u / 2;
  if (Math.abs(q) <= 0.425) return q * ratio(CENTRAL, 0.180625 - q * q);
  const r = Math.sqrt(-Math.log((1 - Math.abs(u)) / 2));
  const size = r <= 5 ? ratio(MIDDLE, r - 1.6) : ratio(TAIL, r - 5);
  return u < 0 ? -size : size;
}

/**
 * Replaces the `rows` <= `length` rows of `a` (row-major, independent rows) by orthonormal ones with the same span, the
 * triangular factor's diagonal positive: for normal entries, uniform over all such matrices (Mezzadri 2007).
 * Cholesky QR, twice (Yamamoto et al. 2015): all work is in two kernels that read rows in order, where Gram-Schmidt
 * and Householder would sweep the whole matrix once a row.
 */
export function orthogonalRows(
  a: Float64Array,
  rows: number,
  length: number,
): void {
  for (let pass = 0; pass < 2; pass++) {
    const l = gram(a, rows, length);
    // One pass loses the square of the condition number; a nearly orthonormal result needs no second.
    const wasClose = pass === 0 && isWellConditioned(rows, length);
    choleskyInPlace(l, rows);
    forwardSolve(l, a, rows, length);
    if (wasClose) return;
  }
}

/** For normal entries the condition number is about (1 + s) / (1 - s) with s = sqrt(rows / length): below 16 one pass is good to 1e-13. */
function isWellConditioned(rows: number, length: number): boolean {
  const s = Math.sqrt(rows / length);
  return length >= 64 && (1 + s) / (1 - s) < 16;
}

// Columns handled at a time, so that the rows of a block stay in cache.
const PANEL = 1024;

/** Lower triangle of A Aᵀ (rows, rows). */
function gram(a: Float64Array, rows: number, length: number): Float64Array {
  const g = new Float64Array(rows * rows);
  for (let from = 0; from < length; from += PANEL) {
    const to = Math.min(length, from + PANEL);
    for (let i = 0; i < rows; i += 2) {
      // 2 x 4 sums in registers; rows past the last repeat it and are not stored.
      const i1 = Math.min(i + 1, rows - 1);
      for (let j = 0; j <= i1; j += 4) {
        const p0 = i * length;
        const p1 = i1 * length;
        const q0 = j * length;
        const q1 = Math.min(j + 1, rows - 1) * length;
        const q2 = Math.min(j + 2, rows - 1) * length;
        const q3 = Math.min(j + 3, rows - 1) * length;
        let s00 = 0, s01 = 0, s02 = 0, s03 = 0, s10 = 0, s11 = 0, s12 = 0, s13 = 0; // prettier-ignore
        for (let k = from; k < to; k++) {
          const x0 = a[p0 + k];
          const x1 = a[p1 + k];
          const y0 = a[q0 + k];
          const y1 = a[q1 + k];
          const y2 = a[q2 + k];
          const y3 = a[q3 + k];
          s00 += x0 * y0;
          s01 += x0 * y1;
          s02 += x0 * y2;
          s03 += x0 * y3;
          s10 += x1 * y0;
          s11 += x1 * y1;
          s12 += x1 * y2;
          s13 += x1 * y3;
        }
        addRow(g, rows, i, j, s00, s01, s02, s03);
        if (i1 !== i) addRow(g, rows, i1, j, s10, s11, s12, s13);
      }
    }
  }
  return g;
}

function addRow(
  g: Float64Array,
  rows: number,
  i: number,
  j: number,
  s0: number,
  s1: number,
  s2: number,
  s3: number,
): void {
  const at = i * rows + j;
  g[at] += s0;
  if (j + 1 < rows) g[at + 1] += s1;
  if (j + 2 < rows) g[at + 2] += s2;
  if (j + 3 < rows) g[at + 3] += s3;
}

/** G = L Lᵀ, L in the lower triangle of `g`. */
function choleskyInPlace(g: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = g[i * n + j];
      for (let k = 0; k < j; k++) sum -= g[i * n + k] * g[j * n + k];
      if (i !== j) g[i * n + j] = sum / g[j * n + j];
      else if (sum > 0) g[i * n + i] = Math.sqrt(sum);
      else
        throw new RangeError(
          `orthogonalRows: row ${i} depends on the rows before it`,
        );
    }
  }
}

/** A := L⁻¹ A: row i loses its components along the rows before it, then is scaled. */
function forwardSolve(
  l: Float64Array,
  a: Float64Array,
  rows: number,
  length: number,
): void {
  for (let from = 0; from < length; from += PANEL) {
    const to = Math.min(length, from + PANEL);
    for (let i = 0; i < rows; i++) {
      const p = i * length;
      let j = 0;
      for (; j + 8 <= i; j += 8) {
        const at = i * rows + j;
        const l0 = l[at];
        const l1 = l[at + 1];
        const l2 = l[at + 2];
        const l3 = l[at + 3];
        const l4 = l[at + 4];
        const l5 = l[at + 5];
        const l6 = l[at + 6];
        const l7 = l[at + 7];
        const q = j * length;
        for (let k = from; k < to; k++) {
          const r = q + k;
          a[p + k] -=
            l0 * a[r] +
            l1 * a[r + length] +
            l2 * a[r + 2 * length] +
            l3 * a[r + 3 * length] +
            (l4 * a[r + 4 * length] +
              l5 * a[r + 5 * length] +
              l6 * a[r + 6 * length] +
              l7 * a[r + 7 * length]);
        }
      }
      for (; j < i; j++) {
        const factor = l[i * rows + j];
        const q = j * length;
        for (let k = from; k < to; k++) a[p + k] -= factor * a[q + k];
      }
      const scale = 1 / l[i * rows + i];
      for (let k = from; k < to; k++) a[p + k] *= scale;
    }
  }
}
