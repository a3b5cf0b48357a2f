/** @file Rows of gathering and scattering, of dynamic blocks and of turning axes round. */
import type { DType } from "../../../src/ad/index.ts";
import type { Shape } from "../../../src/ad/shape.ts";
import { at, indices, nd, type Index, type Nd } from "../naive.cases.ts";
import { all, numbers, rowAt, shapeRow } from "./row.cases.ts";
import type { Case, Row } from "./row.cases.ts";

/** What JAX makes of a start: below zero it counts from the end, and the block stays inside. */
const inside = (start: number, size: number, rows: number) =>
  Math.max(0, Math.min(start < 0 ? start + rows : start, rows - size));

const scalars = (x: Shape) =>
  x.map((rows) => ({
    shape: [],
    dtype: "int32" as const,
    values: { rows: rows + 2 },
  }));

const dynamicSliceCase = (x: Shape, sizes: Shape): Case => ({
  args: [{ shape: x }, ...scalars(x)],
  params: { sizes },
  want: ([table, ...starts]) => [
    nd(sizes, (i) =>
      at(
        table,
        i.map(
          (k, axis) => k + inside(starts[axis].data[0], sizes[axis], x[axis]),
        ),
      ),
    ),
  ],
});

const dynamicUpdateSliceCase = (x: Shape, sizes: Shape): Case => ({
  args: [{ shape: x }, { shape: sizes }, ...scalars(x)],
  want: ([table, update, ...starts]) => [
    nd(x, (i) => {
      const k = i.map(
        (n, axis) => n - inside(starts[axis].data[0], sizes[axis], x[axis]),
      );
      return k.every((n, axis) => n >= 0 && n < sizes[axis])
        ? at(update, k)
        : at(table, i);
    }),
  ],
});

type FoldShape = readonly [
  index: Index,
  rest: Index,
  rows: number,
  batch: number,
  dtypes?: readonly DType[],
];

/** Updates folded, in row-major order of the indices, into the rows they name. */
const foldCase = (
  fold: (x: number, y: number) => number,
  start: Readonly<Record<string, number>>,
  [index, rest, rows, batch, dtypes]: FoldShape,
): Case => ({
  args: [
    { shape: index, dtype: "int32", values: { rows } },
    { shape: [...index, ...rest] },
  ],
  params: { rows, batch },
  ...(dtypes ? { dtypes } : {}),
  want: ([at_, updates], dtype) => [
    nd([...index.slice(0, batch), rows, ...rest], (o) =>
      indices(index)
        .filter(
          (where) =>
            where.slice(0, batch).every((k, axis) => k === o[axis]) &&
            rowAt(at(at_, where), rows) === o[batch],
        )
        .reduce(
          (total, where) =>
            fold(total, at(updates, [...where, ...o.slice(batch + 1)])),
          start[dtype],
        ),
    ),
  ],
});

const scatterShapes: readonly FoldShape[] = [
  [[3], [2], 4, 0],
  [[], [], 3, 0],
  [[5], [], 2, 0],
  [[2, 2], [2], 3, 0],
  [[2, 3], [], 4, 1],
  [[2, 2, 2], [2], 3, 2],
  [[0], [2], 3, 0],
];

/** A row without updates is infinite, which differences cannot be taken of: in float64 every row has some. */
const extremeShapes: readonly FoldShape[] = [
  ...scatterShapes.map(
    ([index, rest, rows, batch]) =>
      [index, rest, rows, batch, ["float32", "int32", "uint32"]] as const,
  ),
  [[5], [2], 1, 0, ["float64"]],
  [[2, 3], [], 1, 1, ["float64"]],
  [[], [2], 1, 0, ["float64"]],
];

const scatterRow = (
  fold: (x: number, y: number) => number,
  start: Readonly<Record<string, number>>,
  shapes: readonly FoldShape[],
): Row => ({
  diff: "smooth",
  dtypes: numbers,
  cases: shapes.map((c) => foldCase(fold, start, c)),
  refuses: [
    {
      types: ["f32[3]", "f32[3]"],
      params: { rows: 2, batch: 0 },
      names: ["int32", "f32[3]"],
    },
    {
      types: ["i32[3]", "f32[2]"],
      params: { rows: 2, batch: 0 },
      names: ["[3]", "[2]"],
    },
    {
      types: ["i32[3]", "bool[3]"],
      params: { rows: 2, batch: 0 },
      names: ["bool"],
    },
  ],
});

const same = (value: number) =>
  Object.fromEntries(numbers.map((dtype) => [dtype, value]));

const turned = (x: Nd, axes: Index) =>
  nd(x.shape, (i) =>
    at(
      x,
      i.map((k, axis) => (axes.includes(axis) ? x.shape[axis] - 1 - k : k)),
    ),
  );

export const rows: Readonly<Record<string, Row>> = {
  reverse: shapeRow(
    (
      [
        [[5], [0]],
        [[2, 3], [1]],
        [
          [2, 3, 2],
          [0, 2],
        ],
        [[2, 3], []],
        [
          [0, 2],
          [0, 1],
        ],
        [[1], [0]],
      ] as const
    ).map(([shape, axes]) => ({
      args: [{ shape }],
      params: { axes },
      want: ([x]) => [turned(x, axes)],
      ...(shape.length === 2 && axes.length === 1
        ? { symbolic: ["_, n"] }
        : {}),
    })),
    [
      { types: ["f32[2]"], params: { axes: [1] }, names: ["f32[2]", "1"] },
      { types: ["f32[2]"], params: { axes: [0, 0] }, names: ["f32[2]", "0,0"] },
    ],
  ),
  dynamicSlice: {
    diff: { linear: [[0]] },
    dtypes: all,
    cases: [
      dynamicSliceCase([5], [2]),
      dynamicSliceCase([4, 3], [2, 3]),
      dynamicSliceCase([3, 4], [2, 1]),
      dynamicSliceCase([3], [0]),
      dynamicSliceCase([3], [3]),
    ],
    refuses: [
      {
        types: ["f32[3]", "i32[]"],
        params: { sizes: [4] },
        names: ["f32[4]", "f32[3]"],
      },
      {
        types: ["f32[3]", "f32[]"],
        params: { sizes: [2] },
        names: ["int32", "f32[]"],
      },
      {
        types: ["f32[3,3]", "i32[]"],
        params: { sizes: [2, 2] },
        names: ["f32[3,3]", "i32[]"],
      },
    ],
  },
  dynamicUpdateSlice: {
    diff: { linear: [[0], [1], [0, 1]] },
    dtypes: all,
    cases: [
      dynamicUpdateSliceCase([5], [2]),
      dynamicUpdateSliceCase([4, 3], [2, 3]),
      dynamicUpdateSliceCase([3, 4], [2, 1]),
      dynamicUpdateSliceCase([3], [0]),
      dynamicUpdateSliceCase([3], [3]),
    ],
    refuses: [
      {
        types: ["f32[3]", "f32[4]", "i32[]"],
        names: ["f32[4]", "f32[3]"],
      },
      {
        types: ["f32[3]", "f64[2]", "i32[]"],
        names: ["f32[3]", "f64[2]"],
      },
      { types: ["f32[3]", "f32[2]", "i32[2]"], names: ["i32[2]"] },
    ],
  },
  scatterMul: scatterRow((x, y) => x * y, same(1), scatterShapes),
  scatterMax: scatterRow(
    (x, y) => Math.max(x, y),
    {
      ...same(-Infinity),
      int32: -(2 ** 31),
      uint32: 0,
    },
    extremeShapes,
  ),
  scatterMin: scatterRow(
    (x, y) => Math.min(x, y),
    {
      ...same(Infinity),
      int32: 2 ** 31 - 1,
      uint32: 2 ** 32 - 1,
    },
    extremeShapes,
  ),
};
