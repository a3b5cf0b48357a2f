/** @file Reductions over one axis, several, or all. */
import * as p from "../primitives/reduce.ts";
import {
  broadcast,
  reshape,
  sum as sumAxes,
} from "../primitives/structural.ts";
import { normalizeAxis, range, sizeOf } from "../shape.ts";
import type { Value } from "../tracer.ts";
import {
  add,
  divide,
  equal,
  exp,
  log,
  subtract,
  where,
} from "./elementwise.ts";

export interface ReduceOptions {
  /** Axis or axes to reduce; all of them by default. */
  readonly axis?: number | readonly number[];
  /** Leaves the reduced axes in place with size 1. */
  readonly keepdims?: boolean;
}

function reduction(
  name: string,
  f: (x: Value, axes: readonly number[]) => Value,
) {
  return (x: Value, { axis, keepdims = false }: ReduceOptions = {}): Value => {
    const axes = axesOf(name, x, axis);
    const out = f(x, axes);
    return keepdims
      ? reshape(
          out,
          x.shape.map((n, i) => (axes.includes(i) ? 1 : n)),
        )
      : out;
  };
}

function axesOf(name: string, x: Value, axis: ReduceOptions["axis"]): number[] {
  if (axis === undefined) return range(x.ndim);
  const given = typeof axis === "number" ? [axis] : axis;
  const axes = given.map((i) => normalizeAxis(name, i, x.ndim));
  if (new Set(axes).size !== axes.length)
    throw new RangeError(
      `${name}: expected each axis once, got ${given.join(", ")}`,
    );
  return axes;
}

export const sum = reduction("sum", sumAxes);
export const max = reduction("max", p.reduceMax);
export const mean = reduction("mean", (x, axes) =>
  divide(sumAxes(x, axes), sizeOf(axes.map((i) => x.shape[i]))),
);

/** Index of the first maximum along an axis. */
export const argmax = (x: Value, axis: number): Value =>
  p.argmax(x, normalizeAxis("argmax", axis, x.ndim));

/** log(sum(exp(x))) along an axis without overflow. */
export function logsumexp(x: Value, axis: number): Value {
  const at = normalizeAxis("logsumexp", axis, x.ndim);
  const highest = p.reduceMax(x, [at]);
  // An infinite maximum cannot be subtracted: inf - inf is NaN.
  const top = where(equal(subtract(highest, highest), 0), highest, 0);
  const shifted = exp(subtract(x, spread(top, x, at)));
  return add(log(sumAxes(shifted, [at])), top);
}

/** A reduced value repeated along the axis that was reduced. */
const spread = (reduced: Value, x: Value, axis: number): Value =>
  broadcast(
    reduced,
    x.shape,
    range(x.ndim).filter((i) => i !== axis),
  );
