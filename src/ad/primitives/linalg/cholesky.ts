/** @file `cholesky`: the lower triangular factor of symmetric positive definite matrices. */
import { composed } from "../../lowering/compose.ts";
import { definePrimitive } from "../../primitive.ts";
import { partials } from "../../rules/diff.ts";
import { scan } from "../../control/scan.ts";
import type { Value } from "../../tracer.ts";
import { add, div, le, lt, mul, not, select, sqrt, sub } from "../elementwise.ts"; // prettier-ignore
import { fill, iota, zeros } from "../fill.ts";
import { gather } from "../gather.ts";
import { reduceMax } from "../reduce.ts";
import { broadcast, transpose } from "../structural.ts";
import {
  checkMatrix,
  flattened,
  isEmpty,
  leading,
  lower,
  matmul,
  outer,
  symmetricFromLower,
  transposed,
} from "./matrix.ts";
import { solveLower } from "./triangular-solve.ts";

const choleskyP = definePrimitive<Record<string, never>>("cholesky", {
  type([a]) {
    checkMatrix("cholesky", a, true);
    return [a];
  },
  diff: {
    ...partials(),
    // dl = l phi(l^-1 da l^-T), phi the lower triangle with half of the diagonal (Murray 2016, eq. 8).
    jvp(self, [a], [da], params) {
      const [l] = self.bind([a], params);
      if (!da) return [[l], [[]]];
      const left = solveLower(l, symmetricFromLower(da));
      const both = solveLower(l, transposed(left));
      const phi = mul(add(lower(both), lower(both, -1)), fill(0.5, both.type));
      return [[l], [[matmul(l, phi)]]];
    },
  },
  batch: leading,
  lower: composed((args) => flattened(args, [2], ([a]) => [factor(a)])),
});

/** Column by column, each column's outer product subtracted from what remains. a (B, n, n) */
function factor(a: Value): Value {
  if (isEmpty(a)) return a;
  const [size, n] = a.shape;
  const index = iota([size, n], 1);
  const [, [columns, pivots]] = scan(
    (rest: Value, k: Value) => {
      const at = broadcast(k, [size], []);
      // What remains is symmetric, so its column k is the row that lies in one piece.
      const row = gather(rest, at, 1);
      const pivot = gather(row, at, 1);
      const column = select(
        le(broadcast(k, [size, n], []), index),
        div(row, broadcast(sqrt(pivot), [size, n], [0])),
        zeros(row.type),
      );
      return [sub(rest, outer(column, column)), [column, pivot]] as const;
    },
    symmetricFromLower(a),
    iota([n]),
  );
  const bad = reduceMax(not(lt(zeros(pivots.type), pivots)), [0]);
  const l = transpose(columns, [1, 2, 0]);
  return lower(select(broadcast(bad, l.shape, [0]), fill(NaN, l.type), l));
}

/** (..., n, n) -> (..., n, n): lower l with l l^T = a, from the lower triangle of `a`; NaN where `a` is not positive definite. */
export const cholesky = (a: Value): Value => choleskyP.bind([a], {})[0];
