/** @file Index grids, diagonals and triangles. */
import { Array as Arr } from "../array.ts";
import type { DType } from "../dtype.ts";
import { add, convert, le, mul, select } from "../primitives/elementwise.ts";
import { fill, iota, zeros } from "../primitives/fill.ts";
import { concatenate, pad, slice } from "../primitives/slicing.ts";
import { broadcast, moveAxis, reshape, sum } from "../primitives/structural.ts";
import {
  normalizeAxis,
  range,
  showShape,
  sizeOf,
  type Shape,
} from "../shape.ts";
import type { Value } from "../tracer.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { eye } from "./creation.ts";

interface DiagonalOptions {
  /** Which diagonal: above the main one where positive. */
  readonly offset?: number;
  readonly axis1?: number;
  readonly axis2?: number;
}

/** A diagonal of the matrices along two axes, as the last axis of the result (jax.numpy.diagonal). */
export function diagonal(
  x: ArrayLike,
  { offset = 0, axis1 = 0, axis2 = 1 }: DiagonalOptions = {},
): Value {
  const value = asValue("diagonal", x);
  const [i, j] = [axis1, axis2].map((axis) =>
    normalizeAxis("diagonal", axis, value.ndim),
  );
  if (i === j)
    throw new RangeError(
      `diagonal: expected two different axes of ${showShape(value.shape)}, got ${axis1} and ${axis2}`,
    );
  const last = value.ndim - 1;
  const matrices = moveAxis(moveAxis(value, i, last), i < j ? j - 1 : j, last);
  const lead = matrices.shape.slice(0, -2);
  const [n, m] = matrices.shape.slice(-2);
  const length = Math.max(0, Math.min(n + Math.min(offset, 0), m - Math.max(offset, 0))); // prettier-ignore
  const flat = reshape(matrices, [...lead, n * m]);
  const from = length === 0 ? 0 : offset >= 0 ? offset : -offset * m;
  return slice(
    flat,
    [...lead.map(() => 0), from],
    [...lead, length === 0 ? 0 : from + (length - 1) * (m + 1) + 1],
    [...lead.map(() => 1), m + 1],
  );
}

/** The sum of a diagonal of the matrices along two axes (jax.numpy.trace). */
export function trace(x: ArrayLike, options: DiagonalOptions = {}): Value {
  const line = diagonal(x, options);
  const counted = line.dtype === "bool" ? convert(line, "int32") : line;
  return sum(counted, [line.ndim - 1]);
}

/** A vector as the `k`-th diagonal of a matrix of zeros; of a matrix, its `k`-th diagonal (jax.numpy.diag). */
export function diag(x: ArrayLike, k = 0): Value {
  const value = asValue("diag", x);
  if (value.ndim === 2) return diagonal(value, { offset: k });
  if (value.ndim !== 1)
    throw new TypeError(
      `diag: expected a vector or a matrix, got ${showShape(value.shape)}`,
    );
  const n = value.shape[0] + Math.abs(k);
  // Element i stands in row i where the diagonal is above, in column i where it is below.
  const long = pad(value, [0], [Math.abs(k)]);
  const spread = broadcast(long, [n, n], [k >= 0 ? 0 : 1]);
  return select(eye(n, n, { k, dtype: "bool" }), spread, zeros(spread.type));
}

/** The elements of `x`, in row-major order, as the `k`-th diagonal of a matrix (jax.numpy.diagflat). */
export function diagflat(x: ArrayLike, k = 0): Value {
  const value = asValue("diagflat", x);
  return diag(reshape(value, [value.size]), k);
}

/** Ones at and below the `k`-th diagonal of an (n, m) matrix, zeros above (jax.numpy.tri). */
export function tri(
  n: number,
  m: number = n,
  k = 0,
  dtype: DType = "float32",
): Value {
  const shifted = add(iota([n, m], 0), fill(k, { shape: [n, m], dtype: "int32" })); // prettier-ignore
  return convert(le(iota([n, m], 1), shifted), dtype);
}

function triangle(who: string, x: ArrayLike, k: number, lower: boolean): Value {
  const value = asValue(who, x);
  if (value.ndim < 2)
    throw new TypeError(
      `${who}: expected at least two axes, got ${showShape(value.shape)}`,
    );
  const [n, m] = value.shape.slice(-2);
  const below = tri(n, m, k, "bool");
  const { ndim, shape } = value;
  const mask = broadcast(below, shape, [ndim - 2, ndim - 1]);
  const zero = zeros(value.type);
  return lower ? select(mask, value, zero) : select(mask, zero, value);
}

/** `x` with zeros above the `k`-th diagonal of its last two axes (jax.numpy.tril). */
export const tril = (x: ArrayLike, k = 0): Value =>
  triangle("tril", x, k, true);

/** `x` with zeros below the `k`-th diagonal of its last two axes (jax.numpy.triu). */
export const triu = (x: ArrayLike, k = 0): Value =>
  triangle("triu", x, k - 1, false);

const ints = (list: readonly number[]): Value =>
  new Arr({ shape: [list.length], dtype: "int32" }, Int32Array.from(list));

const pairsWhere = (
  n: number,
  m: number,
  keep: (i: number, j: number) => boolean,
): [Value, Value] => {
  const pairs = range(n * m).filter((p) => keep(Math.floor(p / m), p % m));
  return [
    ints(pairs.map((p) => Math.floor(p / m))),
    ints(pairs.map((p) => p % m)),
  ];
};

/** Row and column indices of the lower triangle of an (n, m) matrix (jax.numpy.tril_indices). */
export const trilIndices = (n: number, k = 0, m: number = n): [Value, Value] =>
  pairsWhere(n, m, (i, j) => j <= i + k);

/** Row and column indices of the upper triangle of an (n, m) matrix (jax.numpy.triu_indices). */
export const triuIndices = (n: number, k = 0, m: number = n): [Value, Value] =>
  pairsWhere(n, m, (i, j) => j >= i + k);

/** 0 ... n - 1 once for each of `ndim` axes (jax.numpy.diag_indices). */
export const diagIndices = (n: number, ndim = 2): Value[] =>
  range(ndim).map(() => iota([n]));

interface MeshgridOptions {
  /** Whether the first two axes of the results are swapped, as plotting wants them. */
  readonly indexing?: "xy" | "ij";
  /** Leaves every result at size 1 along the other axes. */
  readonly sparse?: boolean;
}

/** Vectors as coordinates of a grid: one array each, varying along its own axis (jax.numpy.meshgrid). */
export function meshgrid(
  xs: readonly ArrayLike[],
  { indexing = "xy", sparse = false }: MeshgridOptions = {},
): Value[] {
  const vectors = xs.map((x) => asValue("meshgrid", x));
  for (const x of vectors)
    if (x.ndim > 1)
      throw new TypeError(
        `meshgrid: expected vectors, got ${vectors.map((v) => showShape(v.shape)).join(" and ")}`,
      );
  const swap = indexing === "xy" && xs.length > 1;
  const axisOf = (i: number) => (swap && i < 2 ? 1 - i : i);
  const shape: number[] = [];
  vectors.forEach((x, i) => (shape[axisOf(i)] = x.size));
  return vectors.map((x, i) => {
    const own = shape.map((n, axis) => (axis === axisOf(i) ? n : 1));
    const line = reshape(x, own);
    return sparse ? line : broadcast(reshape(x, [x.size]), shape, [axisOf(i)]);
  });
}

/** The index of every element along each axis, stacked on a first axis (jax.numpy.indices). */
export function indices(shape: Shape, dtype: DType = "int32"): Value {
  if (shape.length === 0) return zeros({ shape: [0], dtype });
  const each = shape.map((_, axis) =>
    reshape(iota(shape, axis, dtype), [1, ...shape]),
  );
  return concatenate(each, 0);
}

/** f(i, j, ...) of the index arrays of a shape, all at once (jax.numpy.fromfunction). */
export const fromfunction = <R>(
  f: (...indices: Value[]) => R,
  shape: Shape,
  { dtype = "int32" }: { readonly dtype?: DType } = {},
): R => f(...shape.map((_, axis) => iota(shape, axis, dtype)));

/** Powers of a vector as columns, the highest first unless `increasing` (jax.numpy.vander). */
export function vander(
  x: ArrayLike,
  n?: number,
  { increasing = false }: { readonly increasing?: boolean } = {},
): Value {
  const value = asValue("vander", x);
  if (value.ndim !== 1)
    throw new TypeError(
      `vander: expected a vector, got ${showShape(value.shape)}`,
    );
  const count = n ?? value.size;
  if (count === 0) return zeros({ shape: [value.size, 0], dtype: value.dtype });
  const powers: Value[] = [fill(1, value.type)];
  while (powers.length < count)
    powers.push(mul(powers[powers.length - 1], value));
  const columns = powers.map((p) => reshape(p, [sizeOf(value.shape), 1]));
  return concatenate(increasing ? columns : columns.reverse(), 1);
}
