/** @file Norms of whole trees and gradients clipped by them. */
import {
  add,
  divide,
  less,
  multiply,
  sqrt,
  sum,
  where,
} from "../numpy/index.ts";
import type { Value } from "../tracer.ts";
import { leaves, map } from "../tree.ts";
import { asValue, type ArrayLike } from "../value.ts";

/** The Euclidean norm of all leaves together. */
export function l2Norm(tree: unknown): Value {
  const squares = leaves(tree).map((leaf) => {
    const x = asValue("l2Norm", leaf);
    return sum(multiply(x, x));
  });
  return sqrt(squares.reduce(add, asValue("l2Norm", 0)));
}

/** The tree scaled down so that its norm is at most `maxNorm`. */
export function clipGrads<P>(grads: P, maxNorm: ArrayLike): P {
  const norm = l2Norm(grads);
  return map(
    (g: ArrayLike) =>
      where(less(norm, maxNorm), g, multiply(g, divide(maxNorm, norm))),
    grads,
  ) as P;
}
