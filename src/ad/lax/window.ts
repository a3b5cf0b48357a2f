/** @file Reductions over windows that slide along every axis (jax.lax.reduce_window). */
import { neutral } from "../lowering/neutral.ts";
import type { ScatterOp } from "../lowering/kernel.ts";
import { reduceMax, reduceMin, reduceProd } from "../primitives/reduce.ts";
import { moveAxis, sum } from "../primitives/structural.ts";
import { showShape, type Shape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { windows } from "../numpy/sliding.ts";
import { pad } from "./indexing.ts";
import { paddingOf, type Padding } from "./padding.ts";

export interface WindowOptions {
  readonly windowDimensions: Shape;
  readonly windowStrides?: readonly number[];
  readonly padding?: Padding;
  /** Spreads the array. */
  readonly baseDilation?: readonly number[];
  /** Spreads the window. */
  readonly windowDilation?: readonly number[];
}

const reductions: Record<
  ScatterOp,
  (x: Value, axes: readonly number[]) => Value
> = { add: sum, mul: reduceProd, max: reduceMax, min: reduceMin };

/**
 * Each window of `x` as one element: the sum, product, maximum or minimum of its elements; what lies outside counts as
 * the operation's neutral element (jax.lax.reduce_window with that operation and its neutral element).
 */
export function reduceWindow(
  x: ArrayLike,
  operation: ScatterOp,
  options: WindowOptions,
): Value {
  const value = asValue("reduceWindow", x);
  const ones = value.shape.map(() => 1);
  const {
    windowDimensions: sizes,
    windowStrides: strides = ones,
    padding = "VALID",
    baseDilation = ones,
    windowDilation = ones,
  } = options;
  for (const list of [sizes, strides, baseDilation, windowDilation])
    if (list.length !== value.ndim || list.some((n) => n < 1))
      throw new TypeError(
        `reduceWindow: expected a positive number for each axis of ${showShape(value.shape)}, got [${list.join()}]`,
      );
  const spread = value.shape.map((n, i) => n === 0 ? 0 : (n - 1) * baseDilation[i] + 1); // prettier-ignore
  const reach = sizes.map((n, i) => (n - 1) * windowDilation[i] + 1);
  const widths = paddingOf("reduceWindow", padding, spread, reach, strides);
  const input = pad(
    value,
    neutral(operation, value.dtype),
    widths.map(([low, high], i) => [low, high, baseDilation[i] - 1]),
  );
  // All four are separable: one axis after the other.
  return sizes.reduce((out, size, axis) => {
    const [stride, dilation] = [strides[axis], windowDilation[axis]];
    if (size === 1 && stride === 1) return out;
    const cut = windows(out, axis, { size, stride, dilation });
    return moveAxis(reductions[operation](cut, [1]), 0, axis);
  }, input);
}
