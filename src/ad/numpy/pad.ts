/** @file `pad`: borders around an array, constant or made from what is inside. */
import { isFloat } from "../dtype.ts";
import { add, convert, div, mul, sub } from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import { round } from "../primitives/math.ts";
import { reduceMax, reduceMin } from "../primitives/reduce.ts";
import {
  concatenate,
  pad as padZeros,
  sliceAxis,
} from "../primitives/slicing.ts";
import { broadcast, reshape, sum } from "../primitives/structural.ts";
import { insertAxis, range, removeAxis, showShape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { tabulate } from "./creation.ts";
import { broadcastTo, toFloat } from "./promote.ts";
import { ints, pick } from "./rearrange.ts";

type Pair<T> = readonly [before: T, after: T];
/** One for all sides, a pair for every axis, or a pair for each axis. */
export type Sides<T> = T | Pair<T> | readonly Pair<T>[];

export type PadMode =
  | "constant"
  | "edge"
  | "reflect"
  | "symmetric"
  | "wrap"
  | "linearRamp"
  | "maximum"
  | "minimum"
  | "mean";

export interface PadOptions {
  readonly mode?: PadMode;
  /** What mode `constant` writes; 0 by default. */
  readonly constantValues?: Sides<ArrayLike>;
  /** What mode `linearRamp` reaches at the outer ends; 0 by default. */
  readonly endValues?: Sides<number>;
  /** How many entries at each end `maximum`, `minimum` and `mean` look at; all by default. */
  readonly statLength?: Sides<number>;
}

function sides<T>(given: Sides<T>, rank: number): Pair<T>[] {
  if (!Array.isArray(given)) return range(rank).map(() => [given as T, given as T]); // prettier-ignore
  const list = given as readonly (T | Pair<T>)[];
  if (!Array.isArray(list[0])) {
    const [before, after = before] = list as readonly T[];
    return range(rank).map(() => [before, after]);
  }
  const pairs = list as readonly Pair<T>[];
  if (pairs.length !== rank && pairs.length !== 1)
    throw new TypeError(
      `pad: expected a pair for each of ${rank} axes, got ${pairs.length}`,
    );
  return range(rank).map((i) => pairs[pairs.length === 1 ? 0 : i]);
}

/** The position inside 0..n-1 that position `i` outside shows. */
const sources: Partial<Record<PadMode, (i: number, n: number) => number>> = {
  edge: (i, n) => Math.min(Math.max(i, 0), n - 1),
  wrap: (i, n) => ((i % n) + n) % n,
  symmetric: (i, n) => {
    const k = ((i % (2 * n)) + 2 * n) % (2 * n);
    return k < n ? k : 2 * n - 1 - k;
  },
  reflect: (i, n) => {
    if (n === 1) return 0;
    const period = 2 * n - 2;
    const k = ((i % period) + period) % period;
    return k < n ? k : period - k;
  },
};

/** One border of width `width` beside `x` along `axis`: on its near side where `before`. */
type Border = (x: Value, axis: number, width: number, before: boolean) => Value;

const along = (x: Value, axis: number, n: number) =>
  x.shape.map((size, i) => (i === axis ? n : size));

/** A value without the axis, repeated `width` times along it. */
const repeated = (value: Value, axis: number, width: number): Value =>
  broadcast(
    value,
    insertAxis(value.shape, axis, width),
    range(value.ndim).map((i) => (i < axis ? i : i + 1)),
  );

const ramp =
  (ends: readonly Pair<number>[]): Border =>
  (x, axis, width, before) => {
    const n = x.shape[axis];
    const at = before ? 0 : n - 1;
    const edge = reshape(sliceAxis(x, axis, at, at + 1), removeAxis(x.shape, axis)); // prettier-ignore
    const shape = along(x, axis, width);
    // How far from the outer end towards the edge: 0 at the end itself.
    const part = tabulate(width, (i) => (before ? i : width - 1 - i) / width, isFloat(x.dtype) ? x.dtype : "float32"); // prettier-ignore
    const t = broadcast(part, shape, [axis]);
    const end = fill(ends[axis][before ? 0 : 1], t.type);
    const inner = repeated(convert(edge, t.dtype), axis, width);
    return convert(add(end, mul(t, sub(inner, end))), x.dtype);
  };

const statistic =
  (
    mode: "maximum" | "minimum" | "mean",
    lengths: Pair<number>[] | null,
  ): Border =>
  (x, axis, width, before) => {
    const n = x.shape[axis];
    const count = Math.min(n, lengths?.[axis][before ? 0 : 1] ?? n);
    const part = before
      ? sliceAxis(x, axis, 0, count)
      : sliceAxis(x, axis, n - count, n);
    if (mode === "maximum")
      return repeated(reduceMax(part, [axis]), axis, width);
    if (mode === "minimum")
      return repeated(reduceMin(part, [axis]), axis, width);
    const real = toFloat("pad", part);
    const total = sum(real, [axis]);
    const mean = div(total, fill(count, total.type));
    // An integer array takes the nearest integer, as in NumPy.
    const fits = isFloat(x.dtype) ? mean : convert(round(mean), x.dtype);
    return repeated(fits, axis, width);
  };

/** `x` with `padWidth` entries before and after it along each axis (jax.numpy.pad). */
export function pad(
  x: ArrayLike,
  padWidth: Sides<number>,
  options: PadOptions = {},
): Value {
  const { mode = "constant", constantValues = 0 } = options;
  const value = asValue("pad", x);
  const widths = sides(padWidth, value.ndim);
  if (widths.flat().some((n) => !Number.isInteger(n) || n < 0))
    throw new RangeError(
      `pad: expected widths of 0 or more for ${showShape(value.shape)}, got ${JSON.stringify(padWidth)}`,
    );
  if (mode === "constant" && constantValues === 0)
    return padZeros(
      value,
      widths.map(([low]) => low),
      widths.map(([, high]) => high),
    );
  const border = borderOf(value, options);
  return widths.reduce((out, [low, high], axis) => {
    if (low === 0 && high === 0) return out;
    if (mode !== "constant" && value.shape[axis] === 0)
      throw new RangeError(
        `pad: mode ${mode} found nothing to repeat along the empty axis ${axis} of ${showShape(value.shape)}`,
      );
    const source = sources[mode];
    if (!source)
      return concatenate(
        [
          ...(low > 0 ? [border(out, axis, low, true)] : []),
          out,
          ...(high > 0 ? [border(out, axis, high, false)] : []),
        ],
        axis,
      );
    const n = value.shape[axis];
    const where = range(low + n + high).map((i) => source(i - low, n));
    return pick(out, ints(where), axis);
  }, value);
}

function borderOf(value: Value, options: PadOptions): Border {
  const { mode, endValues = 0, constantValues = 0, statLength } = options;
  if (mode === "linearRamp") return ramp(sides(endValues, value.ndim));
  if (mode === "maximum" || mode === "minimum" || mode === "mean")
    return statistic(mode, statLength === undefined ? null : sides(statLength, value.ndim)); // prettier-ignore
  const constants = sides(constantValues, value.ndim);
  return (x, axis, width, before) =>
    broadcastTo(
      convert(asValue("pad", constants[axis][before ? 0 : 1]), x.dtype),
      along(x, axis, width),
    );
}
