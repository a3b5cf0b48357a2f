/** @file Functions of whole axes: softmax and its kin, standardization, one-hot codes (jax.nn). */
import type { DType } from "../dtype.ts";
import { spreadOver, axesOf } from "../numpy/axes.ts";
import {
  add,
  astype,
  divide,
  equal,
  exp,
  log,
  sqrt,
  square,
  subtract,
  where as choose,
} from "../numpy/elementwise.ts";
import { broadcastTo, toFloat } from "../numpy/promote.ts";
import {
  logsumexp,
  max,
  mean as meanOf,
  sum,
  type WhereOptions,
} from "../numpy/reduce.ts";
import { convert, stopGradient } from "../primitives/elementwise.ts";
import { fill, iota } from "../primitives/fill.ts";
import { broadcast } from "../primitives/structural.ts";
import { insertAxis, normalizeAxis, range } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";

export { logsumexp };

export interface SoftmaxOptions {
  /** Axis or axes; by default the last. */
  readonly axis?: number | readonly number[];
  /** Which elements take part; broadcasts to the operand. */
  readonly where?: ArrayLike;
}

const given = (where: ArrayLike | undefined) =>
  where === undefined ? {} : { where };

/** `x` less its maximum, -Infinity where it takes no part; the maximum, whose choice changes nothing, has no derivative. */
function shifted(
  who: string,
  x: ArrayLike,
  { axis = -1, where }: SoftmaxOptions,
) {
  const value = toFloat(who, x);
  const axes = axesOf(who, value, axis);
  const top = stopGradient(
    max(value, { axis: axes, initial: -Infinity, ...given(where) }),
  );
  const taken = where === undefined ? value : choose(where, value, -Infinity);
  return { axes, value: subtract(taken, spreadOver(top, value, axes)) };
}

/** e^x over its sum along an axis; 0 where an element takes no part (jax.nn.softmax). */
export function softmax(x: ArrayLike, options: SoftmaxOptions = {}): Value {
  const { axes, value } = shifted("softmax", x, options);
  const terms = exp(value);
  return divide(terms, sum(terms, { axis: axes, keepdims: true }));
}

/** log(softmax(x)) without the quotient; -Infinity where an element takes no part (jax.nn.log_softmax). */
export function logSoftmax(x: ArrayLike, options: SoftmaxOptions = {}): Value {
  const { axes, value } = shifted("logSoftmax", x, options);
  return subtract(value, log(sum(exp(value), { axis: axes, keepdims: true })));
}

/** log(mean(exp(x))) over axes without overflow (jax.nn.logmeanexp). */
export function logmeanexp(x: ArrayLike, options: WhereOptions = {}): Value {
  const value = toFloat("logmeanexp", x);
  const count = sum(fill(1, value.type), options);
  return subtract(logsumexp(value, options), log(count));
}

export interface StandardizeOptions extends SoftmaxOptions {
  /** By default those of `x` over the axes. */
  readonly mean?: ArrayLike;
  readonly variance?: ArrayLike;
  /** Added to the variance. */
  readonly epsilon?: ArrayLike;
}

/** (x - mean) / sqrt(variance + epsilon) over axes, by default the last (jax.nn.standardize). */
export function standardize(
  x: ArrayLike,
  { axis = -1, where, epsilon = 1e-5, ...known }: StandardizeOptions = {},
): Value {
  const value = toFloat("standardize", x);
  const over = { axis, keepdims: true, ...given(where) };
  const mean = known.mean ?? meanOf(value, over);
  const centered = subtract(value, mean);
  const variance = known.variance ?? meanOf(square(centered), over);
  return divide(centered, sqrt(add(variance, epsilon)));
}

export interface OneHotOptions {
  readonly dtype?: DType;
  /** Where the new axis is in the result; by default last. */
  readonly axis?: number;
}

/** x (...) of integers -> (..., numClasses): 1 at each index, 0 elsewhere and for indices out of range (jax.nn.one_hot). */
export function oneHot(
  x: ArrayLike,
  numClasses: number,
  { dtype = "float32", axis = -1 }: OneHotOptions = {},
): Value {
  const index = typeof x === "number" ? fill(x, { shape: [], dtype: "int32" }) : asValue("oneHot", x); // prettier-ignore
  if (!Number.isInteger(numClasses) || numClasses < 0)
    throw new TypeError(
      `oneHot: expected a whole number of classes, got ${numClasses}`,
    );
  const codes = index.dtype === "bool" ? convert(index, "int32") : index;
  const at = normalizeAxis("oneHot", axis, codes.ndim + 1);
  const shape = insertAxis(codes.shape, at, numClasses);
  const others = range(shape.length).filter((i) => i !== at);
  const repeated =
    codes.ndim === 0
      ? broadcastTo(codes, shape)
      : broadcast(codes, shape, others);
  return astype(equal(repeated, iota(shape, at, codes.dtype)), dtype);
}
