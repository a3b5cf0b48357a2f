/** @file The categorical distribution of the last axis; it has no namesake in JAX or SciPy. */
import { broadcastTo, toFloat } from "../../numpy/promote.ts";
import { convert, eq, select } from "../../primitives/elementwise.ts";
import { fill, iota, zeros } from "../../primitives/fill.ts";
import { reduceMax } from "../../primitives/reduce.ts";
import { reshape, sum } from "../../primitives/structural.ts";
import { choose } from "../../primitives/special-arith.ts";
import { broadcastShapes } from "../../shape.ts";
import type { Value } from "../../tracer.ts";
import { asValue, type ArrayLike } from "../../value.ts";
import { logSoftmax } from "../special/softmax.ts";
import { exponential } from "./support.ts";

/**
 * log of the probability of class k where the classes of the last axis of `logits` have probabilities
 * softmax(logits); k has the shape of the other axes or broadcasts with them. -infinity for classes there are not.
 */
export function logpmf(k: ArrayLike, logits: ArrayLike): Value {
  const scores = toFloat("categorical.logpmf", logits);
  if (scores.ndim === 0)
    throw new TypeError(
      "categorical.logpmf: expected logits with a last axis of classes, got a scalar",
    );
  const classes = scores.shape[scores.ndim - 1];
  const at = convert(asValue("categorical.logpmf", k), "int32");
  const lead = broadcastShapes("categorical.logpmf", [
    at.shape,
    scores.shape.slice(0, -1),
  ]);
  const shape = [...lead, classes];
  const chosen = eq(
    broadcastTo(reshape(at, [...at.shape, 1]), shape),
    iota(shape, lead.length),
  );
  const logs = broadcastTo(logSoftmax(scores, { axis: -1 }), shape);
  const value = sum(select(chosen, logs, zeros(logs.type)), [lead.length]);
  const some = fill(1, { shape, dtype: "int32" });
  const found = reduceMax(select(chosen, some, zeros(some.type)), [
    lead.length,
  ]);
  return choose(convert(found, "bool"), value, -Infinity);
}

/** The probability of class k. */
export const pmf: typeof logpmf = exponential(logpmf);
