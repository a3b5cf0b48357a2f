/** @file Rows of sorting, cumulative and further reductions. */
import type { Shape } from "../../../src/ad/shape.ts";
import { at, indices, nd, type Index, type Nd } from "../naive.cases.ts";
import {
  all,
  numbers,
  reduceCases,
  shapeRow,
  type Case,
  type Row,
} from "./row.cases.ts";

const reduced: readonly (readonly [Shape, Index])[] = [
  [[2, 3], [0]],
  [[2, 3], [1]],
  [
    [2, 3, 2],
    [0, 2],
  ],
  [[2, 3, 2], [1]],
  [[3], [0]],
  [[1, 2], [0]],
  [[0, 2], [1]],
];

/** The elements along an axis through `index`. */
const lineAt = (x: Nd, index: Index, axis: number): number[] =>
  Array.from({ length: x.shape[axis] }, (_, k) =>
    at(
      x,
      index.map((n, i) => (i === axis ? k : n)),
    ),
  );

const lines: readonly (readonly [Shape, number])[] = [
  [[5], 0],
  [[2, 4], 1],
  [[4, 2], 0],
  [[2, 3, 2], 1],
  [[0, 2], 0],
  [[2, 0], 0],
  [[1, 3], 0],
];

const cumsumCases: Case[] = lines.flatMap(([shape, axis]) =>
  [false, true].map((reverse) => ({
    args: [{ shape }],
    params: { axis, reverse },
    want: ([x]: readonly Nd[]) => [
      nd(shape, (i) =>
        lineAt(x, i, axis)
          .slice(...(reverse ? [i[axis]] : [0, i[axis] + 1]))
          .reduce((a, b) => a + b, 0),
      ),
    ],
    ...(shape.length === 3 ? { symbolic: ["n, _, _"] } : {}),
  })),
);

/** The place of each element is the number of elements that must come before it. */
const argsortCase = (
  shape: Shape,
  axis: number,
  keys: number,
  descending: boolean,
): Case => ({
  args: Array.from({ length: keys }, () => ({ shape })),
  params: { axis, descending },
  want: (xs) => {
    const order = new Map<string, number>();
    for (const i of indices(shape)) {
      const rows = xs.map((x) => lineAt(x, i, axis));
      const before = (a: number, b: number): boolean => {
        const row = rows.find((r) => r[a] !== r[b]);
        return row ? row[a] < row[b] !== descending : a < b;
      };
      const rank = rows[0].filter(
        (_, k) => k !== i[axis] && before(k, i[axis]),
      ).length;
      order.set(i.map((n, k) => (k === axis ? rank : n)).join(), i[axis]);
    }
    return [nd(shape, (i) => order.get(i.join()) as number)];
  },
  ...(shape.length === 3 || shape.length === 1
    ? { symbolic: Array<string>(keys).fill("n, ...") }
    : {}),
});

const argsortCases = lines.flatMap(([shape, axis]) =>
  [1, 2].flatMap((keys) =>
    [false, true].map((descending) =>
      argsortCase(shape, axis, keys, descending),
    ),
  ),
);

const empty = (axis: number) => ({
  types: ["f32[2,0]"],
  params: { axes: [axis], axis },
  names: ["[2,0]"],
});

export const rows: Readonly<Record<string, Row>> = {
  reduceMin: shapeRow(
    reduceCases((xs) => xs.reduce((a, b) => (a < b ? a : b)), reduced),
    [empty(1)],
    all,
    "smooth",
  ),
  reduceProd: shapeRow(
    reduceCases(
      (xs) => xs.reduce((a, b) => a * b, 1),
      [...reduced, [[2, 0], [1]], [[7], [0]]],
    ),
    [{ types: ["bool[2]"], params: { axes: [0] }, names: ["bool[2]"] }],
    numbers,
    "smooth",
  ),
  argmin: shapeRow(
    lines
      .filter(([shape, axis]) => shape[axis] > 0)
      .map(([shape, axis]) => ({
        args: [{ shape }],
        params: { axis },
        want: ([x]) => [
          nd(
            shape.filter((_, i) => i !== axis),
            (o) => {
              const line = lineAt(
                x,
                [...o.slice(0, axis), 0, ...o.slice(axis)],
                axis,
              );
              return line.indexOf(Math.min(...line));
            },
          ),
        ],
      })),
    [empty(1)],
    all,
    "zero",
  ),
  argsort: {
    diff: "zero",
    dtypes: all,
    cases: argsortCases,
    refuses: [
      {
        types: ["f32[2]", "f32[3]"],
        params: { axis: 0 },
        names: ["f32[2]", "f32[3]"],
      },
      { types: ["f32[2]"], params: { axis: 1 }, names: ["f32[2]", "1"] },
    ],
  },
  cumsum: shapeRow(
    cumsumCases,
    [
      { types: ["bool[2]"], params: { axis: 0 }, names: ["bool[2]"] },
      { types: ["f32[2]"], params: { axis: 1 }, names: ["f32[2]", "1"] },
    ],
    numbers,
  ),
};
