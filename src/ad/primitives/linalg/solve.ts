/** @file `solve`: linear systems, whose derivative is another system and never that of a factorisation. */
import { composed } from "../../lowering/compose.ts";
import { Unknown, definePrimitive } from "../../primitive.ts";
import { showType } from "../../shape.ts";
import type { Value } from "../../tracer.ts";
import { argsort } from "../sort.ts";
import { neg } from "../elementwise.ts";
import { gather } from "../gather.ts";
import { cholesky } from "./cholesky.ts";
import { lu } from "./lu.ts";
import {
  checkMatrix,
  checkStacks,
  leading,
  matmul,
  sizesOf,
  symmetricFromLower,
  transposed,
} from "./matrix.ts";
import { solveLower, triangularSolve } from "./triangular-solve.ts";

export interface SolveParams {
  /** Solve a^T x = b. */
  readonly transposeA: boolean;
  /** `a` is symmetric positive definite, and only its lower triangle is read. */
  readonly positive: boolean;
}

const solveP = definePrimitive<SolveParams>("solve", {
  type([a, b]) {
    checkMatrix("solve", a, true);
    checkMatrix("solve", b);
    checkStacks("solve", a, b);
    if (sizesOf(b)[0] !== sizesOf(a)[0])
      throw new TypeError(
        `solve: expected as many rows in b as in a, got ${showType(a)} and ${showType(b)}`,
      );
    return [b];
  },
  diff: {
    // a dx = db - da x
    jvp(self, [a, b], [da, db], params) {
      const [x] = self.bind([a, b], params);
      const terms: Value[] = db ? self.bind([a, db], params) : [];
      if (da) {
        const read = params.positive ? symmetricFromLower(da) : da;
        const op = params.transposeA ? transposed(read) : read;
        terms.push(...self.bind([a, neg(matmul(op, x))], params));
      }
      return [[x], [terms]];
    },
    transpose(self, [ct], [a], params) {
      if (a instanceof Unknown)
        throw new TypeError(
          "solve: cannot be transposed because it is not linear in its matrix",
        );
      const flipped = { ...params, transposeA: !params.transposeA };
      return [null, ct && self.bind([a, ct], flipped)[0]];
    },
  },
  batch: leading,
  lower: composed(([a, b], { positive, transposeA }) => {
    if (positive) return [choleskySolve(cholesky(a), b)];
    const [packed, , permutation] = lu(a);
    return [luSolve(packed, permutation, b, transposeA)];
  }),
});

/** (l l^T)^-1 b */
export const choleskySolve = (l: Value, b: Value): Value =>
  solveLower(l, solveLower(l, b), true);

/** a^-1 b, or a^-T b, from the packed factors (..., n, n) and the permutation (..., n) of `a`. */
export function luSolve(
  packed: Value,
  permutation: Value,
  b: Value,
  transposeA: boolean,
): Value {
  const batch = b.ndim - 2;
  const substitute = (lower: boolean, x: Value) =>
    triangularSolve(packed, x, {
      leftSide: true,
      lower,
      transposeA,
      unitDiagonal: lower,
    });
  if (!transposeA)
    return substitute(false, substitute(true, gather(b, permutation, batch)));
  const back = argsort([permutation], permutation.ndim - 1);
  return gather(substitute(true, substitute(false, b)), back, batch);
}

/** x with a x = b: a (..., n, n), b (..., n, m), equal leading axes. */
export const solve = (
  a: Value,
  b: Value,
  params: Partial<SolveParams> = {},
): Value =>
  solveP.bind([a, b], { transposeA: false, positive: false, ...params })[0];
