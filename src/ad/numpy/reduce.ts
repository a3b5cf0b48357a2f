/** @file Reductions over one axis, several, or all. */
import type { DType } from "../dtype.ts";
import { neutral } from "../lowering/neutral.ts";
import * as e from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import * as p from "../primitives/reduce.ts";
import { sum as sumAxes } from "../primitives/structural.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import {
  axesOf,
  countOver,
  inDtype,
  restoreAxes,
  spreadOver,
  toSummable,
  type ReduceOptions,
} from "./axes.ts";
import { broadcastTo, toFloat } from "./promote.ts";

export type { ReduceOptions } from "./axes.ts";

/** Reductions that may leave elements out. */
export interface WhereOptions extends ReduceOptions {
  /** Which elements take part; broadcasts to the operand. */
  readonly where?: ArrayLike;
}
/** Reductions that begin with a value. */
export interface InitialOptions extends WhereOptions {
  /** The scalar to begin with. */
  readonly initial?: ArrayLike;
}
/** Reductions that add up or multiply. */
export interface TotalOptions extends InitialOptions {
  /** The dtype to compute in; by default the operand's, int32 for bool. */
  readonly dtype?: DType;
}

/** `x` where it takes part, else `other`. */
const masked = (
  who: string,
  x: Value,
  where: ArrayLike | undefined,
  other: Value,
): Value =>
  where === undefined
    ? x
    : e.select(
        broadcastTo(e.convert(asValue(who, where), "bool"), x.shape),
        x,
        broadcastTo(other, x.shape),
      );

const total =
  (
    name: string,
    op: "add" | "mul",
    reduce: (x: Value, axes: readonly number[]) => Value,
  ) =>
  (
    x: ArrayLike,
    { axis, keepdims = false, where, initial, dtype }: TotalOptions = {},
  ): Value => {
    const value = toSummable(asValue(name, x), dtype);
    const axes = axesOf(name, value, axis);
    const none = fill(neutral(op, value.dtype), {
      shape: [],
      dtype: value.dtype,
    });
    const out = reduce(masked(name, value, where, none), axes);
    const begun =
      initial === undefined
        ? out
        : e[op](out, broadcastTo(inDtype(name, initial, out.dtype), out.shape));
    return restoreAxes(begun, value, axes, keepdims);
  };

/** Sum over axes (jax.numpy.sum); of bools an int32 count. */
export const sum = total("sum", "add", sumAxes);
/** Product over axes (jax.numpy.prod). */
export const prod = total("prod", "mul", p.reduceProd);

const extreme =
  (
    name: string,
    op: "max" | "min",
    reduce: (x: Value, axes: readonly number[]) => Value,
  ) =>
  (
    x: ArrayLike,
    { axis, keepdims = false, where, initial }: InitialOptions = {},
  ): Value => {
    const value = asValue(name, x);
    const axes = axesOf(name, value, axis);
    if (initial === undefined) {
      if (where !== undefined)
        throw new TypeError(
          `${name}: expected an initial value beside where, because no element may take part, got none`,
        );
      return restoreAxes(reduce(value, axes), value, axes, keepdims);
    }
    const start = inDtype(name, initial, value.dtype);
    const kept = value.shape.filter((_, i) => !axes.includes(i));
    const begun = broadcastTo(start, kept);
    const pick = e[value.dtype === "bool" ? (op === "max" ? "or" : "and") : op];
    const out =
      countOver(value, axes) === 0
        ? begun
        : pick(reduce(masked(name, value, where, start), axes), begun);
    return restoreAxes(out, value, axes, keepdims);
  };

/** Maximum over axes; NaN wins (jax.numpy.max). Over an empty axis it needs an initial value, and so does `where`. */
export const max = extreme("max", "max", p.reduceMax);
/** Minimum over axes; NaN wins (jax.numpy.min). Over an empty axis it needs an initial value, and so does `where`. */
export const min = extreme("min", "min", p.reduceMin);

const quantified =
  (
    name: string,
    op: "max" | "min",
    reduce: (x: Value, axes: readonly number[]) => Value,
  ) =>
  (
    x: ArrayLike,
    { axis, keepdims = false, where }: WhereOptions = {},
  ): Value => {
    const value = e.convert(asValue(name, x), "bool");
    const axes = axesOf(name, value, axis);
    const shape = value.shape.filter((_, i) => !axes.includes(i));
    const none = { dtype: "bool", value: neutral(op, "bool") } as const;
    const out =
      countOver(value, axes) === 0
        ? fill(none.value, { shape, dtype: none.dtype })
        : reduce(
            masked(
              name,
              value,
              where,
              fill(none.value, { shape: [], dtype: none.dtype }),
            ),
            axes,
          );
    return restoreAxes(out, value, axes, keepdims);
  };

/** Whether any element along axes is not zero (jax.numpy.any); of none, false. */
export const any = quantified("any", "max", p.reduceMax);
/** Whether all elements along axes are not zero (jax.numpy.all); of none, true. */
export const all = quantified("all", "min", p.reduceMin);

/** Mean over axes (jax.numpy.mean): of integers and bools float32, of nothing NaN. */
export function mean(
  x: ArrayLike,
  {
    axis,
    keepdims = false,
    where,
    dtype,
  }: WhereOptions & { readonly dtype?: DType } = {},
): Value {
  const value = dtype
    ? e.convert(asValue("mean", x), dtype)
    : toFloat("mean", x);
  const axes = axesOf("mean", value, axis);
  const out = sum(value, {
    axis: axes,
    ...(where === undefined ? {} : { where }),
  });
  const count =
    where === undefined
      ? fill(countOver(value, axes), out.type)
      : e.convert(
          sumAxes(
            e.convert(
              broadcastTo(
                e.convert(asValue("mean", where), "bool"),
                value.shape,
              ),
              "int32",
            ),
            axes,
          ),
          out.dtype,
        );
  return restoreAxes(e.div(out, count), value, axes, keepdims);
}

/** Maximum minus minimum over axes (jax.numpy.ptp). */
export const ptp = (x: ArrayLike, options: ReduceOptions = {}): Value =>
  e.sub(max(x, options), min(x, options));

/** How many elements along axes are not zero, as int32 (jax.numpy.count_nonzero). */
export const countNonzero = (
  x: ArrayLike,
  options: ReduceOptions = {},
): Value => sum(e.convert(asValue("countNonzero", x), "bool"), options);

export interface LogSumExpOptions extends WhereOptions {
  /** Factors of the exponentials; they broadcast to the operand. */
  readonly b?: ArrayLike;
}

/** log(sum(b exp(x))) over axes without overflow (jax.scipy.special.logsumexp); of nothing -Infinity. */
export function logsumexp(
  x: ArrayLike,
  options: number | LogSumExpOptions = {},
): Value {
  const who = "logsumexp";
  const {
    axis,
    keepdims = false,
    where,
    b,
  } = typeof options === "number"
    ? ({ axis: options } as LogSumExpOptions)
    : options;
  const given = toFloat(who, x);
  const lowest = fill(-Infinity, { shape: [], dtype: given.dtype });
  const value = masked(who, given, where, lowest);
  const axes = axesOf(who, value, axis);
  const highest = max(value, { axis: axes, initial: -Infinity });
  // An infinite maximum cannot be subtracted: inf - inf is NaN.
  const zero = fill(0, highest.type);
  const top = e.stopGradient(
    e.select(e.eq(e.sub(highest, highest), zero), highest, zero),
  );
  const terms = e.exp(e.sub(value, spreadOver(top, value, axes)));
  const factor =
    b === undefined
      ? undefined
      : broadcastTo(inDtype(who, b, value.dtype), value.shape);
  const parts = factor ? e.mul(factor, terms) : terms;
  const out = e.add(e.log(sumAxes(parts, axes)), top);
  return restoreAxes(out, value, axes, keepdims);
}
