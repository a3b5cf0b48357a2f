/** @file Systems with square matrices, factorised on the way or before. */
import { scan } from "../control/scan.ts";
import { broadcastTo } from "../numpy/promote.ts";
import { eq, select } from "../primitives/elementwise.ts";
import { iota } from "../primitives/fill.ts";
import { gather } from "../primitives/gather.ts";
import { identity, lower, sizesOf, transposed, upper } from "../primitives/linalg/matrix.ts"; // prettier-ignore
import { choleskySolve, luSolve as permutedSolve, solve as solveSystem } from "../primitives/linalg/solve.ts"; // prettier-ignore
import { broadcast, moveAxis, reshape } from "../primitives/structural.ts";
import { sizeOf } from "../shape.ts";
import type { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";
import type { LuFactors } from "./decompose.ts";
import { floats, squares, withRightSide } from "./operands.ts";
import { cholesky, isTransposed, type Trans } from "./triangular.ts"; // prettier-ignore

export interface SolveOptions {
  /** What is known of `a`; with "pos", symmetric positive definite, its upper triangle is read and factorised by Cholesky. */
  readonly assumeA?: "gen" | "sym" | "her" | "pos";
  /** Read the lower triangle instead, with "pos". */
  readonly lower?: boolean;
}

/** x with a x = b: a (..., n, n), b (n) or (..., n, m), leading axes broadcast (jax.numpy.linalg.solve, jax.scipy.linalg.solve). */
export function solve(
  a: ArrayLike,
  b: ArrayLike,
  { assumeA = "gen", lower: fromLower = false }: SolveOptions = {},
): Value {
  if (!["gen", "sym", "her", "pos"].includes(assumeA))
    throw new TypeError(
      `solve: expected assumeA "gen", "sym", "her" or "pos", got "${assumeA}"`,
    );
  const [x, y] = floats("solve", a, b);
  const positive = assumeA === "pos";
  return withRightSide("solve", squares("solve", x), y, (m, rhs) =>
    solveSystem(positive && !fromLower ? transposed(m) : m, rhs, { positive }),
  );
}

/** Inverses of (..., n, n) (jax.numpy.linalg.inv). */
export function inv(a: ArrayLike): Value {
  const x = squares("inv", a);
  return solveSystem(x, identity(x.type));
}

/** x with a x = b, or a^T x = b, from `luFactor(a)`; b (n) or (..., n, m) (jax.scipy.linalg.lu_solve). */
export function luSolve(
  [lu, pivots]: LuFactors,
  b: ArrayLike,
  { trans = 0 }: { readonly trans?: Trans } = {},
): Value {
  const transposeA = isTransposed("luSolve", trans);
  const [factors, y] = floats("luSolve", lu, b);
  const permutation = permutationOf(pivots, sizesOf(factors)[0]);
  return withRightSide("luSolve", squares("luSolve", factors), y, (m, rhs) => {
    const order = broadcastTo(permutation, m.shape.slice(0, -1));
    return permutedSolve(m, order, rhs, transposeA);
  });
}

/** The order of n rows after row k was exchanged with row pivots[..., k], for every k in turn. */
function permutationOf(pivots: Value, n: number): Value {
  const lead = pivots.shape.slice(0, -1);
  const size = sizeOf(lead);
  const steps = pivots.shape[pivots.ndim - 1];
  const index = iota([size, n], 1);
  const spread = (x: Value) => broadcast(x, [size, n], [0]);
  const [order] = scan(
    (rows: Value, [k, pivot]: readonly [Value, Value]) => {
      const step = broadcast(k, [size], []);
      const swapped = select(
        eq(index, spread(step)),
        spread(gather(rows, pivot, 1)),
        select(eq(index, spread(pivot)), spread(gather(rows, step, 1)), rows),
      );
      return [swapped, null] as const;
    },
    index,
    [iota([steps]), moveAxis(reshape(pivots, [size, steps]), 1, 0)] as const,
  );
  return reshape(order, [...lead, n]);
}

/** What `choFactor` gives and `choSolve` takes; the other triangle of `c` is not read. */
export type CholeskyFactors = readonly [c: Value, lower: boolean];

/** [c, lower]: the Cholesky factor of `a` (..., n, n), upper by default, of which that triangle is read (jax.scipy.linalg.cho_factor). */
export const choFactor = (
  a: ArrayLike,
  { lower: fromLower = false }: { readonly lower?: boolean } = {},
): CholeskyFactors => [
  cholesky(a, { upper: !fromLower, symmetrizeInput: false }),
  fromLower,
];

/** x with a x = b from `choFactor(a)`; b (n) or (..., n, m) (jax.scipy.linalg.cho_solve). */
export function choSolve([c, isLower]: CholeskyFactors, b: ArrayLike): Value {
  const [factor, y] = floats("choSolve", c, b);
  return withRightSide("choSolve", squares("choSolve", factor), y, (m, rhs) =>
    choleskySolve(isLower ? lower(m) : transposed(upper(m)), rhs),
  );
}
