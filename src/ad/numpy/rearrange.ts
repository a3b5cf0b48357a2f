/** @file The same elements elsewhere or several times: flips, rolls, tiles, repeats. */
import { Array as Arr } from "../array.ts";
import { convert, min } from "../primitives/elementwise.ts";
import { cumsum } from "../primitives/cumulative.ts";
import { fill, iota } from "../primitives/fill.ts";
import { gather, scatterAdd } from "../primitives/gather.ts";
import { reverse } from "../primitives/reverse.ts";
import { concatenate as joined, sliceAxis } from "../primitives/slicing.ts";
import { broadcast, moveAxis, reshape } from "../primitives/structural.ts";
import { normalizeAxis, range, showShape } from "../shape.ts";
import { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { remainder, subtract } from "./elementwise.ts";
import {
  listOf,
  normalizeAxes,
  ravel,
  swapaxes,
  type Axes,
} from "./manipulate.ts";
import { broadcastTo } from "./promote.ts";

/** A vector of int32. */
export const ints = (list: readonly number[]): Value =>
  new Arr({ shape: [list.length], dtype: "int32" }, Int32Array.from(list));

/** Entries of `x` along an axis (non-negative), in the order of a vector of indices. */
export const pick = (x: Value, indices: Value, axis: number): Value =>
  moveAxis(gather(moveAxis(x, axis, 0), indices), 0, axis);

/** `x` read backwards along the given axes, all by default (jax.numpy.flip). */
export function flip(x: ArrayLike, axis?: Axes): Value {
  const value = asValue("flip", x);
  return reverse(
    value,
    axis === undefined
      ? range(value.ndim)
      : normalizeAxes("flip", axis, value.ndim),
  );
}

/** `x` read backwards along its second axis (jax.numpy.fliplr). */
export const fliplr = (x: ArrayLike): Value => flip(x, 1);

/** `x` read backwards along its first axis (jax.numpy.flipud). */
export const flipud = (x: ArrayLike): Value => flip(x, 0);

/** `x` turned `k` quarters in the plane of two axes, from the first towards the second (jax.numpy.rot90). */
export function rot90(
  x: ArrayLike,
  k = 1,
  axes: readonly [number, number] = [0, 1],
): Value {
  const value = asValue("rot90", x);
  const [i, j] = normalizeAxes("rot90", axes, value.ndim);
  switch (((k % 4) + 4) % 4) {
    case 1:
      return swapaxes(flip(value, j), i, j);
    case 2:
      return flip(value, [i, j]);
    case 3:
      return flip(swapaxes(value, i, j), j);
    default:
      return value;
  }
}

/**
 * Elements moved on by `shift` along an axis, those past the end to the beginning; without axis in row-major order. A
 * shift that is an array (a scalar, for one axis) may be traced (jax.numpy.roll).
 */
export function roll(x: ArrayLike, shift: Axes | Value, axis?: Axes): Value {
  const value = asValue("roll", x);
  if (axis === undefined) {
    const total =
      shift instanceof Value ? shift : listOf(shift).reduce((a, b) => a + b, 0);
    return reshape(roll(ravel(value), total, 0), value.shape);
  }
  const axes = listOf(axis).map((i) => normalizeAxis("roll", i, value.ndim));
  if (shift instanceof Value) {
    if (axes.length !== 1 || shift.ndim !== 0)
      throw new TypeError(
        `roll: expected a scalar shift along one axis, got shape ${showShape(shift.shape)} and ${axes.length} axes`,
      );
    const n = value.shape[axes[0]];
    const from = subtract(iota([n]), remainder(convert(shift, "int32"), n));
    return n === 0 ? value : pick(value, from, axes[0]);
  }
  const shifts = listOf(shift);
  if (shifts.length !== axes.length && shifts.length !== 1 && axes.length !== 1)
    throw new TypeError(
      `roll: expected one shift an axis, got ${shifts.length} shifts and ${axes.length} axes`,
    );
  return range(Math.max(axes.length, shifts.length)).reduce((out, i) => {
    const at = axes[axes.length === 1 ? 0 : i];
    const n = value.shape[at];
    const by = shifts[shifts.length === 1 ? 0 : i];
    const cut = n === 0 ? 0 : n - (((by % n) + n) % n);
    if (cut === n || n === 0) return out;
    return joined([sliceAxis(out, at, cut, n), sliceAxis(out, at, 0, cut)], at);
  }, value);
}

/** `x` side by side with itself, so many times along each axis, aligned at the last (jax.numpy.tile). */
export function tile(x: ArrayLike, repetitions: Axes): Value {
  const value = asValue("tile", x);
  const given = listOf(repetitions);
  const rank = Math.max(given.length, value.ndim);
  const shape = [...Array<number>(rank - value.ndim).fill(1), ...value.shape];
  const times = [...Array<number>(rank - given.length).fill(1), ...given];
  const spread = broadcast(
    reshape(value, shape),
    shape.flatMap((n, i) => [times[i], n]),
    range(rank).map((i) => 2 * i + 1),
  );
  return reshape(
    spread,
    shape.map((n, i) => n * times[i]),
  );
}

interface RepeatOptions {
  readonly axis?: number;
  /** Length of the repeated axis, which `jit` needs where the counts are not known while tracing. */
  readonly totalRepeatLength?: number;
}

/**
 * Each entry of `x` along an axis (of the flattened array without one) repeated, all alike or each its own number of
 * times; `totalRepeatLength` cuts the result off or fills it with the last entry (jax.numpy.repeat).
 */
export function repeat(
  x: ArrayLike,
  repeats: number | readonly number[] | Value,
  { axis, totalRepeatLength }: RepeatOptions = {},
): Value {
  const given = asValue("repeat", x);
  const value = axis === undefined ? ravel(given) : given;
  const at = normalizeAxis("repeat", axis ?? 0, value.ndim);
  const n = value.shape[at];
  if (typeof repeats === "number" && totalRepeatLength === undefined) {
    const { shape } = value;
    const wide = [...shape.slice(0, at + 1), repeats, ...shape.slice(at + 1)];
    const axes = range(shape.length).map((i) => (i <= at ? i : i + 1));
    return reshape(
      broadcast(value, wide, axes),
      shape.map((size, i) => (i === at ? size * repeats : size)),
    );
  }
  const list = typeof repeats === "number" ? [repeats] : repeats;
  const counts = broadcastTo(
    convert(list instanceof Value ? list : ints(list), "int32"),
    [n],
  );
  if (totalRepeatLength === undefined) {
    const known = [...counts.dataSync()];
    return pick(value, ints(known.flatMap((k, i) => Array<number>(k).fill(i))), at); // prettier-ignore
  }
  if (totalRepeatLength === 0) return sliceAxis(value, at, 0, 0);
  // Position j shows the entry before which as many ends lie as there are at or before j.
  const clamp = (values: Value, top: number) =>
    min(values, fill(top, values.type));
  const ends = clamp(cumsum(counts, 0), totalRepeatLength);
  const passed = scatterAdd(ends, fill(1, ends.type), totalRepeatLength + 1);
  const source = cumsum(sliceAxis(passed, 0, 0, totalRepeatLength), 0);
  return pick(value, clamp(source, n - 1), at);
}
