/** @file One row a primitive: operands, a naive reference, what it is linear in, and what its type rule refuses. */
import type { DType, Value } from "../../src/ad/index.ts";
import type { Shape } from "../../src/ad/shape.ts";
import { add, mul } from "../../src/ad/primitives/elementwise.ts";
import { traceToJaxpr } from "../../src/ad/transforms/trace.ts";
import {
  at,
  indices,
  insert,
  nd,
  without,
  type Index,
  type Nd,
  type Values,
} from "./naive.cases.ts";

export interface Operand {
  readonly shape: Shape;
  readonly values?: Values;
  /** The dtype of this operand where it is not the one under test. */
  readonly dtype?: DType;
}

export interface Case {
  readonly args: readonly Operand[];
  readonly params?: object;
  /** Results from operands, by closed form or nested loops. */
  readonly want: (args: readonly Nd[], dtype: DType) => readonly Nd[];
  readonly dtypes?: readonly DType[];
  /** Names for axes of the operands that may have any size, as in `jit`'s symbolicShapes. */
  readonly symbolic?: readonly string[];
}

export interface Row {
  /** `linear` in each listed set of operands together; `smooth`: differentiable; `zero`: derivative zero. */
  readonly diff: { readonly linear: readonly Index[] } | "smooth" | "zero";
  /** Dtypes each case is tried at, unless the case says otherwise. */
  readonly dtypes: readonly DType[];
  readonly cases: readonly Case[];
  /** Operand types (`f32[2,3]`) the type rule refuses, and what its sentence must name. */
  readonly refuses: readonly {
    readonly types: readonly string[];
    readonly params?: object;
    readonly names: readonly string[];
  }[];
}

const names: Record<string, DType> = {
  f32: "float32",
  f64: "float64",
  i32: "int32",
  u32: "uint32",
  bool: "bool",
};

/** `f32[2,3]` as a type. */
export function parseType(text: string): { shape: number[]; dtype: DType } {
  const [name, rest] = text.slice(0, -1).split("[");
  return {
    dtype: names[name],
    shape: rest === "" ? [] : rest.split(",").map(Number),
  };
}

const floats: readonly DType[] = ["float64", "float32"];
const numbers: readonly DType[] = [...floats, "int32", "uint32"];
const all: readonly DType[] = [...numbers, "bool"];

const each = (f: (...xs: number[]) => number) => (args: readonly Nd[]) => [
  nd(args[0].shape, (i) => f(...args.map((x) => at(x, i)))),
];

const shapes: readonly Shape[] = [[2, 3], [], [0], [2, 0, 3]];

const unaryRow = (
  f: (x: number) => number,
  dtypes: readonly DType[],
  diff: Row["diff"],
  refused: string,
  values: Values = "any",
): Row => ({
  diff,
  dtypes,
  cases: shapes.map((shape) => ({
    args: [{ shape, values }],
    want: each(f),
    ...(shape.length === 2 ? { symbolic: ["n, _"] } : {}),
  })),
  refuses: [{ types: [refused], names: [parseType(refused).dtype] }],
});

const binaryRow = (
  f: (x: number, y: number) => number,
  dtypes: readonly DType[],
  diff: Row["diff"],
  right: Values = "any",
): Row => ({
  diff,
  dtypes,
  cases: shapes.map((shape) => ({
    args: [{ shape }, { shape, values: right }],
    want: each(f),
    ...(shape.length === 2 ? { symbolic: ["n, _", "n, _"] } : {}),
  })),
  refuses: [
    { types: ["f32[2,3]", "f32[3]"], names: ["f32[2,3]", "f32[3]"] },
    { types: ["f32[2]", "i32[2]"], names: ["f32[2]", "i32[2]"] },
  ],
});

const shapeRow = (
  cases: readonly Case[],
  refuses: Row["refuses"],
  dtypes = all,
  diff: Row["diff"] = { linear: [[0]] },
): Row => ({ diff, dtypes, cases, refuses });

const sumOver = (shape: Index, f: (i: Index) => number): number =>
  indices(shape).reduce((total, i) => total + f(i), 0);

/** Result index and reduced index put back into one index of the operand. */
const merge = (kept: Index, reduced: Index, axes: Index, rank: number) => {
  const [a, b] = [[...kept], [...reduced]];
  return Array.from({ length: rank }, (_, axis) =>
    axes.includes(axis) ? (b.shift() as number) : (a.shift() as number),
  );
};

const reduceCases = (
  fold: (values: number[]) => number,
  list: readonly (readonly [Shape, Index])[],
): Case[] =>
  list.map(([shape, axes]) => ({
    args: [{ shape }],
    params: { axes },
    want: ([x]) => [
      nd(
        shape.filter((_, i) => !axes.includes(i)),
        (kept) =>
          fold(
            indices(axes.map((i) => shape[i])).map((reduced) =>
              at(x, merge(kept, reduced, axes, shape.length)),
            ),
          ),
      ),
    ],
    ...(shape.length === 3 && !axes.includes(0)
      ? { symbolic: ["n, ..."] }
      : {}),
  }));

/** Sums of products over the axes that share a letter and are not in the result. */
function einsum(equation: string, x: Nd, y: Nd): Nd {
  const [ins, out] = equation.split("->");
  const [left, right] = ins.split(",");
  const size = (c: string) =>
    left.includes(c) ? x.shape[left.indexOf(c)] : y.shape[right.indexOf(c)];
  const inner = [...new Set(left + right)].filter((c) => !out.includes(c));
  return nd([...out].map(size), (o) =>
    sumOver(inner.map(size), (k) => {
      const value = (c: string) =>
        out.includes(c) ? o[out.indexOf(c)] : k[inner.indexOf(c)];
      return at(x, [...left].map(value)) * at(y, [...right].map(value));
    }),
  );
}

const dotCase = (
  equation: string,
  lhs: Shape,
  rhs: Shape,
  contract: readonly [Index, Index],
  batch: readonly [Index, Index] = [[], []],
  symbolic?: readonly string[],
): Case => ({
  args: [{ shape: lhs }, { shape: rhs }],
  params: { contract, batch },
  want: ([x, y]) => [einsum(equation, x, y)],
  ...(symbolic ? { symbolic } : {}),
});

const rowAt = (index: number, rows: number) =>
  index < 0 ? index + rows : index;

const gatherCase = (x: Shape, index: Shape, batch: number): Case => ({
  args: [
    { shape: x },
    { shape: index, dtype: "int32", values: { rows: x[batch] } },
  ],
  params: { batch },
  want: ([table, at_]) => [
    nd([...index, ...x.slice(batch + 1)], (i) => {
      const where = i.slice(0, index.length);
      const row = rowAt(at(at_, where), x[batch]);
      return at(table, [
        ...where.slice(0, batch),
        row,
        ...i.slice(index.length),
      ]);
    }),
  ],
  ...(batch === 0 && index.length === 1 && x.length === 2
    ? { symbolic: ["_, _", "n"] }
    : {}),
});

const scatterCase = (
  index: Shape,
  rest: Shape,
  rows: number,
  batch: number,
): Case => ({
  args: [
    { shape: index, dtype: "int32", values: { rows } },
    { shape: [...index, ...rest] },
  ],
  params: { rows, batch },
  want: ([at_, updates]) => [
    nd([...index.slice(0, batch), rows, ...rest], (o) =>
      sumOver(index, (where) =>
        where.slice(0, batch).every((k, axis) => k === o[axis]) &&
        rowAt(at(at_, where), rows) === o[batch]
          ? at(updates, [...where, ...o.slice(batch + 1)])
          : 0,
      ),
    ),
  ],
});

/** c' = a c + x, y = c + c' over the leading axis of x, in the dtype under test. */
const scanCase = (length: number, reverse: boolean): Case => ({
  args: [{ shape: [2] }, { shape: [2] }, { shape: [length, 2] }],
  dtypes: ["float64"],
  params: {
    ...(() => {
      const type = { shape: [2], dtype: "float64" } as const;
      const step = ([a, c, x]: Value[]) => {
        const next = add(mul(a, c), x);
        return [next, add(c, next)];
      };
      return { jaxpr: traceToJaxpr(step, [type, type, type]).jaxpr };
    })(),
    consts: 1,
    carries: 1,
    length,
    reverse,
  },
  want: ([a, c, x]) => {
    const carry = [...c.data];
    const ys = new Map<string, number>();
    for (let step = 0; step < length; step++) {
      const t = reverse ? length - 1 - step : step;
      for (const lane of [0, 1]) {
        const next = a.data[lane] * carry[lane] + at(x, [t, lane]);
        ys.set(`${t},${lane}`, carry[lane] + next);
        carry[lane] = next;
      }
    }
    return [
      { shape: [2], data: carry },
      nd([length, 2], (i) => ys.get(i.join()) as number),
    ];
  },
});

const f32 = (...shape: number[]) => ({ shape, dtype: "float32" as const });

const made = (
  params: (dtype: DType) => object,
  want: (dtype: DType) => Nd,
  dtypes: readonly DType[],
): Case[] =>
  dtypes.map((dtype) => ({
    args: [],
    params: params(dtype),
    dtypes: [dtype],
    want: () => [want(dtype)],
  }));

const truncated = (x: number, y: number, dtype: DType) =>
  dtype.startsWith("float") ? x / y : Math.trunc(x / y);

const division = binaryRow(
  (x, y) => x / y,
  numbers,
  { linear: [[0]] },
  "positive",
);

const half = { linear: [[0], [1], [0, 1]] };
const bilinearIn = { linear: [[0], [1]] };

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
  not: unaryRow((x) => 1 - x, ["bool"], "zero", "f32[2]"),
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
  and: binaryRow((x, y) => x * y, ["bool"], "zero"),
  or: binaryRow((x, y) => x + y - x * y, ["bool"], "zero"),
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
