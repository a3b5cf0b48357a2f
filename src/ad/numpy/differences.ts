/** @file Differences of neighbours, numerical derivatives and integrals. */
import * as e from "../primitives/elementwise.ts";
import { concatenate, sliceAxis } from "../primitives/slicing.ts";
import { broadcast, reshape, sum } from "../primitives/structural.ts";
import { normalizeAxis, showShape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { axesOf, filledLike, inDtype } from "./axes.ts";
import { broadcastTo, promote, promoteDtypes, toFloat } from "./promote.ts";

const from = (x: Value, axis: number, start: number): Value =>
  sliceAxis(x, axis, start, x.shape[axis]);
const until = (x: Value, axis: number, cut: number): Value =>
  sliceAxis(x, axis, 0, x.shape[axis] - cut);

/** x[i + 1] - x[i] along an axis; of bools whether they differ. */
const step = (x: Value, axis: number): Value => {
  const [next, here] = [from(x, axis, 1), until(x, axis, 1)];
  return x.dtype === "bool" ? e.not(e.eq(next, here)) : e.sub(next, here);
};

export interface DiffOptions {
  /** How often differences are taken; once by default. */
  readonly n?: number;
  readonly axis?: number;
  /** Put before the first element along the axis; a scalar, or an array with that axis. */
  readonly prepend?: ArrayLike;
  /** Put after the last element along the axis. */
  readonly append?: ArrayLike;
}

/** Differences of neighbours along an axis, which gets shorter by `n` (jax.numpy.diff). */
export function diff(
  x: ArrayLike,
  { n = 1, axis = -1, prepend, append }: DiffOptions = {},
): Value {
  const value = asValue("diff", x);
  if (!Number.isInteger(n) || n < 0)
    throw new RangeError(`diff: expected n of at least 0, got ${n}`);
  const at = normalizeAxis("diff", axis, value.ndim);
  const ends = [prepend, value, append].filter((part) => part !== undefined);
  const parts = promoteDtypes("diff", ends).map((part) =>
    part.ndim === 0
      ? broadcastTo(
          part,
          value.shape.map((size, i) => (i === at ? 1 : size)),
        )
      : part,
  );
  let out = concatenate(parts, at);
  for (let k = 0; k < n && out.shape[at] > 0; k++) out = step(out, at);
  return out;
}

/** Differences of neighbours in the flattened array, with what is put before and after them (jax.numpy.ediff1d). */
export function ediff1d(
  x: ArrayLike,
  {
    toBegin,
    toEnd,
  }: { readonly toBegin?: ArrayLike; readonly toEnd?: ArrayLike } = {},
): Value {
  const value = asValue("ediff1d", x);
  const flat = reshape(value, [value.size]);
  const line = (part: ArrayLike) => {
    const given = inDtype("ediff1d", part, value.dtype);
    return reshape(given, [given.size]);
  };
  return concatenate(
    [
      ...(toBegin === undefined ? [] : [line(toBegin)]),
      flat.size > 0 ? step(flat, 0) : flat,
      ...(toEnd === undefined ? [] : [line(toEnd)]),
    ],
    0,
  );
}

/** (x[i + 1] - x[i - 1]) / 2 h inside. */
const central = (x: Value, axis: number, h: Value): Value => {
  const rise = e.sub(from(x, axis, 2), until(x, axis, 2));
  return e.div(rise, broadcastTo(e.add(h, h), rise.shape));
};

/** Each slope beside a point weighs as much as the other's width, which is exact for parabolas. */
function weighted(slope: Value, axis: number, run: Value): Value {
  const [left, right] = [until(slope, axis, 1), from(slope, axis, 1)];
  const before = broadcast(until(run, 0, 1), left.shape, [axis]);
  const after = broadcast(from(run, 0, 1), left.shape, [axis]);
  return e.div(
    e.add(e.mul(after, left), e.mul(before, right)),
    e.add(before, after),
  );
}

/** The derivative along one axis: central differences inside, one-sided ones at both ends. */
function slopes(x: Value, axis: number, spacing: Value): Value {
  const n = x.shape[axis];
  if (n < 2)
    throw new TypeError(
      `gradient: expected at least two elements along axis ${axis} of ${showShape(x.shape)}, got ${n}`,
    );
  const along = (v: Value, like: Value) =>
    v.ndim === 0
      ? broadcastTo(v, like.shape)
      : broadcast(v, like.shape, [axis]);
  const rise = step(x, axis);
  const run = spacing.ndim === 0 ? spacing : step(spacing, 0);
  const slope = e.div(rise, along(run, rise));
  const inner =
    run.ndim === 0 ? central(x, axis, run) : weighted(slope, axis, run);
  const edge = (at: number) => sliceAxis(slope, axis, at, at + 1);
  return concatenate([edge(0), inner, edge(n - 2)], axis);
}

export interface GradientOptions {
  /** The distance of neighbours along every axis, or for each axis a distance or the coordinates (n). */
  readonly spacing?: ArrayLike | readonly ArrayLike[];
  readonly axis?: number | readonly number[];
}

/** Numerical derivatives of samples along axes: one array for one axis, else a list (jax.numpy.gradient). */
export function gradient(
  x: ArrayLike,
  { spacing = 1, axis }: GradientOptions = {},
): Value | Value[] {
  const value = toFloat("gradient", x);
  const axes = axesOf("gradient", value, axis);
  const list = Array.isArray(spacing)
    ? (spacing as readonly ArrayLike[])
    : axes.map(() => spacing as ArrayLike);
  if (list.length !== axes.length)
    throw new TypeError(
      `gradient: expected a spacing for each of ${axes.length} axes, got ${list.length}`,
    );
  const out = axes.map((at, i) => {
    const width = inDtype("gradient", list[i], value.dtype);
    if (width.ndim > 1 || (width.ndim === 1 && width.size !== value.shape[at]))
      throw new TypeError(
        `gradient: expected a distance or ${value.shape[at]} coordinates for axis ${at} of ${showShape(value.shape)}, got ${showShape(width.shape)}`,
      );
    return slopes(value, at, width);
  });
  return axes.length === 1 ? out[0] : out;
}

export interface TrapezoidOptions {
  /** Where the samples are taken, along the axis or shaped like the samples. */
  readonly x?: ArrayLike;
  /** The distance of samples where `x` is absent; 1 by default. */
  readonly dx?: ArrayLike;
  readonly axis?: number;
}

/** The integral of samples along an axis by the trapezoidal rule (jax.numpy.trapezoid). */
export function trapezoid(
  y: ArrayLike,
  { x, dx = 1, axis = -1 }: TrapezoidOptions = {},
): Value {
  const value = toFloat("trapezoid", y);
  const at = normalizeAxis("trapezoid", axis, value.ndim);
  const n = value.shape[at];
  const pairs = e.add(
    sliceAxis(value, at, 1, n),
    sliceAxis(value, at, 0, n - 1),
  );
  const half = filledLike(pairs, 0.5);
  const given =
    x === undefined && typeof dx === "number"
      ? inDtype("trapezoid", dx, value.dtype)
      : asValue("trapezoid", x ?? dx);
  const placed =
    x !== undefined && given.ndim === 1
      ? broadcast(given, value.shape, [at])
      : given;
  const widths =
    x === undefined ? placed : step(broadcastTo(placed, value.shape), at);
  const [areas, run] = promote("trapezoid", [e.mul(pairs, half), widths]);
  return sum(e.mul(areas, run), [at]);
}
