/** @file Rows of the primitives that move, reduce, multiply and choose elements, and of scan. */
import type { Shape } from "../../../src/ad/shape.ts";
import { nd, at, insert, without } from "../naive.cases.ts";
import {
  floats,
  numbers,
  all,
  each,
  shapes,
  unaryRow,
  binaryRow,
  shapeRow,
  reduceCases,
  dotCase,
  gatherCase,
  scatterCase,
  scanCase,
  f32,
  made,
  truncated,
  division,
  half,
  bilinearIn,
  type Row,
} from "./row.cases.ts";

export const rows: Readonly<Record<string, Row>> = {
  neg: unaryRow((x) => 0 - x, numbers, { linear: [[0]] }, "bool[2]"),
  exp: unaryRow((x) => Math.E ** x, floats, "smooth", "i32[2]"),
  log: unaryRow(
    (x) => Math.log2(x) * Math.LN2,
    floats,
    "smooth",
    "i32[2]",
    "positive",
  ),
  tanh: unaryRow(
    (x) => 1 - 2 / (Math.E ** (2 * x) + 1),
    floats,
    "smooth",
    "u32[2]",
  ),
  logistic: unaryRow(
    (x) => (1 + Math.tanh(x / 2)) / 2,
    floats,
    "smooth",
    "bool[2]",
  ),
  sqrt: unaryRow((x) => x ** 0.5, floats, "smooth", "i32[2]", "positive"),
  add: binaryRow((x, y) => x + y, numbers, half),
  sub: binaryRow((x, y) => x - y, numbers, half),
  mul: binaryRow((x, y) => x * y, numbers, bilinearIn),
  div: {
    ...division,
    cases: division.cases.map((c) => ({
      ...c,
      want: (args, dtype) => each((x, y) => truncated(x, y, dtype))(args),
    })),
  },
  max: binaryRow((x, y) => (x > y ? x : y), numbers, "smooth"),
  min: binaryRow((x, y) => (x < y ? x : y), numbers, "smooth"),
  eq: binaryRow((x, y) => Number(x === y), all, "zero"),
  lt: binaryRow((x, y) => Number(x < y), all, "zero"),
  le: binaryRow((x, y) => Number(x <= y), all, "zero"),
  select: {
    diff: { linear: [[1], [2], [1, 2]] },
    dtypes: all,
    cases: shapes.map((shape) => ({
      args: [{ shape, dtype: "bool" }, { shape }, { shape }],
      want: each((p, x, y) => (p ? x : y)),
    })),
    refuses: [
      { types: ["bool[2]", "f32[2]", "f32[3]"], names: ["f32[2]", "f32[3]"] },
      { types: ["bool[3]", "f32[2]", "f32[2]"], names: ["bool[3]", "f32[2]"] },
      { types: ["f32[2]", "f32[2]", "f32[2]"], names: ["bool", "f32[2]"] },
    ],
  },
  convert: shapeRow(
    (["float64", "float32", "int32", "uint32", "bool"] as const).flatMap((to) =>
      ([[2, 3], [], [0]] as const).map((shape) => ({
        args: [
          {
            shape,
            ...(to === "uint32" ? { values: "positive" as const } : {}),
          },
        ],
        params: { dtype: to },
        want: each((x) =>
          to === "bool"
            ? Number(x !== 0)
            : to.startsWith("float")
              ? x
              : Math.trunc(x),
        ),
      })),
    ),
    [],
  ),
  reshape: shapeRow(
    (
      [
        [
          [2, 3],
          [3, 2],
        ],
        [[2, 3], [6]],
        [[1], []],
        [[], [1, 1]],
        [
          [0, 3],
          [5, 0],
        ],
        [
          [4, 1, 2],
          [2, 4],
        ],
      ] as const
    ).map(([from, shape]) => ({
      args: [{ shape: from }],
      params: { shape },
      want: ([x]) => [{ shape, data: x.data }],
    })),
    [{ types: ["f32[2,3]"], params: { shape: [4] }, names: ["[2,3]", "[4]"] }],
  ),
  transpose: shapeRow(
    (
      [
        [
          [2, 3],
          [1, 0],
        ],
        [
          [2, 3, 4],
          [1, 2, 0],
        ],
        [
          [2, 3, 4],
          [2, 0, 1],
        ],
        [[], []],
        [
          [0, 2],
          [1, 0],
        ],
      ] as const
    ).map(([shape, order]) => ({
      args: [{ shape }],
      params: { order },
      want: ([x]) => [
        nd(
          order.map((i) => x.shape[i]),
          (o) => {
            const index: number[] = [];
            order.forEach((axis, i) => (index[axis] = o[i]));
            return at(x, index);
          },
        ),
      ],
      ...(shape.length === 3 ? { symbolic: ["_, n, m"] } : {}),
    })),
    [
      {
        types: ["f32[2,3]"],
        params: { order: [0, 0] },
        names: ["[2,3]", "(0,0)"],
      },
    ],
  ),
  broadcast: shapeRow(
    (
      [
        [[3], [2, 3], [1]],
        [[2], [2, 3], [0]],
        [[], [2, 2], []],
        [
          [2, 4],
          [2, 3, 4],
          [0, 2],
        ],
        [
          [2, 4],
          [3, 2, 4, 2],
          [1, 2],
        ],
        [
          [1, 2],
          [3, 1, 2],
          [1, 2],
        ],
        [[0], [2, 0], [1]],
        [[2], [2, 0], [0]],
      ] as const
    ).map(([from, shape, axes]) => ({
      args: [{ shape: from }],
      params: { shape, axes },
      want: ([x]) => [
        nd(shape, (i) =>
          at(
            x,
            axes.map((axis) => i[axis]),
          ),
        ),
      ],
    })),
    [
      {
        types: ["f32[3]"],
        params: { shape: [2, 4], axes: [1] },
        names: ["[3]", "[2,4]"],
      },
      {
        types: ["f32[2,3]"],
        params: { shape: [3, 2], axes: [1, 0] },
        names: ["[2,3]", "[3,2]"],
      },
    ],
  ),
  sum: {
    ...shapeRow(
      reduceCases(
        (xs) => xs.reduce((a, b) => a + b, 0),
        [
          [[2, 3], [0]],
          [[2, 3], [1]],
          [
            [2, 3, 2],
            [0, 2],
          ],
          [[2, 3, 2], [1]],
          [[3], [0]],
          [[0, 2], [0]],
          [[2, 0], [0]],
        ],
      ),
      [{ types: ["bool[2]"], params: { axes: [0] }, names: ["bool"] }],
      numbers,
    ),
  },
  slice: shapeRow(
    (
      [
        [[5], [1], [4]],
        [
          [4, 3],
          [2, 0],
          [4, 2],
        ],
        [
          [4, 3],
          [0, 1],
          [4, 2],
        ],
        [[4], [2], [2]],
        [[], [], []],
      ] as const
    ).map(([shape, start, limit]) => ({
      args: [{ shape }],
      params: { start, limit },
      want: ([x]) => [
        nd(
          limit.map((n, i) => n - start[i]),
          (i) =>
            at(
              x,
              i.map((k, axis) => k + start[axis]),
            ),
        ),
      ],
    })),
    [
      {
        types: ["f32[3]"],
        params: { start: [2], limit: [4] },
        names: ["[3]", "[4]"],
      },
      {
        types: ["f32[3]"],
        params: { start: [0, 0], limit: [1, 1] },
        names: ["[3]", "[1,1]"],
      },
    ],
  ),
  pad: shapeRow(
    (
      [
        [[2], [1], [2]],
        [
          [2, 3],
          [0, 1],
          [1, 0],
        ],
        [
          [2, 3],
          [0, 0],
          [0, 0],
        ],
        [[0], [2], [1]],
        [[], [], []],
      ] as const
    ).map(([shape, low, high]) => ({
      args: [{ shape }],
      params: { low, high },
      want: ([x]) => [
        nd(
          shape.map((n, i) => low[i] + n + high[i]),
          (o) => {
            const i = o.map((k, axis) => k - low[axis]);
            return i.every((k, axis) => k >= 0 && k < shape[axis])
              ? at(x, i)
              : 0;
          },
        ),
      ],
    })),
    [
      {
        types: ["f32[3]"],
        params: { low: [-1], high: [0] },
        names: ["[3]", "-1"],
      },
      {
        types: ["f32[3]"],
        params: { low: [0, 1], high: [0, 0] },
        names: ["[3]", "0,1"],
      },
    ],
  ),
  concatenate: {
    diff: { linear: [[0], [1], [2], [0, 2], [0, 1, 2]] },
    dtypes: all,
    cases: (
      [
        [[[2], [3], [1]], 0],
        [
          [
            [2, 1],
            [2, 2],
            [2, 3],
          ],
          1,
        ],
        [
          [
            [1, 2],
            [0, 2],
            [2, 2],
          ],
          0,
        ],
        [
          [
            [2, 1, 2],
            [2, 3, 2],
            [2, 2, 2],
          ],
          1,
        ],
      ] as const
    ).map(([parts, axis]: readonly [readonly Shape[], number]) => ({
      args: parts.map((shape) => ({ shape })),
      params: { axis },
      want: (xs) => [
        nd(
          parts[0].map((n, i) =>
            i === axis
              ? parts.reduce((total, shape) => total + shape[axis], 0)
              : n,
          ),
          (o) => {
            let k = o[axis];
            for (const x of xs) {
              if (k < x.shape[axis])
                return at(x, insert(without(o, axis), axis, k));
              k -= x.shape[axis];
            }
            throw new Error("concatenate reference ran past its operands");
          },
        ),
      ],
    })),
    refuses: [
      {
        types: ["f32[2,3]", "f32[3,3]"],
        params: { axis: 1 },
        names: ["[2,3]", "[3,3]"],
      },
      {
        types: ["f32[2]", "i32[2]"],
        params: { axis: 0 },
        names: ["f32[2]", "i32[2]"],
      },
    ],
  },
  dot: {
    diff: bilinearIn,
    dtypes: numbers,
    cases: [
      dotCase(
        "mk,kn->mn",
        [2, 3],
        [3, 4],
        [[1], [0]],
        [[], []],
        ["m, _", "_, _"],
      ),
      dotCase("km,kn->mn", [3, 2], [3, 4], [[0], [0]]),
      dotCase("mk,nk->mn", [2, 3], [4, 3], [[1], [1]]),
      dotCase(
        "bmk,kn->bmn",
        [2, 2, 3],
        [3, 2],
        [[2], [0]],
        [[], []],
        ["b, m, _", "_, _"],
      ),
      dotCase("bmk,bkn->bmn", [2, 2, 3], [2, 3, 2], [[2], [1]], [[0], [0]]),
      dotCase("mbk,knb->bmn", [2, 3, 2], [2, 2, 3], [[2], [0]], [[1], [2]]),
      dotCase(
        "mjk,kjn->mn",
        [2, 3, 2],
        [2, 3, 2],
        [
          [1, 2],
          [1, 0],
        ],
      ),
      dotCase(
        "mkj,kjn->mn",
        [2, 2, 3],
        [2, 3, 2],
        [
          [2, 1],
          [1, 0],
        ],
      ),
      dotCase("k,k->", [3], [3], [[0], [0]]),
      dotCase("k,kn->n", [3], [3, 2], [[0], [0]]),
      dotCase("m,n->mn", [2], [3], [[], []]),
      dotCase(",->", [], [], [[], []]),
      dotCase(",n->n", [], [3], [[], []]),
      dotCase("b,b->b", [3], [3], [[], []], [[0], [0]]),
      dotCase("mk,kn->mn", [2, 0], [0, 2], [[1], [0]]),
      dotCase("mk,kn->mn", [0, 2], [2, 2], [[1], [0]]),
      dotCase("bmk,bkn->bmn", [2, 2, 0], [2, 0, 2], [[2], [1]], [[0], [0]]),
    ],
    refuses: [
      {
        types: ["f32[3,4]", "f32[5,2]"],
        params: { contract: [[1], [0]], batch: [[], []] },
        names: ["[3,4]", "axis 1 is 4", "[5,2]", "axis 0 is 5"],
      },
      {
        types: ["f32[3,4]", "f64[4,2]"],
        params: { contract: [[1], [0]], batch: [[], []] },
        names: ["f32[3,4]", "f64[4,2]"],
      },
      {
        types: ["bool[2]", "bool[2]"],
        params: { contract: [[0], [0]], batch: [[], []] },
        names: ["bool"],
      },
    ],
  },
  gather: {
    diff: { linear: [[0]] },
    dtypes: all,
    cases: [
      gatherCase([4, 2], [3], 0),
      gatherCase([4], [], 0),
      gatherCase([3, 2, 2], [2, 2], 0),
      gatherCase([2, 4], [2, 3], 1),
      gatherCase([2, 4, 2], [2], 1),
      gatherCase([2, 2, 3, 2], [2, 2, 2], 2),
      gatherCase([4, 2], [0], 0),
    ],
    refuses: [
      {
        types: ["f32[4,2]", "f32[3]"],
        params: { batch: 0 },
        names: ["int32", "f32[3]"],
      },
      {
        types: ["f32[4,2]", "i32[3]"],
        params: { batch: 1 },
        names: ["f32[4,2]", "i32[3]"],
      },
    ],
  },
  scatterAdd: {
    diff: { linear: [[1]] },
    dtypes: numbers,
    cases: [
      scatterCase([3], [2], 4, 0),
      scatterCase([], [], 3, 0),
      scatterCase([5], [], 2, 0),
      scatterCase([2, 2], [2], 3, 0),
      scatterCase([2, 3], [], 4, 1),
      scatterCase([2], [2], 3, 1),
      scatterCase([2, 2, 2], [2], 3, 2),
      scatterCase([0], [2], 3, 0),
    ],
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
  },
  reduceMax: shapeRow(
    reduceCases(
      (xs) => xs.reduce((a, b) => (a > b ? a : b)),
      [
        [[2, 3], [0]],
        [[2, 3], [1]],
        [
          [2, 3, 2],
          [0, 2],
        ],
        [[2, 3, 2], [1]],
        [[3], [0]],
        [[0, 2], [1]],
      ],
    ),
    [{ types: ["f32[2,0]"], params: { axes: [1] }, names: ["[2,0]"] }],
    all,
    "smooth",
  ),
  argmax: shapeRow(
    (
      [
        [[5], 0],
        [[2, 4], 1],
        [[2, 4], 0],
        [[2, 3, 2], 1],
        [[0, 2], 1],
      ] as const
    ).map(([shape, axis]: readonly [Shape, number]) => ({
      args: [{ shape }],
      params: { axis },
      want: ([x]) => [
        nd(without(shape, axis), (o) => {
          const line = Array.from({ length: shape[axis] }, (_, k) =>
            at(x, insert(o, axis, k)),
          );
          return line.indexOf(Math.max(...line));
        }),
      ],
    })),
    [{ types: ["f32[2,0]"], params: { axis: 1 }, names: ["[2,0]"] }],
    all,
    "zero",
  ),
  fill: {
    diff: "zero",
    dtypes: all,
    cases: ([[2, 3], [], [0]] as const).flatMap((shape) =>
      made(
        (dtype) => ({ value: 1, type: { shape, dtype } }),
        () => nd(shape, () => 1),
        all,
      ),
    ),
    refuses: [],
  },
  iota: {
    diff: "zero",
    dtypes: numbers,
    cases: (
      [
        [[4], 0],
        [[2, 3], 0],
        [[2, 3], 1],
        [[2, 3, 2], 1],
        [[0], 0],
      ] as const
    ).flatMap(([shape, axis]: readonly [Shape, number]) =>
      made(
        (dtype) => ({ axis, type: { shape, dtype } }),
        () => nd(shape, (i) => i[axis]),
        numbers,
      ),
    ),
    refuses: [
      { types: [], params: { axis: 1, type: f32(2) }, names: ["[2]", "1"] },
      {
        types: [],
        params: { axis: 0, type: { shape: [2], dtype: "bool" } },
        names: ["bool"],
      },
    ],
  },
  scan: {
    diff: { linear: [[1, 2]] },
    dtypes: ["float64"],
    cases: [
      scanCase(3, false),
      scanCase(3, true),
      scanCase(1, false),
      scanCase(0, false),
    ],
    refuses: [
      {
        types: ["f64[2]", "f64[2]", "f64[3,5]"],
        params: scanCase(3, false).params as object,
        names: ["f64[2]", "f64[5]"],
      },
      {
        types: ["f64[2]", "f64[2]", "f64[4,2]"],
        params: scanCase(3, false).params as object,
        names: ["3", "f64[4,2]"],
      },
    ],
  },
};
