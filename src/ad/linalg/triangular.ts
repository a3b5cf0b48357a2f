/** @file Cholesky factors and triangular systems. */
import { cholesky as choleskyFactor } from "../primitives/linalg/cholesky.ts";
import { add, mul } from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import { transposed } from "../primitives/linalg/matrix.ts";
import {
  triangularSolve as solveTriangle,
  type Triangular,
} from "../primitives/linalg/triangular-solve.ts";
import type { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";
import { floats, squares, stacks, matrices, withRightSide } from "./operands.ts"; // prettier-ignore

/** Symmetric part of `a`, so that a derivative is symmetric too. */
export const symmetrized = (a: Value): Value =>
  mul(add(a, transposed(a)), fill(0.5, a.type));

export interface CholeskyOptions {
  /** Return u with u^T u = a instead of l. */
  readonly upper?: boolean;
  /** Factorise (a + a^T) / 2, as is the default; else only the triangle that is asked for is read. */
  readonly symmetrizeInput?: boolean;
}

/**
 * (..., n, n) -> (..., n, n): lower triangular l with l l^T = a, for symmetric positive definite `a`; NaN where it is
 * not positive definite (jax.numpy.linalg.cholesky).
 */
export function cholesky(
  a: ArrayLike,
  { upper = false, symmetrizeInput = true }: CholeskyOptions = {},
): Value {
  const x = squares("cholesky", a);
  if (symmetrizeInput) {
    const l = choleskyFactor(symmetrized(x));
    return upper ? transposed(l) : l;
  }
  return upper ? transposed(choleskyFactor(transposed(x))) : choleskyFactor(x);
}

/** op(a) x = b or x op(a) = b with triangular `a`; operands (..., n, n) and (..., n, m) or (..., m, n), leading axes broadcast (jax.lax.linalg.triangular_solve). */
export function triangularSolve(
  a: ArrayLike,
  b: ArrayLike,
  options: Partial<Triangular> = {},
): Value {
  const [x, y] = floats("triangularSolve", a, b);
  return solveTriangle(
    ...stacks(
      "triangularSolve",
      squares("triangularSolve", x),
      matrices("triangularSolve", y),
    ),
    {
      leftSide: false,
      lower: false,
      transposeA: false,
      unitDiagonal: false,
      ...options,
    },
  );
}

/** Whether a system is a x = b (0, "N") or a^T x = b (1, "T"; 2, "C" is the same for real numbers). */
export type Trans = 0 | 1 | 2 | "N" | "T" | "C";

/** Whether `trans` asks for the transpose. */
export function isTransposed(who: string, trans: Trans): boolean {
  if (![0, 1, 2, "N", "T", "C"].includes(trans))
    throw new TypeError(
      `${who}: expected trans to be 0, 1, 2, "N", "T" or "C", got ${String(trans)}`,
    );
  return trans !== 0 && trans !== "N";
}

export interface SolveTriangularOptions {
  /** Read the lower triangle of `a` instead of the upper one. */
  readonly lower?: boolean;
  readonly trans?: Trans;
  /** The diagonal counts as ones and is not read. */
  readonly unitDiagonal?: boolean;
}

/** x with op(a) x = b for triangular a (..., n, n) and b (n) or (..., n, m) (jax.scipy.linalg.solve_triangular). */
export function solveTriangular(
  a: ArrayLike,
  b: ArrayLike,
  { lower = false, trans = 0, unitDiagonal = false }: SolveTriangularOptions = {}, // prettier-ignore
): Value {
  const transposeA = isTransposed("solveTriangular", trans);
  const [x, y] = floats("solveTriangular", a, b);
  return withRightSide(
    "solveTriangular",
    squares("solveTriangular", x),
    y,
    (m, rhs) =>
      solveTriangle(m, rhs, { leftSide: true, lower, transposeA, unitDiagonal }), // prettier-ignore
  );
}
