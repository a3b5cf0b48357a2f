/** @file Factorisations: LU, QR, eigenvalues, singular values, polar. */
import { eigh as eighOf } from "../primitives/linalg/eigh.ts";
import { lu as luOf, luFactors } from "../primitives/linalg/lu.ts";
import { asRows, identity, matmul, sizesOf, transposed } from "../primitives/linalg/matrix.ts"; // prettier-ignore
import { qr as qrOf } from "../primitives/linalg/qr.ts";
import { svd as svdOf } from "../primitives/linalg/svd.ts";
import { mul } from "../primitives/elementwise.ts";
import { gather } from "../primitives/gather.ts";
import { argsort } from "../primitives/sort.ts";
import type { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";
import { matrices, squares } from "./operands.ts";
import { symmetrized } from "./triangular.ts";

/** (..., m, n) -> [p, l, u] with p l u = a, k = min(m, n): p (..., m, m), unit lower l (..., m, k), u (..., k, n); [p l, u] with `permuteL` (jax.scipy.linalg.lu). */
export function lu(
  a: ArrayLike,
  options: { readonly permuteL: true },
): [pl: Value, u: Value];
export function lu(
  a: ArrayLike,
  options?: { readonly permuteL?: false },
): [p: Value, l: Value, u: Value];
export function lu(
  a: ArrayLike,
  { permuteL = false }: { readonly permuteL?: boolean } = {},
): Value[] {
  const x = matrices("lu", a);
  const [packed, , permutation] = luOf(x);
  const [l, u] = luFactors(packed);
  const back = argsort([permutation], permutation.ndim - 1);
  const restored = (rows: Value) => gather(rows, back, x.ndim - 2);
  if (permuteL) return [restored(l), u];
  const [m] = sizesOf(x);
  const eye = identity({ shape: [...x.shape.slice(0, -1), m], dtype: x.dtype });
  return [restored(eye), l, u];
}

/** What `luFactor` gives and `luSolve` takes. */
export type LuFactors = readonly [lu: Value, pivots: Value];

/** (..., m, n) -> [lu, pivots]: both factors in one matrix, and the row (int32) each step exchanged its own with (jax.scipy.linalg.lu_factor). */
export function luFactor(a: ArrayLike): LuFactors {
  const [packed, pivots] = luOf(matrices("luFactor", a));
  return [packed, pivots];
}

export type QrMode = "reduced" | "complete" | "r" | "full";

/**
 * (..., m, n) -> [q, r] with q r = a, q^T q = 1, r upper triangular: q (..., m, k), r (..., k, n), k = min(m, n), or m
 * in mode "complete"; r alone in mode "r" (jax.numpy.linalg.qr). Signs are LAPACK's.
 */
export function qr(a: ArrayLike, options: { readonly mode: "r" }): Value;
export function qr(
  a: ArrayLike,
  options?: { readonly mode?: Exclude<QrMode, "r"> },
): [q: Value, r: Value];
export function qr(
  a: ArrayLike,
  { mode = "reduced" }: { readonly mode?: QrMode } = {},
): Value | [q: Value, r: Value] {
  if (!["reduced", "complete", "full", "r"].includes(mode))
    throw new TypeError(
      `qr: expected mode "reduced", "complete" or "r", got "${mode}"`,
    );
  const full = mode === "complete" || mode === "full";
  const [q, r] = qrOf(matrices("qr", a), full);
  return mode === "r" ? r : [q, r];
}

export interface EighOptions {
  /** The triangle that is read; it matters only with `symmetrizeInput: false`. */
  readonly UPLO?: "L" | "U";
  /** Take (a + a^T) / 2, as is the default. */
  readonly symmetrizeInput?: boolean;
}

/**
 * Symmetric (..., n, n) -> [w, v]: eigenvalues w (..., n), ascending, and eigenvectors as the columns of v (..., n, n),
 * each with its largest element positive (jax.numpy.linalg.eigh).
 */
export function eigh(
  a: ArrayLike,
  { UPLO = "L", symmetrizeInput = true }: EighOptions = {},
): [w: Value, v: Value] {
  const x = squares("eigh", a);
  if (symmetrizeInput) return eighOf(symmetrized(x));
  return eighOf(UPLO === "L" ? x : transposed(x));
}

/** Eigenvalues (..., n), ascending, of symmetric (..., n, n) (jax.numpy.linalg.eigvalsh). */
export const eigvalsh = (a: ArrayLike, options: EighOptions = {}): Value =>
  eigh(a, options)[0];

export interface SvdOptions {
  /** u (..., m, m) and vh (..., n, n), as is the default, instead of (..., m, k) and (..., k, n). */
  readonly fullMatrices?: boolean;
}

/**
 * (..., m, n) -> [u, s, vh] with u diag(s) vh = a, s (..., k) descending, k = min(m, n); s alone with
 * `computeUv: false` (jax.numpy.linalg.svd). The largest element of each singular vector of the longer side is positive.
 */
export function svd(
  a: ArrayLike,
  options: SvdOptions & { readonly computeUv: false },
): Value;
export function svd(
  a: ArrayLike,
  options?: SvdOptions & { readonly computeUv?: true },
): [u: Value, s: Value, vh: Value];
export function svd(
  a: ArrayLike,
  {
    fullMatrices = true,
    computeUv = true,
  }: SvdOptions & { readonly computeUv?: boolean } = {},
): Value | [u: Value, s: Value, vh: Value] {
  const out = svdOf(matrices("svd", a), { fullMatrices, computeUv });
  return computeUv ? (out as [Value, Value, Value]) : out[0];
}

/** Singular values (..., min(m, n)), descending, of (..., m, n) (jax.numpy.linalg.svdvals). */
export const svdvals = (a: ArrayLike): Value => svd(a, { computeUv: false });

/**
 * (..., m, n) -> [u, p]: u with orthonormal columns (or rows) and p symmetric positive semidefinite, u p = a, or
 * p u = a with side "left" (jax.scipy.linalg.polar).
 */
export function polar(
  a: ArrayLike,
  { side = "right" }: { readonly side?: "left" | "right" } = {},
): [u: Value, p: Value] {
  const [w, s, vh] = svd(matrices("polar", a), { fullMatrices: false });
  const own = side === "right" ? transposed(vh) : w;
  const p = matmul(mul(own, asRows(s, sizesOf(own)[0])), transposed(own));
  return [matmul(w, vh), p];
}
