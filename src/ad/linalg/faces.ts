/** @file Functions numpy.linalg has by the names of numpy's own, but over the last two axes. */
import * as np from "../numpy/grids.ts";
import type { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";

interface Offset {
  /** Which diagonal: above the main one where positive. */
  readonly offset?: number;
}

const lastAxes = { axis1: -2, axis2: -1 } as const;

/** Diagonals of the matrices (..., m, n), as the last axis (jax.numpy.linalg.diagonal). */
export const diagonal = (x: ArrayLike, options: Offset = {}): Value =>
  np.diagonal(x, { ...options, ...lastAxes });

/** Traces (...) of the matrices (..., m, n) (jax.numpy.linalg.trace). */
export const trace = (x: ArrayLike, options: Offset = {}): Value =>
  np.trace(x, { ...options, ...lastAxes });
