/** @file `lu`: triangular factors with the rows exchanged so that every pivot is the largest left in its column. */
import { scan } from "../../control/scan.ts";
import { composed } from "../../lowering/compose.ts";
import { definePrimitive } from "../../primitive.ts";
import { partials } from "../../rules/diff.ts";
import type { Value } from "../../tracer.ts";
import { add, and, div, eq, lt, not, select, sub } from "../elementwise.ts"; // prettier-ignore
import { abs } from "../math.ts";
import { fill, iota, zeros } from "../fill.ts";
import { gather } from "../gather.ts";
import { argmax } from "../reduce.ts";
import { broadcast, transpose } from "../structural.ts";
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
  upper,
} from "./matrix.ts";
import { triangularSolve } from "./triangular-solve.ts";

type NoParams = Record<string, never>;

const luP = definePrimitive<NoParams>("lu", {
  type([a]) {
    checkMatrix("lu", a);
    const [m, n] = sizesOf(a);
    const integers = (k: number) =>
      ({ shape: [...leadOf(a), k], dtype: "int32" }) as const;
    return [a, integers(Math.min(m, n)), integers(m)];
  },
  diff: {
    ...partials(),
    // With f = l^-1 p da u^-1 the strict lower triangle of f moves l and the rest moves u; factors of matrices that
    // are not square are completed by rows and columns of the identity.
    jvp(self, [a], [da], params) {
      const out = self.bind([a], params);
      if (!da) return [out, [[], [], []]];
      const [packed, , permutation] = out;
      const [m, n] = sizesOf(a);
      const l = lowerFactor(packed, m);
      const u = upperFactor(packed, n);
      const rows = gather(da, permutation, da.ndim - 2);
      const left = triangularSolve(l, rows, {
        leftSide: true,
        lower: true,
        transposeA: false,
        unitDiagonal: true,
      });
      const both = triangularSolve(u, left, {
        leftSide: false,
        lower: false,
        transposeA: false,
        unitDiagonal: false,
      });
      const moved = add(matmul(l, lower(both, -1)), matmul(upper(both), u));
      return [out, [[moved], [], []]];
    },
  },
  batch: leading,
  lower: composed((args) =>
    flattened(args, [2], ([a]) => (isEmpty(a) ? unfactored(a) : eliminate(a))),
  ),
});

/** Unit lower triangular (..., m, m) from packed factors (..., m, n). */
function lowerFactor(packed: Value, m: number): Value {
  const square = resized(lower(packed, -1), m, m);
  return add(square, identity(square.type));
}

/** Upper triangular (..., n, n) from packed factors (..., m, n), ones below the last row of a wide matrix. */
function upperFactor(packed: Value, n: number): Value {
  const square = resized(upper(packed), n, n);
  const [m] = sizesOf(packed);
  const ones = identity(square.type);
  const row = iota(square.shape, square.ndim - 2);
  const given = lt(row, fill(m, row.type));
  return add(square, select(given, zeros(ones.type), ones));
}

/** The result for a matrix without elements: no pivots, rows in their order. */
function unfactored(a: Value): Value[] {
  const [size, m] = a.shape;
  return [a, zeros({ shape: [size, 0], dtype: "int32" }), iota([size, m], 1)];
}

/**
 * a (B, m, n) -> packed factors, pivots (B, min(m, n)), permutation (B, m). Rows stay in place while columns are
 * eliminated; what is exchanged, as LAPACK exchanges rows, is `order`, the row at each position.
 */
function eliminate(a: Value): Value[] {
  const [size, m, n] = a.shape;
  const steps = Math.min(m, n);
  const index = iota([size, m], 1);
  const spread = (x: Value) => broadcast(x, [size, m], [0]);
  const yes = eq(index, index);
  const [[, order], [multipliers, rows, pivots]] = scan(
    ([rest, order, free]: readonly [Value, Value, Value], k: Value) => {
      const step = broadcast(k, [size], []);
      const column = columnOf(rest, k);
      const sizes = select(free, abs(column), fill(-1, column.type));
      const pivot = argmax(gather(sizes, order, 1), 1);
      const row = gather(order, pivot, 1);
      const exchanged = select(
        eq(index, spread(step)),
        spread(row),
        select(eq(index, spread(pivot)), spread(gather(order, step, 1)), order),
      );
      const open = and(free, not(eq(index, spread(row))));
      const divisor = spread(gather(column, row, 1));
      // A zero pivot means a column of zeros: nothing to eliminate.
      const zero = zeros(column.type);
      const multiplier = select(
        and(open, not(eq(divisor, zero))),
        div(column, divisor),
        zero,
      );
      const pivotRow = gather(rest, row, 1);
      return [
        [sub(rest, outer(multiplier, pivotRow)), exchanged, open],
        [multiplier, pivotRow, pivot],
      ] as const;
    },
    [a, index, yes] as const,
    iota([steps]),
  );
  const l = gather(transpose(multipliers, [1, 2, 0]), order, 1);
  const u = transpose(rows, [1, 0, 2]);
  const packed = add(resized(l, m, n), resized(upper(u), m, n));
  return [packed, transpose(pivots, [1, 0]), order];
}

/**
 * a (..., m, n) -> [packed, pivots, permutation]: l below the diagonal of `packed` (..., m, n) and u on and above it,
 * with (l u) the rows of `a` in the order of `permutation` (..., m); at step k row k was exchanged with row pivots[k]
 * (int32, as LAPACK's getrf counts but from 0). Partial pivoting: the first of the largest.
 */
export const lu = (
  a: Value,
): [packed: Value, pivots: Value, permutation: Value] =>
  luP.bind([a], {}) as [Value, Value, Value];

/** Unit lower l (..., m, k) and upper u (..., k, n), k = min(m, n), from packed factors (..., m, n). */
export function luFactors(packed: Value): [l: Value, u: Value] {
  const [m, n] = sizesOf(packed);
  const k = Math.min(m, n);
  const l = resized(lower(packed, -1), m, k);
  return [add(l, identity(l.type)), resized(upper(packed), k, n)];
}
