/** @file Running sums, products, extremes and log-sums along an axis, with exact derivatives. */
import { associativeScan } from "../control/associative-scan.ts";
import type { DType } from "../dtype.ts";
import * as sums from "../primitives/cumulative.ts";
import * as e from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import { reduceMin } from "../primitives/reduce.ts";
import { concatenate, sliceAxis } from "../primitives/slicing.ts";
import { reshape } from "../primitives/structural.ts";
import { normalizeAxis, showShape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { filledLike, spreadOver, toSummable } from "./axes.ts";
import { toFloat } from "./promote.ts";

export interface CumulativeOptions {
  /** The axis to run along; by default the flattened array. */
  readonly axis?: number;
  /** The dtype to compute in; by default the operand's, int32 for bool. */
  readonly dtype?: DType;
}

type Running = (x: Value, axis: number, reverse?: boolean) => Value;

const tree =
  (f: (x: Value, y: Value) => Value): Running =>
  (x, axis, reverse = false) =>
    associativeScan(f, x, { axis, reverse });

const product = tree(e.mul);

/** `x` and the axis to run along: the given one, or that of the flattened array. */
function lineOf(who: string, x: Value, axis?: number): [Value, number] {
  const line = axis === undefined ? reshape(x, [x.size]) : x;
  return [line, normalizeAxis(who, axis ?? 0, line.ndim)];
}

const cumulative =
  (name: string, run: Running) =>
  (x: ArrayLike, { axis, dtype }: CumulativeOptions = {}): Value =>
    run(...lineOf(name, toSummable(asValue(name, x), dtype), axis));

/** The sum of each element and those before it along an axis, or in the flattened array (jax.numpy.cumsum). */
export const cumsum = cumulative("cumsum", sums.cumsum);
/** The product of each element and those before it along an axis, or in the flattened array (jax.numpy.cumprod). */
export const cumprod = cumulative("cumprod", product);

const withInitial =
  (name: string, run: Running, first: number) =>
  (
    x: ArrayLike,
    {
      axis,
      dtype,
      includeInitial = false,
    }: CumulativeOptions & {
      /** Begins with the value of no element: 0 for sums, 1 for products. */
      readonly includeInitial?: boolean;
    } = {},
  ): Value => {
    const value = toSummable(asValue(name, x), dtype);
    if (axis === undefined && value.ndim !== 1)
      throw new TypeError(
        `${name}: expected an axis for an array of other than one axis, got ${showShape(value.shape)} and none`,
      );
    const at = normalizeAxis(name, axis ?? 0, value.ndim);
    const out = run(value, at);
    if (!includeInitial) return out;
    const shape = value.shape.map((n, i) => (i === at ? 1 : n));
    return concatenate([fill(first, { shape, dtype: out.dtype }), out], at);
  };

/** Running sum along an axis, which arrays of several axes must name (jax.numpy.cumulative_sum). */
export const cumulativeSum = withInitial("cumulativeSum", sums.cumsum, 0);
/** Running product along an axis, which arrays of several axes must name (jax.numpy.cumulative_prod). */
export const cumulativeProd = withInitial("cumulativeProd", product, 1);

export interface RunningOptions {
  /** The axis to run along; the first by default. */
  readonly axis?: number;
  /** Runs from the end of the axis. */
  readonly reverse?: boolean;
}

const running =
  (name: string, run: Running) =>
  (x: ArrayLike, { axis = 0, reverse = false }: RunningOptions = {}): Value => {
    const value = asValue(name, x);
    return run(value, normalizeAxis(name, axis, value.ndim), reverse);
  };

const highest = tree(e.max);
/** The maximum of each element and those before it along an axis (jax.lax.cummax). */
export const cummax = running("cummax", highest);
/** The minimum of each element and those before it along an axis (jax.lax.cummin). */
export const cummin = running("cummin", tree(e.min));
/** log of the running sum of exp(x) along an axis, without overflow (jax.lax.cumlogsumexp). */
export const cumlogsumexp = running("cumlogsumexp", (x, axis, reverse) =>
  logOfSums(toFloat("cumlogsumexp", x), axis, reverse as boolean),
);

/**
 * With top_i the running maximum, s_i = s_(i-1) exp(top_(i-1) - top_i) + exp(x_i - top_i) is a linear recurrence, and
 * top_i + log s_i the result. The recurrence is associative as pairs (factor, term).
 */
function logOfSums(x: Value, axis: number, reverse: boolean): Value {
  const n = x.shape[axis];
  if (n === 0) return x;
  const top = e.stopGradient(finiteTop(x, axis, reverse));
  const part = (from: number, to: number) => sliceAxis(top, axis, from, to);
  const previous = reverse
    ? concatenate([part(1, n), part(n - 1, n)], axis)
    : concatenate([part(0, 1), part(0, n - 1)], axis);
  const [, total] = associativeScan<[Value, Value]>(
    ([a, s], [b, t]) => [e.mul(a, b), e.add(e.mul(s, b), t)],
    [e.exp(e.sub(previous, top)), e.exp(e.sub(x, top))],
    { axis, reverse },
  );
  // Where nothing but -Infinity has been met the logarithm has no derivative; there the result stays as it is.
  const none = e.eq(total, filledLike(x, 0));
  const logs = e.log(e.select(none, filledLike(x, 1), total));
  return e.select(none, filledLike(x, -Infinity), e.add(top, logs));
}

/** The running maximum of the finite elements; before the first of them the least of them, so that it never falls. */
function finiteTop(x: Value, axis: number, reverse: boolean): Value {
  const isFinite = (v: Value) => e.eq(e.sub(v, v), filledLike(v, 0));
  const known = isFinite(x);
  const least = reduceMin(e.select(known, x, filledLike(x, Infinity)), [axis]);
  const floor = e.select(isFinite(least), least, filledLike(least, 0));
  const ground = spreadOver(floor, x, [axis]);
  return highest(e.select(known, x, ground), axis, reverse);
}
