/** @file Softmax over any axes (jax.scipy.special). */
import { axesOf, spreadOver, type ReduceOptions } from "../../numpy/axes.ts";
import { toFloat } from "../../numpy/promote.ts";
import { max } from "../../numpy/reduce.ts";
import {
  div,
  exp,
  log,
  stopGradient,
  sub,
} from "../../primitives/elementwise.ts";
import { sum } from "../../primitives/structural.ts";
import type { Value } from "../../tracer.ts";
import type { ArrayLike } from "../../value.ts";

export { logsumexp } from "../../numpy/reduce.ts";

type Axis = Pick<ReduceOptions, "axis">;

/** `x` less its maximum, which keeps exponentials from overflowing, and the axes taken. */
function shifted(who: string, x: ArrayLike, { axis }: Axis) {
  const value = toFloat(who, x);
  const axes = axesOf(who, value, axis);
  const top = stopGradient(max(value, { axis: axes, initial: -Infinity }));
  return { axes, value: sub(value, spreadOver(top, value, axes)) };
}

/** e^x over its sum along an axis, several, or all (jax.scipy.special.softmax). */
export function softmax(x: ArrayLike, options: Axis = {}): Value {
  const { axes, value } = shifted("softmax", x, options);
  const terms = exp(value);
  return div(terms, spreadOver(sum(terms, axes), terms, axes));
}

/** log(softmax(x)), computed without the quotient (jax.scipy.special.log_softmax). */
export function logSoftmax(x: ArrayLike, options: Axis = {}): Value {
  const { axes, value } = shifted("logSoftmax", x, options);
  const total = log(sum(exp(value), axes));
  return sub(value, spreadOver(total, value, axes));
}
