/** @file Other shapes for the same elements: reshaping, reordering and adding axes, repeating along them. */
import * as p from "../primitives/structural.ts";
import {
  broadcastShapes as broadcastAll,
  insertAxis,
  normalizeAxis,
  range,
  sameShape,
  showShape,
  sizeOf,
  type Shape,
} from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { broadcastTo as broadcastValue } from "./promote.ts";

export type Axes = number | readonly number[];

/** One number as a list of one. */
export const listOf = (axes: Axes): readonly number[] =>
  typeof axes === "number" ? [axes] : axes;

/** Axes of an array of rank `rank`, non-negative, each named once. */
export function normalizeAxes(who: string, axes: Axes, rank: number): number[] {
  const given = listOf(axes);
  const list = given.map((axis) => normalizeAxis(who, axis, rank));
  if (new Set(list).size !== list.length)
    throw new RangeError(
      `${who}: expected each axis once, got ${given.join(", ")}`,
    );
  return list;
}

/** `x` in another shape of the same size; one size may be -1, to be worked out (jax.numpy.reshape). */
export function reshape(x: ArrayLike, shape: Shape | number): Value {
  const value = asValue("reshape", x);
  const sizes = listOf(shape);
  const known = sizeOf(sizes.filter((n) => n !== -1));
  const open = sizes.filter((n) => n === -1).length;
  if (open > 1)
    throw new TypeError(
      `reshape: expected at most one -1, got ${showShape(sizes)}`,
    );
  if (open === 1 && !Number.isInteger(value.size / known))
    throw new TypeError(
      `reshape: expected a shape whose sizes divide the ${value.size} elements of ${showShape(value.shape)}, got ${showShape(sizes)}`,
    );
  return p.reshape(
    value,
    sizes.map((n) => (n === -1 ? value.size / known : n)),
  );
}

/** The elements of `x` in row-major order as a vector (jax.numpy.ravel). */
export function ravel(x: ArrayLike): Value {
  const value = asValue("ravel", x);
  return p.reshape(value, [value.size]);
}

/** `x` with its axes in the given order, by default reversed (jax.numpy.transpose). */
export function transpose(x: ArrayLike, order?: readonly number[]): Value {
  const value = asValue("transpose", x);
  return p.transpose(
    value,
    order?.map((axis) => normalizeAxis("transpose", axis, value.ndim)),
  );
}

/** `x` with its axes in the given order (jax.numpy.permute_dims). */
export const permuteDims = (x: ArrayLike, axes: readonly number[]): Value =>
  transpose(x, axes);

/** `x` with its last two axes exchanged (jax.numpy.matrix_transpose). */
export function matrixTranspose(x: ArrayLike): Value {
  const value = asValue("matrixTranspose", x);
  if (value.ndim < 2)
    throw new TypeError(
      `matrixTranspose: expected at least two axes, got ${showShape(value.shape)}`,
    );
  return swapaxes(value, -1, -2);
}

/** `x` with two axes exchanged (jax.numpy.swapaxes). */
export function swapaxes(x: ArrayLike, axis1: number, axis2: number): Value {
  const value = asValue("swapaxes", x);
  const [i, j] = [axis1, axis2].map((axis) =>
    normalizeAxis("swapaxes", axis, value.ndim),
  );
  const order = range(value.ndim);
  [order[i], order[j]] = [j, i];
  return p.transpose(value, order);
}

/** `x` with axis or axes `source` moved to `destination`, the others in order (jax.numpy.moveaxis). */
export function moveaxis(x: ArrayLike, source: Axes, destination: Axes): Value {
  const value = asValue("moveaxis", x);
  const [from, to] = [source, destination].map((axes) =>
    normalizeAxes("moveaxis", axes, value.ndim),
  );
  if (from.length !== to.length)
    throw new TypeError(
      `moveaxis: expected as many destinations as sources, got ${from.length} and ${to.length}`,
    );
  const rest = range(value.ndim).filter((axis) => !from.includes(axis));
  const order = range(value.ndim).map((axis) =>
    to.includes(axis) ? from[to.indexOf(axis)] : (rest.shift() as number),
  );
  return p.transpose(value, order);
}

/** `x` with `axis` moved back until it stands before the axis now at `start` (jax.numpy.rollaxis). */
export function rollaxis(x: ArrayLike, axis: number, start = 0): Value {
  const value = asValue("rollaxis", x);
  const from = normalizeAxis("rollaxis", axis, value.ndim);
  const to = normalizeAxis("rollaxis", start, value.ndim + 1);
  return p.moveAxis(value, from, from < to ? to - 1 : to);
}

/** `x` with axes of size 1 inserted, so that they stand at `axis` in the result (jax.numpy.expand_dims). */
export function expandDims(x: ArrayLike, axis: Axes): Value {
  const value = asValue("expandDims", x);
  const rank = value.ndim + listOf(axis).length;
  const axes = normalizeAxes("expandDims", axis, rank);
  const shape = axes
    .sort((a, b) => a - b)
    .reduce<Shape>((sizes, at) => insertAxis(sizes, at, 1), value.shape);
  return p.reshape(value, shape);
}

/** `x` without the given axes, which have size 1; by default without every axis of size 1 (jax.numpy.squeeze). */
export function squeeze(x: ArrayLike, axis?: Axes): Value {
  const value = asValue("squeeze", x);
  const { shape, ndim } = value;
  const axes =
    axis === undefined
      ? range(ndim).filter((i) => shape[i] === 1)
      : normalizeAxes("squeeze", axis, ndim);
  const wide = axes.find((i) => shape[i] !== 1);
  if (wide !== undefined)
    throw new TypeError(
      `squeeze: expected axes of size 1, got axis ${wide} of ${showShape(shape)}`,
    );
  return p.reshape(
    value,
    shape.filter((_, i) => !axes.includes(i)),
  );
}

/** `x` repeated to `shape`: aligned at the last axis, sizes 1 stretched (jax.numpy.broadcast_to). */
export function broadcastTo(x: ArrayLike, shape: Shape | number): Value {
  const value = asValue("broadcastTo", x);
  const wanted = listOf(shape);
  if (!sameShape(broadcastAll("broadcastTo", [value.shape, wanted]), wanted))
    throw new TypeError(
      `broadcastTo: ${showShape(value.shape)} does not broadcast to ${showShape(wanted)}`,
    );
  return broadcastValue(value, wanted);
}

/** The operands in the one shape they broadcast to, each in its dtype (jax.numpy.broadcast_arrays). */
export function broadcastArrays(...xs: readonly ArrayLike[]): Value[] {
  const values = xs.map((x) => asValue("broadcastArrays", x));
  const shape = broadcastShapes(...values.map((x) => x.shape));
  return values.map((x) => broadcastValue(x, shape));
}

/** The shape that shapes broadcast to (jax.numpy.broadcast_shapes). */
export const broadcastShapes = (...shapes: readonly Shape[]): Shape =>
  broadcastAll("broadcastShapes", [[], ...shapes]);

/** A scalar as a vector of one element, other arrays as they are (jax.numpy.atleast_1d). */
export function atleast1d(x: ArrayLike): Value {
  const value = asValue("atleast1d", x);
  return value.ndim === 0 ? p.reshape(value, [1]) : value;
}

/** Scalars and vectors as one row of a matrix, other arrays as they are (jax.numpy.atleast_2d). */
export function atleast2d(x: ArrayLike): Value {
  const value = atleast1d(x);
  return value.ndim === 1 ? p.reshape(value, [1, ...value.shape]) : value;
}

/** A vector (n) as (1, n, 1), a matrix (n, m) as (n, m, 1), larger arrays as they are (jax.numpy.atleast_3d). */
export function atleast3d(x: ArrayLike): Value {
  const value = atleast1d(x);
  if (value.ndim === 1) return p.reshape(value, [1, ...value.shape, 1]);
  return value.ndim === 2 ? p.reshape(value, [...value.shape, 1]) : value;
}

/** The sizes of the axes (jax.numpy.shape). */
export const shape = (x: ArrayLike): Shape => asValue("shape", x).shape;

/** The number of axes (jax.numpy.ndim). */
export const ndim = (x: ArrayLike): number => asValue("ndim", x).ndim;

/** The number of elements, of the array or along given axes (jax.numpy.size). */
export function size(x: ArrayLike, axis?: Axes): number {
  const value = asValue("size", x);
  return axis === undefined
    ? value.size
    : sizeOf(
        normalizeAxes("size", axis, value.ndim).map((i) => value.shape[i]),
      );
}
