/** @file `qr`: orthogonal and upper triangular factors by Householder's reflections, with LAPACK's signs. */
import { scan } from "../../control/scan.ts";
import { composed } from "../../lowering/compose.ts";
import { definePrimitive } from "../../primitive.ts";
import { partials } from "../../rules/diff.ts";
import type { Value } from "../../tracer.ts";
import { add, div, eq, le, lt, max, mul, neg, select, sqrt, sub } from "../elementwise.ts"; // prettier-ignore
import { abs } from "../math.ts";
import { fill, iota, zeros } from "../fill.ts";
import { gather } from "../gather.ts";
import { reduceMax } from "../reduce.ts";
import { broadcast, sum } from "../structural.ts";
import {
  checkMatrix,
  columnOf,
  flattened,
  identity,
  isEmpty,
  leadOf,
  leading,
  lower,
  matmul,
  outer,
  resized,
  sizesOf,
  transposed,
  upper,
  vecmat,
} from "./matrix.ts";
import { triangularSolve } from "./triangular-solve.ts";

export interface QrParams {
  /** q (..., m, m) and r (..., m, n) instead of the first min(m, n) columns and rows of them. */
  readonly fullMatrices: boolean;
}

const qrP = definePrimitive<QrParams>("qr", {
  type([a], { fullMatrices }) {
    checkMatrix("qr", a);
    const [m, n] = sizesOf(a);
    const k = fullMatrices ? m : Math.min(m, n);
    return [
      { shape: [...leadOf(a), m, k], dtype: a.dtype },
      { shape: [...leadOf(a), k, n], dtype: a.dtype },
    ];
  },
  diff: {
    ...partials(),
    // With c = da r^-1 over the leading square part of r, q^T dq is the antisymmetric matrix whose strict lower triangle
    // is that of q^T c; dq has besides the part of c outside the columns of q (Roberts and Roberts 2020).
    jvp(self, [a], [da], params) {
      const [q, r] = self.bind([a], params);
      if (!da)
        return [
          [q, r],
          [[], []],
        ];
      const [m, n] = sizesOf(a);
      if (params.fullMatrices && m > n)
        throw new TypeError(
          `qr: expected mode "reduced" for the derivative of a matrix of more rows than columns, got mode "complete" and ${m} rows, ${n} columns`,
        );
      const k = Math.min(m, n);
      const c = triangularSolve(resized(r, k, k), resized(da, m, k), {
        leftSide: false,
        lower: false,
        transposeA: false,
        unitDiagonal: false,
      });
      const qt = transposed(q);
      const inside = matmul(qt, c);
      const strict = lower(inside, -1);
      const turn = sub(strict, transposed(strict));
      const dq = add(c, matmul(q, sub(turn, inside)));
      const dr = upper(sub(matmul(qt, da), matmul(turn, r)));
      return [
        [q, r],
        [[dq], [dr]],
      ];
    },
  },
  batch: leading,
  lower: composed((args, { fullMatrices }) =>
    flattened(args, [2], ([a]) => reflect(a, fullMatrices)),
  ),
});

/** a (B, m, n) -> q, r */
function reflect(a: Value, fullMatrices: boolean): Value[] {
  const [size, m, n] = a.shape;
  const steps = Math.min(m, n);
  const k = fullMatrices ? m : steps;
  const start = identity({ shape: [size, m, k], dtype: a.dtype });
  if (isEmpty(a)) return [start, resized(a, k, n)];
  const [r, [vectors, scales]] = scan(
    (rest: Value, step: Value) => {
      const [v, scale] = reflection(columnOf(rest, step), step);
      return [reflected(rest, v, scale), [v, scale]] as const;
    },
    a,
    iota([steps]),
  );
  const [q] = scan(
    (rest: Value, [v, scale]: readonly [Value, Value]) =>
      [reflected(rest, v, scale), null] as const,
    start,
    [vectors, scales] as const,
    { reverse: true },
  );
  return [q, upper(resized(r, k, n))];
}

/** (1 - scale v v^T) x for v (B, m), scale (B), x (B, m, n) */
const reflected = (x: Value, v: Value, scale: Value): Value =>
  sub(x, outer(mul(v, broadcast(scale, v.shape, [0])), vecmat(v, x)));

/**
 * The reflection that takes a column (B, m) from row `step` on to a multiple of the unit vector, its sign opposite to
 * the leading element's; none where there is nothing below that element to remove.
 */
function reflection(column: Value, step: Value): [v: Value, scale: Value] {
  const { shape } = column;
  const [size] = shape;
  const row = iota(shape, 1);
  const at = broadcast(step, shape, []);
  const spread = (x: Value) => broadcast(x, shape, [0]);
  const zero = zeros(column.type);
  const below = select(lt(at, row), column, zero);
  const alpha = gather(column, broadcast(step, [size], []), 1);
  // Squares of numbers relative to the largest neither overflow nor vanish.
  const tail = reduceMax(abs(below), [1]);
  const largest = max(abs(alpha), tail);
  const none = eq(tail, zeros(tail.type));
  const unit = select(none, fill(1, tail.type), largest);
  const relative = div(select(le(at, row), column, zero), spread(unit));
  const norm = mul(unit, sqrt(sum(mul(relative, relative), [1])));
  const beta = select(lt(alpha, zeros(alpha.type)), norm, neg(norm));
  const v = select(
    eq(row, at),
    fill(1, column.type),
    div(below, spread(select(none, unit, sub(alpha, beta)))),
  );
  const scale = select(none, zeros(beta.type), div(sub(beta, alpha), beta));
  return [v, scale];
}

/** a (..., m, n) -> q (..., m, k) with orthonormal columns and upper r (..., k, n), q r = a; k = min(m, n), or m when full. */
export const qr = (a: Value, fullMatrices: boolean): [q: Value, r: Value] =>
  qrP.bind([a], { fullMatrices }) as [Value, Value];
