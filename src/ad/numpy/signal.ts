/** @file Convolution and interpolation of vectors. */
import { dot } from "../primitives/dot.ts";
import { reverse } from "../primitives/reverse.ts";
import { pad, sliceAxis } from "../primitives/slicing.ts";
import { showShape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";
import {
  add,
  clip,
  divide,
  equal,
  greater,
  less,
  multiply,
  remainder,
  subtract,
  where,
} from "./elementwise.ts";
import { concatenate } from "./join.ts";
import { promoteDtypes, promoteFloats, toFloat } from "./promote.ts";
import { searchsorted } from "./search.ts";
import { windows } from "./sliding.ts";
import { argsort } from "./sort.ts";
import { take } from "./take.ts";

/** `full`: wherever the operands touch; `same`: as long as the longer one; `valid`: where they overlap whole. */
export type ConvolveMode = "full" | "same" | "valid";

interface ConvolveOptions {
  readonly mode?: ConvolveMode;
}

function vectors(who: string, x: ArrayLike, y: ArrayLike): Value[] {
  const both = promoteDtypes(who, [x, y]);
  if (both.some((v) => v.ndim !== 1 || v.size === 0))
    throw new TypeError(
      `${who}: expected two vectors that are not empty, got ${both.map((v) => showShape(v.shape)).join(" and ")}`,
    );
  return both;
}

/** Sums of products of `y` with each window of the longer vector `x`. */
function slide(x: Value, y: Value, mode: ConvolveMode): Value {
  const m = y.size;
  const around = { full: [m - 1, m - 1], same: [m >> 1, (m - 1) >> 1], valid: [0, 0] }; // prettier-ignore
  const [low, high] = around[mode];
  const wide = low + high > 0 ? pad(x, [low], [high]) : x;
  return dot(windows(wide, 0, { size: m }), y, {
    contract: [[1], [0]],
    batch: [[], []],
  });
}

/** The coefficients of the product of two polynomials: sums of x[i] y[k - i] (jax.numpy.convolve). */
export function convolve(
  x: ArrayLike,
  y: ArrayLike,
  { mode = "full" }: ConvolveOptions = {},
): Value {
  const [a, b] = vectors("convolve", x, y);
  const [long, short] = a.size < b.size ? [b, a] : [a, b];
  return slide(long, reverse(short, [0]), mode);
}

/** Sums of x[i + k] y[i] (jax.numpy.correlate). */
export function correlate(
  x: ArrayLike,
  y: ArrayLike,
  { mode = "valid" }: ConvolveOptions = {},
): Value {
  const [a, b] = vectors("correlate", x, y);
  return a.size < b.size ? reverse(slide(b, a, mode), [0]) : slide(a, b, mode);
}

interface InterpOptions {
  /** Value below the first point; that of the first point by default. */
  readonly left?: ArrayLike;
  /** Value above the last point; that of the last point by default. */
  readonly right?: ArrayLike;
  /** The points repeat after this length; they need not be sorted then. */
  readonly period?: number;
}

/** Straight lines between the points (xp, fp), whose xp increase, read at `x` (jax.numpy.interp). */
export function interp(
  x: ArrayLike,
  xp: ArrayLike,
  fp: ArrayLike,
  { left, right, period }: InterpOptions = {},
): Value {
  if (period !== undefined) return periodic(x, xp, fp, Math.abs(period));
  const points = promoteFloats("interp", [xp, fp]);
  const [knots, values] = points;
  if (knots.ndim !== 1 || knots.size === 0)
    throw new TypeError(
      `interp: expected xp and fp to be vectors that are not empty, got ${showShape(knots.shape)}`,
    );
  const [at] = promoteDtypes("interp", [toFloat("interp", x), knots]);
  const last = knots.size - 1;
  const upper = clip(searchsorted(knots, at, { side: "right" }), Math.min(1, last), last); // prettier-ignore
  const lower = clip(subtract(upper, 1), 0, last);
  const [x0, x1, y0, y1] = [
    take(knots, lower), take(knots, upper), take(values, lower), take(values, upper),
  ]; // prettier-ignore
  const gap = subtract(x1, x0);
  const flat = equal(gap, 0);
  const slope = divide(subtract(y1, y0), where(flat, 1, gap));
  const inside = where(flat, y0, add(y0, multiply(subtract(at, x0), slope)));
  const [first, end] = [take(knots, 0), take(knots, last)];
  const below = where(less(at, first), left ?? take(values, 0), inside);
  return where(greater(at, end), right ?? take(values, last), below);
}

/** The points of one period in order, with the last before the first and the first after the last. */
function periodic(
  x: ArrayLike,
  xp: ArrayLike,
  fp: ArrayLike,
  period: number,
): Value {
  const points = promoteFloats("interp", [remainder(xp, period), fp]);
  const order = argsort(points[0]);
  const [knots, values] = points.map((p) => take(p, order));
  const end = knots.size - 1;
  const [first, last] = [0, end].map((i) => sliceAxis(knots, 0, i, i + 1));
  const [low, high] = [0, end].map((i) => sliceAxis(values, 0, i, i + 1));
  return interp(
    remainder(toFloat("interp", x), period),
    concatenate([subtract(last, period), knots, add(first, period)]),
    concatenate([high, values, low]),
  );
}
