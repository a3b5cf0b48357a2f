/** @file Pseudo-inverses and least squares. */
import { customJvp } from "../control/custom.ts";
import { broadcastTo } from "../numpy/promote.ts";
import { max } from "../numpy/reduce.ts";
import { add, convert, div, lt, mul, select, sub } from "../primitives/elementwise.ts"; // prettier-ignore
import { fill, zeros } from "../primitives/fill.ts";
import { asRows, identity, matmul, sizesOf, transposed } from "../primitives/linalg/matrix.ts"; // prettier-ignore
import { reshape, sum } from "../primitives/structural.ts";
import { showShape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";
import { svd } from "./decompose.ts";
import { epsilon, floats, matrices } from "./operands.ts";

export interface PinvOptions {
  /** Singular values at most this times the largest count as zero; by default 10 max(m, n) times the machine epsilon. */
  readonly rtol?: number;
}

/** Pseudo-inverses (..., n, m) of (..., m, n) (jax.numpy.linalg.pinv); differentiable where the rank does not change. */
export function pinv(a: ArrayLike, options: PinvOptions = {}): Value {
  const x = matrices("pinv", a);
  const rtol = options.rtol ?? 10 * Math.max(...sizesOf(x)) * epsilon(x);
  return pseudoInverse(rtol)(x);
}

/** Golub and Pereyra 1973: dp = -p da p + p p^T da^T (1 - a p) + (1 - p a) da^T p^T p. */
const pseudoInverse = (rtol: number): ((x: Value) => Value) =>
  customJvp(
    (x: Value) => invertValues(x, rtol),
    ([x], [dx]) => {
      const p = pseudoInverse(rtol)(x);
      const [pt, dt] = [transposed(p), transposed(dx)];
      const rest = (product: Value) => sub(identity(product.type), product);
      const inside = matmul(p, matmul(dx, p));
      const rows = matmul(matmul(p, pt), matmul(dt, rest(matmul(x, p))));
      const columns = matmul(rest(matmul(p, x)), matmul(dt, matmul(pt, p)));
      return [p, sub(add(rows, columns), inside)];
    },
  );

function invertValues(x: Value, rtol: number): Value {
  const [m, n] = sizesOf(x);
  if (Math.min(m, n) === 0) return zeros(transposed(x).type);
  const [u, s, vh] = svd(x, { fullMatrices: false });
  const v = transposed(vh);
  const inverses = reciprocals(s, rtol)[0];
  return matmul(mul(v, asRows(inverses, n)), transposed(u));
}

/** 1 / s where s is above `rtol` times the largest, else 0; and where that is. */
function reciprocals(s: Value, rtol: number): [inverses: Value, kept: Value] {
  const top = broadcastTo(max(s, { axis: -1, keepdims: true }), s.shape);
  const kept = lt(mul(top, fill(rtol, s.type)), s);
  const safe = select(kept, s, fill(1, s.type));
  return [select(kept, div(fill(1, s.type), safe), zeros(s.type)), kept];
}

export interface LstsqOptions {
  /** Singular values below this times the largest count as zero; by default max(m, n) times the machine epsilon. */
  readonly rcond?: number;
}

/**
 * a (m, n), b (m) or (m, k) -> [x, residuals (k), rank, s]: x (n) or (n, k) of least norm among those that minimise
 * |a x - b|, the squared lengths of the columns of a x - b, and the singular values of `a` (jax.numpy.linalg.lstsq).
 */
export function lstsq(
  a: ArrayLike,
  b: ArrayLike,
  { rcond }: LstsqOptions = {},
): [x: Value, residuals: Value, rank: Value, s: Value] {
  const [m, rhs] = floats("lstsq", a, b);
  if (
    m.ndim !== 2 ||
    rhs.ndim < 1 ||
    rhs.ndim > 2 ||
    rhs.shape[0] !== m.shape[0]
  )
    // prettier-ignore
    throw new TypeError(
      `lstsq: expected a matrix and a right-hand side of as many rows, got ${showShape(m.shape)} and ${showShape(rhs.shape)}`,
    );
  const columns = rhs.ndim === 1 ? reshape(rhs, [...rhs.shape, 1]) : rhs;
  const tolerance = rcond === undefined ? epsilon(m) * Math.max(...m.shape) : rcond < 0 ? epsilon(m) : rcond; // prettier-ignore
  const s = svd(m, { computeUv: false });
  const kept = s.size === 0 ? lt(s, s) : reciprocals(s, tolerance)[1];
  const x = matmul(pseudoInverse(tolerance)(m), columns);
  const off = sub(columns, matmul(m, x));
  return [
    rhs.ndim === 1 ? reshape(x, [x.shape[0]]) : x,
    sum(mul(off, off), [0]),
    sum(convert(kept, "int32"), [0]),
    s,
  ];
}
