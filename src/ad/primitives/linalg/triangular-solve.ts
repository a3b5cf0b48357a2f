/** @file `triangularSolve`: systems with a triangular matrix, linear in the right-hand side. */
import { composed } from "../../lowering/compose.ts";
import { Unknown, definePrimitive } from "../../primitive.ts";
import { scan } from "../../control/scan.ts";
import { showType } from "../../shape.ts";
import type { Value } from "../../tracer.ts";
import { div, neg, sub } from "../elementwise.ts";
import { iota } from "../fill.ts";
import { gather } from "../gather.ts";
import { broadcast, moveAxis } from "../structural.ts";
import {
  checkMatrix,
  checkStacks,
  diagonal,
  flattened,
  isEmpty,
  leading,
  lower as lowerOf,
  matmul,
  outer,
  sizesOf,
  transposed,
  upper as upperOf,
} from "./matrix.ts";

export interface Triangular {
  /** op(a) x = b where true, x op(a) = b where false. */
  readonly leftSide: boolean;
  /** Which triangle of `a` is read, before it is transposed. */
  readonly lower: boolean;
  /** op(a) is the transpose of `a`. */
  readonly transposeA: boolean;
  /** The diagonal counts as ones and is not read. */
  readonly unitDiagonal: boolean;
}

const triangularSolveP = definePrimitive<Triangular>("triangularSolve", {
  type([a, b], { leftSide }) {
    checkMatrix("triangularSolve", a, true);
    checkMatrix("triangularSolve", b);
    checkStacks("triangularSolve", a, b);
    if (sizesOf(b)[leftSide ? 0 : 1] !== sizesOf(a)[0])
      throw new TypeError(
        `triangularSolve: expected as many ${leftSide ? "rows" : "columns"} in b as in a, got ${showType(a)} and ${showType(b)}`,
      );
    return [b];
  },
  diff: {
    // x op(a) = b: dx op(a) = db - x op(da), and likewise from the left.
    jvp(self, [a, b], [da, db], params) {
      const [x] = self.bind([a, b], params);
      const terms: Value[] = db ? self.bind([a, db], params) : [];
      if (da) {
        const read = part(da, params);
        const op = params.transposeA ? transposed(read) : read;
        const product = params.leftSide ? matmul(op, x) : matmul(x, op);
        terms.push(...self.bind([a, neg(product)], params));
      }
      return [[x], [terms]];
    },
    transpose(self, [ct], [a], params) {
      if (a instanceof Unknown)
        throw new TypeError(
          "triangularSolve: cannot be transposed because it is not linear in its matrix",
        );
      const flipped = { ...params, transposeA: !params.transposeA };
      return [null, ct && self.bind([a, ct], flipped)[0]];
    },
  },
  batch: leading,
  lower: composed((args, params) =>
    flattened(args, [2, 2], ([a, b]) => [substitute(a, b, params)]),
  ),
});

/** The elements of `a` that are read. */
const part = (a: Value, { lower, unitDiagonal }: Triangular): Value =>
  lower ? lowerOf(a, unitDiagonal ? -1 : 0) : upperOf(a, unitDiagonal ? 1 : 0);

/** Substitution row by row: each solved row is subtracted at once from all that remain. a (B, n, n), b (B, n, m) */
function substitute(a: Value, b: Value, params: Triangular): Value {
  if (isEmpty(b)) return b;
  const { leftSide, lower, transposeA, unitDiagonal } = params;
  if (!leftSide)
    return transposed(
      substitute(a, transposed(b), {
        ...params,
        leftSide: true,
        transposeA: !transposeA,
      }),
    );
  const [size, n, m] = b.shape;
  const strict = lower ? lowerOf(a, -1) : upperOf(a, 1);
  const columns = moveAxis(strict, transposeA ? 1 : 2, 0);
  const pivots = moveAxis(diagonal(a), 1, 0);
  const [, rows] = scan(
    (rest: Value, [k, column, pivot]: [Value, Value, Value]) => {
      const row = gather(rest, broadcast(k, [size], []), 1);
      const x = unitDiagonal ? row : div(row, broadcast(pivot, [size, m], [0]));
      return [sub(rest, outer(column, x)), x] as const;
    },
    b,
    [iota([n]), columns, pivots] as [Value, Value, Value],
    { reverse: lower === transposeA },
  );
  return moveAxis(rows, 0, 1);
}

/**
 * x with op(a) x = b (`leftSide`) or x op(a) = b: a (..., n, n), b (..., n, m) or (..., m, n), equal leading axes.
 */
export const triangularSolve = (
  a: Value,
  b: Value,
  params: Triangular,
): Value => triangularSolveP.bind([a, b], params)[0];

/** op(a)^-1 b with operands' leading axes already equal: the common call in derivative rules. */
export const solveLower = (l: Value, b: Value, transposeA = false): Value =>
  triangularSolve(l, b, {
    leftSide: true,
    lower: true,
    transposeA,
    unitDiagonal: false,
  });
