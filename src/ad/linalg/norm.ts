/** @file Norms and what is told from singular values: condition numbers and ranks. */
import { any, max, min, sum } from "../numpy/reduce.ts";
import { broadcastTo, toFloat } from "../numpy/promote.ts";
import { and, convert, div, eq, lt, mul, not, select, sqrt } from "../primitives/elementwise.ts"; // prettier-ignore
import { fill } from "../primitives/fill.ts";
import { abs, pow } from "../primitives/math.ts";
import { sliceAxis } from "../primitives/slicing.ts";
import { moveAxis, reshape, sum as sumAxes } from "../primitives/structural.ts";
import { normalizeAxis, range, sizeOf } from "../shape.ts";
import type { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";
import { svdvals } from "./decompose.ts";
import { epsilon, matrices } from "./operands.ts";
import { inv } from "./solve.ts";

export type NormOrder = number | "fro" | "f" | "nuc";

export interface NormOptions {
  /** One axis: vectors. Two: matrices. By default all of them. */
  readonly axis?: number | readonly number[] | null;
  readonly ord?: NormOrder | null;
  /** Leaves the reduced axes in place with size 1. */
  readonly keepdims?: boolean;
}

interface Reduced {
  readonly axis?: number | readonly number[];
  readonly keepdims: boolean;
}

/** `initial` lets an empty axis have the norm 0. */
const largest = (x: Value, options: Reduced) =>
  max(x, { ...options, initial: 0 });
const euclidean = (x: Value, options: Reduced) => sqrt(sum(mul(x, x), options));

/**
 * Norms of vectors (one axis) or matrices (two axes); without `ord` the square root of the sum of squares over any
 * number of axes (jax.numpy.linalg.norm). Vectors: any number. Matrices: "fro", "nuc", 1, -1, 2, -2, Infinity, -Infinity.
 */
export function norm(
  x: ArrayLike,
  { ord = null, axis = null, keepdims = false }: NormOptions = {},
): Value {
  const value = toFloat("norm", x);
  if (axis === null && ord === null) return euclidean(value, { keepdims });
  const axes = (axis === null ? range(value.ndim) : [axis].flat()).map((i) =>
    normalizeAxis("norm", i, value.ndim),
  );
  if (axes.length === 1) return ofVectors("norm", value, ord ?? 2, { axis: axes[0], keepdims }); // prettier-ignore
  if (axes.length === 2)
    return ofMatrices("norm", value, ord ?? "fro", axes[0], axes[1], keepdims);
  throw new TypeError(
    `norm: expected one axis for vectors or two for matrices, got ${axes.length}`,
  );
}

export interface VectorNormOptions {
  readonly axis?: number | readonly number[] | null;
  readonly ord?: number;
  readonly keepdims?: boolean;
}

/** Norms of the vectors along an axis; all axes together are one vector by default (jax.numpy.linalg.vector_norm). */
export function vectorNorm(
  x: ArrayLike,
  { axis = null, ord = 2, keepdims = false }: VectorNormOptions = {},
): Value {
  const options = axis === null ? { keepdims } : { axis, keepdims };
  return ofVectors("vectorNorm", toFloat("vectorNorm", x), ord, options);
}

export interface MatrixNormOptions {
  readonly ord?: NormOrder;
  readonly keepdims?: boolean;
}

/** Norms (...) of the matrices (..., m, n) (jax.numpy.linalg.matrix_norm). */
export function matrixNorm(
  x: ArrayLike,
  { ord = "fro", keepdims = false }: MatrixNormOptions = {},
): Value {
  const value = matrices("matrixNorm", x);
  const [rows, columns] = [value.ndim - 2, value.ndim - 1];
  return ofMatrices("matrixNorm", value, ord, rows, columns, keepdims);
}

function ofVectors(
  who: string,
  x: Value,
  ord: NormOrder,
  options: Reduced,
): Value {
  if (typeof ord !== "number")
    throw new TypeError(
      `${who}: expected a number as the order of a vector norm, got "${ord}"`,
    );
  switch (ord) {
    case 2:
      return euclidean(x, options);
    case 1:
      return sum(abs(x), options);
    case 0:
      return sum(convert(not(eq(x, fill(0, x.type))), x.dtype), options);
    case Infinity:
      return largest(abs(x), options);
    case -Infinity:
      return min(abs(x), options);
    default: {
      const total = sum(pow(abs(x), fill(ord, x.type)), options);
      return pow(total, fill(1 / ord, total.type));
    }
  }
}

function ofMatrices(
  who: string,
  x: Value,
  ord: NormOrder,
  rows: number,
  columns: number,
  keepdims: boolean,
): Value {
  if (rows === columns)
    throw new RangeError(
      `${who}: expected two different axes, got ${rows} and ${columns}`,
    );
  const kept = { keepdims: true };
  const values = () =>
    svdvals(
      moveAxis(moveAxis(x, rows, x.ndim - 1), rows < columns ? columns - 1 : columns, x.ndim - 1), // prettier-ignore
    );
  const shape = x.shape.map((n, i) => (i === rows || i === columns ? 1 : n));
  const summed = (axis: number) => sum(abs(x), { axis, ...kept });
  const norms = (): Value => {
    switch (ord) {
      case "fro":
      case "f":
        return euclidean(x, { axis: [rows, columns], ...kept });
      case "nuc":
        return sum(values(), { axis: -1 });
      case 2:
        return largest(values(), { axis: -1, keepdims: false });
      case -2:
        return min(values(), { axis: -1 });
      case 1:
        return largest(summed(rows), { axis: columns, ...kept });
      case -1:
        return min(summed(rows), { axis: columns, ...kept });
      case Infinity:
        return largest(summed(columns), { axis: rows, ...kept });
      case -Infinity:
        return min(summed(columns), { axis: rows, ...kept });
      default:
        throw new TypeError(
          `${who}: expected "fro", "nuc", 1, -1, 2, -2, Infinity or -Infinity as the order of a matrix norm, got ${ord}`,
        );
    }
  };
  return reshape(
    norms(),
    keepdims ? shape : shape.filter((_, i) => i !== rows && i !== columns),
  );
}

/** Condition numbers (...) of (..., m, n): of the 2-norm by default, by the singular values (jax.numpy.linalg.cond). */
export function cond(
  x: ArrayLike,
  { p = 2 }: { readonly p?: NormOrder | null } = {},
): Value {
  const value = matrices("cond", x);
  const order = p ?? 2;
  const ratio = (): Value => {
    if (order !== 2 && order !== -2)
      return mul(
        matrixNorm(value, { ord: order }),
        matrixNorm(inv(value), { ord: order }),
      );
    const s = svdvals(value);
    const [first, last] = [0, s.shape[s.ndim - 1] - 1].map((i) =>
      reshape(sliceAxis(s, s.ndim - 1, i, i + 1), s.shape.slice(0, -1)),
    );
    return order === 2 ? div(first, last) : div(last, first);
  };
  const r = ratio();
  // A singular matrix is infinitely badly conditioned; a NaN of the matrix stays one.
  const given = not(any(not(eq(value, value)), { axis: [-2, -1] }));
  const lost = and(not(eq(r, r)), given);
  return select(lost, fill(Infinity, r.type), r);
}

/** How many singular values (...) of (..., m, n) are above `rtol` (by default max(m, n) times the machine epsilon) times the largest (jax.numpy.linalg.matrix_rank). */
export function matrixRank(
  m: ArrayLike,
  options: { readonly rtol?: number } = {},
): Value {
  const x = toFloat("matrixRank", m);
  if (x.ndim < 2) return convert(any(not(eq(x, fill(0, x.type)))), "int32");
  const rtol = options.rtol ?? Math.max(...x.shape.slice(-2)) * epsilon(x);
  const s = svdvals(x);
  if (sizeOf(s.shape) === 0) return convert(sumAxes(s, [s.ndim - 1]), "int32");
  const bound = broadcastTo(max(s, { axis: -1, keepdims: true }), s.shape);
  const above = lt(mul(bound, fill(rtol, s.type)), s);
  return sumAxes(convert(above, "int32"), [s.ndim - 1]);
}
