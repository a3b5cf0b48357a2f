/** @file Joining arrays and cutting them apart. */
import * as cut from "../primitives/slicing.ts";
import { moveAxis, reshape } from "../primitives/structural.ts";
import {
  insertAxis,
  normalizeAxis,
  removeAxis,
  sameShape,
  showShape,
} from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { atleast1d, atleast2d, atleast3d, ravel } from "./manipulate.ts";
import { promoteDtypes } from "./promote.ts";

type Arrays = readonly ArrayLike[];

function several(who: string, xs: Arrays): Value[] {
  if (xs.length === 0)
    throw new TypeError(`${who}: expected at least one array, got none`);
  return promoteDtypes(who, xs);
}

/** Arrays joined along an axis; all other sizes are equal. Axis null joins them as vectors (jax.numpy.concatenate). */
export function concatenate(xs: Arrays, axis: number | null = 0): Value {
  const values = several("concatenate", xs);
  if (axis === null) return cut.concatenate(values.map(ravel), 0);
  return cut.concatenate(
    values,
    normalizeAxis("concatenate", axis, values[0].ndim),
  );
}

/** Arrays joined along an axis (jax.numpy.concat). */
export const concat = (xs: Arrays, axis: number | null = 0): Value =>
  concatenate(xs, axis);

/** Arrays of one shape along a new axis of the result (jax.numpy.stack). */
export function stack(xs: Arrays, axis = 0): Value {
  const values = several("stack", xs);
  const at = normalizeAxis("stack", axis, values[0].ndim + 1);
  const odd = values.find((x) => !sameShape(x.shape, values[0].shape));
  if (odd)
    throw new TypeError(
      `stack: expected arrays of one shape, got ${showShape(values[0].shape)} and ${showShape(odd.shape)}`,
    );
  return cut.concatenate(
    values.map((x) => reshape(x, insertAxis(x.shape, at, 1))),
    at,
  );
}

/** Matrices joined row after row; vectors are rows (jax.numpy.vstack). */
export const vstack = (xs: Arrays): Value => concatenate(xs.map(atleast2d), 0);

/** Arrays joined along the second axis, vectors along their only one (jax.numpy.hstack). */
export function hstack(xs: Arrays): Value {
  const values = several("hstack", xs).map(atleast1d);
  return concatenate(values, values[0].ndim === 1 ? 0 : 1);
}

/** Arrays joined along the third axis (jax.numpy.dstack). */
export const dstack = (xs: Arrays): Value => concatenate(xs.map(atleast3d), 2);

/** Vectors as the columns of a matrix, matrices joined column after column (jax.numpy.column_stack). */
export const columnStack = (xs: Arrays): Value =>
  concatenate(
    xs.map((x) => {
      const value = asValue("columnStack", x);
      return value.ndim < 2 ? reshape(value, [value.size, 1]) : value;
    }),
    1,
  );

export type Blocks = ArrayLike | readonly Blocks[];

/** An array put together from nested lists of blocks: the innermost lists along the last axis (jax.numpy.block). */
export function block(blocks: Blocks): Value {
  const depthOf = (node: Blocks): number =>
    isList(node) ? 1 + Math.max(0, ...node.map(depthOf)) : 0;
  const depth = depthOf(blocks);
  const leaves = (node: Blocks): ArrayLike[] =>
    isList(node) ? node.flatMap(leaves) : [node];
  const rank = Math.max(depth, ...leaves(blocks).map((x) => asValue("block", x).ndim)); // prettier-ignore
  const join = (node: Blocks, level: number): Value => {
    if (isList(node))
      return concatenate(
        node.map((child) => join(child, level + 1)),
        rank - depth + level,
      );
    const value = asValue("block", node);
    const missing = rank - value.ndim;
    return reshape(value, [...Array<number>(missing).fill(1), ...value.shape]);
  };
  return join(blocks, 0);
}

const isList = (node: Blocks): node is readonly Blocks[] => Array.isArray(node);

/** `x` followed by `values` along an axis, or both as vectors without one (jax.numpy.append). */
export const append = (
  x: ArrayLike,
  values: ArrayLike,
  axis: number | null = null,
): Value => concatenate([x, values], axis);

/** Pieces of `x` between positions along an axis, as NumPy's slices: a position past the end is the end. */
function cutAt(x: Value, positions: readonly number[], axis: number): Value[] {
  const n = x.shape[axis];
  const inside = positions.map((k) =>
    Math.min(Math.max(k < 0 ? k + n : k, 0), n),
  );
  return [...inside, n].map((to, i) => {
    const from = i === 0 ? 0 : inside[i - 1];
    return cut.sliceAxis(x, axis, from, Math.max(from, to));
  });
}

/** `x` cut along an axis into equal pieces, or before each of the given positions (jax.numpy.split). */
export function split(
  x: ArrayLike,
  parts: number | readonly number[],
  axis = 0,
): Value[] {
  const value = asValue("split", x);
  const at = normalizeAxis("split", axis, value.ndim);
  if (typeof parts !== "number") return cutAt(value, parts, at);
  if (!Number.isInteger(value.shape[at] / parts))
    throw new TypeError(
      `split: axis ${at} of ${showShape(value.shape)} does not divide into ${parts} equal parts`,
    );
  return arraySplit(value, parts, at);
}

/** As `split`, but the first pieces may be longer by one (jax.numpy.array_split). */
export function arraySplit(
  x: ArrayLike,
  parts: number | readonly number[],
  axis = 0,
): Value[] {
  const value = asValue("arraySplit", x);
  const at = normalizeAxis("arraySplit", axis, value.ndim);
  if (typeof parts !== "number") return cutAt(value, parts, at);
  if (!Number.isInteger(parts) || parts < 1)
    throw new RangeError(
      `arraySplit: expected a positive number of parts, got ${parts}`,
    );
  const [size, longer] = [
    Math.floor(value.shape[at] / parts),
    value.shape[at] % parts,
  ];
  const start = (i: number) => i * size + Math.min(i, longer);
  return Array.from({ length: parts }, (_, i) =>
    cut.sliceAxis(value, at, start(i), start(i + 1)),
  );
}

/** `split` along the second axis, of a vector along its only one (jax.numpy.hsplit). */
export function hsplit(
  x: ArrayLike,
  parts: number | readonly number[],
): Value[] {
  const value = asValue("hsplit", x);
  return split(value, parts, value.ndim === 1 ? 0 : 1);
}

/** `split` along the first axis (jax.numpy.vsplit). */
export const vsplit = (
  x: ArrayLike,
  parts: number | readonly number[],
): Value[] => split(x, parts, 0);

/** `split` along the third axis (jax.numpy.dsplit). */
export const dsplit = (
  x: ArrayLike,
  parts: number | readonly number[],
): Value[] => split(x, parts, 2);

/** The entries of `x` along an axis, which disappears (jax.numpy.unstack). */
export function unstack(x: ArrayLike, axis = 0): Value[] {
  const value = asValue("unstack", x);
  const at = normalizeAxis("unstack", axis, value.ndim);
  const first = moveAxis(value, at, 0);
  const rest = removeAxis(value.shape, at);
  return Array.from({ length: value.shape[at] }, (_, i) =>
    reshape(cut.sliceAxis(first, 0, i, i + 1), rest),
  );
}
