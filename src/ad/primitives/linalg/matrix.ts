/** @file What the factorisations share: products, transposes and triangles of stacks of matrices (..., n, m). */
import type { Primitive, Rules } from "../../primitive.ts";
import { broadcastTo } from "../../numpy/promote.ts";
import {
  range,
  sameShape,
  showType,
  sizeOf,
  type ArrayType,
  type Shape,
} from "../../shape.ts";
import type { Value } from "../../tracer.ts";
import { dot } from "../dot.ts";
import { add, convert, eq, le, mul, select } from "../elementwise.ts";
import { fill, iota, zeros } from "../fill.ts";
import { gather } from "../gather.ts";
import { pad, slice } from "../slicing.ts";
import { batchToFront, moveAxis, reshape } from "../structural.ts";

/** The batch axis becomes the first of the leading axes of every operand and result. */
export const leading = <P>(
  self: Primitive<P>,
  size: number,
  args: readonly Value[],
  axes: readonly (number | null)[],
  params: P,
): ReturnType<Rules<P>["batch"]> => {
  const out = self.bind(
    args.map((x, i) => batchToFront(x, axes[i], size)),
    params,
  );
  return [out, out.map(() => 0)];
};

export const leadOf = (x: { readonly shape: Shape }): Shape =>
  x.shape.slice(0, -2);

/** Rows and columns. */
export const sizesOf = (x: {
  readonly shape: Shape;
}): [m: number, n: number] => [
  x.shape[x.shape.length - 2],
  x.shape[x.shape.length - 1],
];

/** Throws unless `x` is a stack of matrices of floats, square where asked. */
export function checkMatrix(name: string, x: ArrayType, square = false): void {
  const [m, n] = sizesOf(x);
  if (x.shape.length < 2 || !x.dtype.startsWith("float") || (square && m !== n))
    throw new TypeError(
      `${name}: expected ${square ? "square " : ""}matrices of a float dtype in the last two axes, got ${showType(x)}`,
    );
}

/** Throws unless the leading axes and dtypes of the operands agree. */
export function checkStacks(name: string, a: ArrayType, b: ArrayType): void {
  if (!sameShape(leadOf(a), leadOf(b)) || a.dtype !== b.dtype)
    throw new TypeError(
      `${name}: expected operands of one dtype and equal leading axes, got ${showType(a)} and ${showType(b)}`,
    );
}

export const isEmpty = (x: { readonly shape: Shape }): boolean =>
  sizeOf(x.shape) === 0;

/** A program over one leading axis, applied to operands with any number of them; `ranks` are without it. */
export const flattened = (
  args: readonly Value[],
  ranks: readonly number[],
  f: (args: readonly Value[]) => readonly Value[],
): Value[] => {
  const rank = args[0].ndim - ranks[0];
  const lead = args[0].shape.slice(0, rank);
  return f(
    args.map((x) => reshape(x, [sizeOf(lead), ...x.shape.slice(rank)])),
  ).map((x) => reshape(x, [...lead, ...x.shape.slice(1)]));
};

/** Products of matrices whose leading axes are equal. */
export const matmul = (x: Value, y: Value): Value => {
  const lead = range(x.ndim - 2);
  return dot(x, y, {
    contract: [[x.ndim - 1], [y.ndim - 2]],
    batch: [lead, lead],
  });
};

/** (..., m), (..., n) -> (..., m, n) */
export const outer = (x: Value, y: Value): Value => {
  const lead = range(x.ndim - 1);
  return dot(x, y, { contract: [[], []], batch: [lead, lead] });
};

/** (..., m) times (..., m, n) -> (..., n) */
export const vecmat = (x: Value, y: Value): Value => {
  const lead = range(x.ndim - 1);
  return dot(x, y, {
    contract: [[x.ndim - 1], [y.ndim - 2]],
    batch: [lead, lead],
  });
};

/** The last two axes exchanged. */
export const transposed = (x: Value): Value =>
  moveAxis(x, x.ndim - 1, x.ndim - 2);

/** `x` where the test of row and column indices holds, else zero. */
const keep = (x: Value, test: (row: Value, column: Value) => Value): Value =>
  select(
    test(iota(x.shape, x.ndim - 2), iota(x.shape, x.ndim - 1)),
    x,
    zeros(x.type),
  );

const shifted = (index: Value, by: number): Value =>
  by === 0 ? index : add(index, fill(by, index.type));

/** Elements on and below diagonal `k`, else zero. */
export const lower = (x: Value, k = 0): Value =>
  keep(x, (row, column) => le(column, shifted(row, k)));

/** Elements on and above diagonal `k`, else zero. */
export const upper = (x: Value, k = 0): Value =>
  keep(x, (row, column) => le(shifted(row, k), column));

/** Identity matrices, rectangular ones too. */
export const identity = ({ shape, dtype }: ArrayType): Value =>
  convert(
    eq(iota(shape, shape.length - 2), iota(shape, shape.length - 1)),
    dtype,
  );

/** The symmetric matrix whose lower triangle is that of `x`. */
export const symmetricFromLower = (x: Value): Value =>
  add(lower(x), transposed(lower(x, -1)));

/** (..., m, n) -> (..., min(m, n)): the main diagonal. */
export const diagonal = (x: Value): Value => {
  const [m, n] = sizesOf(x);
  const [lead, k] = [leadOf(x), Math.min(m, n)];
  const square = gather(
    moveAxis(reshape(x, [...lead, m * n]), lead.length, 0),
    mul(iota([k]), fill(n + 1, { shape: [k], dtype: "int32" })),
  );
  return moveAxis(square, 0, lead.length);
};

/** (..., n) as rows (..., 1, n) repeated `m` times. */
export const asRows = (v: Value, m: number): Value =>
  broadcastTo(
    reshape(v, [...v.shape.slice(0, -1), 1, v.shape.at(-1) as number]),
    [...v.shape.slice(0, -1), m, v.shape.at(-1) as number],
  );

/** (..., m) as columns (..., m, 1) repeated `n` times. */
export const asColumns = (v: Value, n: number): Value =>
  broadcastTo(reshape(v, [...v.shape, 1]), [...v.shape, n]);

/** (B, m, n) -> (B, m): column `k`, a scalar known only when the program runs. */
export const columnOf = (x: Value, k: Value): Value => {
  const [size, m, n] = x.shape;
  const type = { shape: [size, m], dtype: "int32" } as const;
  const at = add(
    mul(iota(type.shape, 1), fill(n, type)),
    broadcastTo(k, type.shape),
  );
  return gather(reshape(x, [size, m * n]), at, 1);
};

/** (..., m, n) -> (..., rows, columns): cut, or followed by zeros. */
export const resized = (x: Value, rows: number, columns: number): Value => {
  const [m, n] = sizesOf(x);
  const lead = leadOf(x);
  const none = lead.map(() => 0);
  const cut =
    rows < m || columns < n
      ? slice(
          x,
          [...none, 0, 0],
          [...lead, Math.min(rows, m), Math.min(columns, n)],
        )
      : x;
  return rows > m || columns > n
    ? pad(
        cut,
        [...none, 0, 0],
        [...none, Math.max(rows - m, 0), Math.max(columns - n, 0)],
      )
    : cut;
};
