/** @file `svd`: singular values and vectors by one-sided Jacobi rotations of a triangular factor. */
import { composed } from "../../lowering/compose.ts";
import { definePrimitive } from "../../primitive.ts";
import { partials } from "../../rules/diff.ts";
import { range } from "../../shape.ts";
import type { Value } from "../../tracer.ts";
import { add, div, eq, lt, max, mul, select, sqrt, sub } from "../elementwise.ts"; // prettier-ignore
import { dot } from "../dot.ts";
import { fill, zeros } from "../fill.ts";
import { gather } from "../gather.ts";
import { abs } from "../math.ts";
import { reduceMax } from "../reduce.ts";
import { concatenate, sliceAxis } from "../slicing.ts";
import { argsort } from "../sort.ts";
import { reshape, sum } from "../structural.ts";
import { prepare, rotation, roundoff, rowNorms, rowSigns, scaleRows, spoiled, sweep, tiny, turnRows } from "./jacobi.ts"; // prettier-ignore
import {
  asColumns,
  asRows,
  checkMatrix,
  diagonal,
  flattened,
  identity,
  isEmpty,
  leadOf,
  leading,
  matmul,
  resized,
  sizesOf,
  transposed,
} from "./matrix.ts";
import { qr } from "./qr.ts";

export interface SvdParams {
  /** u (..., m, m) and vt (..., n, n) instead of the first min(m, n) columns and rows of them. */
  readonly fullMatrices: boolean;
  /** Results are [u, s, vt] where true, [s] where false. */
  readonly computeUv: boolean;
}

const thin: SvdParams = { fullMatrices: false, computeUv: true };

const svdP = definePrimitive<SvdParams>("svd", {
  type([a], { fullMatrices, computeUv }) {
    checkMatrix("svd", a);
    const [m, n] = sizesOf(a);
    const k = Math.min(m, n);
    const typed = (...shape: number[]) => ({
      shape: [...leadOf(a), ...shape],
      dtype: a.dtype,
    });
    return computeUv
      ? [
          typed(m, fullMatrices ? m : k),
          typed(k),
          typed(fullMatrices ? n : k, n),
        ]
      : [typed(k)];
  },
  diff: {
    ...partials(),
    // Townsend 2016: with p = u^T da v, ds = diag(p), du = u (f * (p s + s p^T)), dv = v (f * (s p + p^T s)) where
    // f[i, j] = 1 / (s[j]^2 - s[i]^2), and what da takes out of the spaces of u and v is added, divided by s.
    jvp(self, [a], [da], params) {
      const [m, n] = sizesOf(a);
      if (params.computeUv && params.fullMatrices && m !== n)
        throw new TypeError(
          `svd: expected fullMatrices: false for the derivative of a matrix that is not square, got ${m} rows and ${n} columns`,
        );
      const [u, s, vt] = self.bind([a], thin);
      const out = params.computeUv ? [u, s, vt] : [s];
      if (!da) return [out, out.map(() => [])];
      const [ut, v] = [transposed(u), transposed(vt)];
      const p = matmul(ut, matmul(da, v));
      const ds = diagonal(p);
      if (!params.computeUv) return [out, [[ds]]];
      const k = Math.min(m, n);
      const [rows, columns] = [asRows(s, k), asColumns(s, k)];
      const eye = identity(p.type);
      const gaps = mul(add(rows, columns), sub(rows, columns));
      const f = sub(div(fill(1, gaps.type), add(gaps, eye)), eye);
      const [ps, sp] = [mul(p, rows), mul(p, columns)];
      const du = [matmul(u, mul(f, add(ps, transposed(ps))))];
      const dv = [matmul(v, mul(f, add(sp, transposed(sp))))];
      if (m > n) du.push(outside(u, matmul(da, v), s));
      if (n > m) dv.push(outside(v, matmul(transposed(da), u), s));
      return [out, [du, [ds], dv.map(transposed)]];
    },
  },
  batch: leading,
  lower: composed((args, { fullMatrices, computeUv }) =>
    flattened(args, [2], ([a]) =>
      computeUv ? decompose(a, fullMatrices) : [values(a)],
    ),
  ),
});

/** The part of `x` outside the columns of `q`, divided by `s`. */
const outside = (q: Value, x: Value, s: Value): Value =>
  div(sub(x, matmul(q, matmul(transposed(q), x))), asRows(s, sizesOf(x)[0]));

/** a (B, m, n) -> u, s, vt */
function decompose(a: Value, full: boolean): [u: Value, s: Value, vt: Value] {
  const [size, m, n] = a.shape;
  if (isEmpty(a)) {
    const orthogonal = (rows: number, columns: number) =>
      identity({ shape: [size, rows, columns], dtype: a.dtype });
    const s = zeros({ shape: [size, Math.min(m, n)], dtype: a.dtype });
    return full
      ? [orthogonal(m, m), s, orthogonal(n, n)]
      : [orthogonal(m, 0), s, orthogonal(0, n)];
  }
  if (m < n) {
    const [v, s, ut] = decompose(transposed(a), full);
    return [transposed(ut), s, transposed(v)];
  }
  const { q, r, place, unit, bad } = reduced(a, full);
  const [left, s, rows] = vectorsOf(r);
  const u = matmul(sliceAxis(q, 2, 0, n), left);
  const signs = rowSigns(transposed(u));
  const back = argsort([place], 1);
  const vt = transposed(gather(transposed(scaleRows(rows, signs)), back, 1));
  const signed = mul(u, asRows(signs, m));
  const all = full ? concatenate([signed, sliceAxis(q, 2, n, m)], 2) : signed;
  return [
    spoiled(all, bad),
    spoiled(mul(s, asColumns(unit, n)), bad),
    spoiled(vt, bad),
  ];
}

/** a (B, m, n) -> its singular values, for which no vectors are rotated. */
function values(a: Value): Value {
  const [size, m, n] = a.shape;
  if (isEmpty(a))
    return zeros({ shape: [size, Math.min(m, n)], dtype: a.dtype });
  if (m < n) return values(transposed(a));
  const { r, unit, bad } = reduced(a, false);
  const norms = rowNorms(rotated(r, [])[0]);
  const s = gather(norms, argsort([norms], 1, true), 1);
  return spoiled(mul(s, asColumns(unit, n)), bad);
}

/**
 * a (B, m, n), m >= n, made safe, its columns put in the order of `place`, longest first, and factorised. The rows of
 * r then shrink downwards, which rotations of rows keep accurate (Drmac and Veselic 2008).
 */
function reduced(a: Value, full: boolean) {
  const { x, unit, bad } = prepare(a);
  const [, n] = sizesOf(a);
  const columns = transposed(x);
  const place = argsort([sum(mul(columns, columns), [2])], 1, true);
  const [q, r] = qr(transposed(gather(columns, place, 1)), full);
  return { q, r: resized(r, n, n), place, unit, bad };
}

/** r (B, n, n), and any other matrices of n rows, with rows rotated until those of r are at right angles. */
function rotated(r: Value, others: readonly Value[]): Value[] {
  const [size, n] = r.shape;
  // Rows come in pairs; one more, of zeros, never turns.
  const even = n + (n % 2);
  const [half, floor] = [even / 2, tiny(r.dtype)];
  const turned = sweep(
    [r, ...others].map((x) => resized(x, even, n)),
    (state) => {
      const rows = reshape(state[0], [size, half, 2, n]);
      const products = dot(rows, rows, {
        contract: [[3], [3]],
        batch: [
          [0, 1],
          [0, 1],
        ],
      });
      const [p, g, , q] = range(4).map((k) =>
        reshape(sliceAxis(reshape(products, [size, half, 4]), 2, k, k + 1), [
          size,
          half,
        ]),
      );
      const [c, s] = rotation(p, q, g);
      const sizes = max(mul(sqrt(p), sqrt(q)), fill(floor, p.type));
      const found = reduceMax(div(abs(g), sizes), [0, 1]);
      return [state.map((x) => turnRows(x, c, s)), found];
    },
    even - 1,
    n * roundoff(r.dtype),
  );
  return turned.map((x) => resized(x, n, n));
}

/** r (B, n, n) -> its left singular vectors as columns, singular values descending, right singular vectors as rows. */
function vectorsOf(r: Value): [left: Value, s: Value, right: Value] {
  const [, n] = sizesOf(r);
  const [rows, turns] = rotated(r, [identity(r.type)]);
  const norms = rowNorms(rows);
  const order = argsort([norms], 1, true);
  const s = gather(norms, order, 1);
  const none = eq(s, zeros(s.type));
  const unit = select(none, fill(1, s.type), s);
  const directions = div(gather(rows, order, 1), asColumns(unit, n));
  // Another factorisation completes the directions of singular values that are zero; its other columns are the
  // directions themselves, up to the sign on the diagonal.
  const [v, kept] = qr(transposed(directions), false);
  const diagonals = diagonal(kept);
  const signs = select(
    lt(diagonals, zeros(diagonals.type)),
    fill(-1, s.type),
    fill(1, s.type),
  );
  const left = transposed(gather(turns, order, 1));
  return [left, s, scaleRows(transposed(v), signs)];
}

/** a (..., m, n) -> [u, s, vt] with u diag(s) vt = a, s (..., min(m, n)) descending; only [s] without `computeUv`. */
export const svd = (a: Value, params: SvdParams): Value[] =>
  svdP.bind([a], params);
