/** @file What a row of the primitive table is, and shared ways to write rows. */
import type { DType, Value } from "../../../src/ad/index.ts";
import type { Shape } from "../../../src/ad/shape.ts";
import { add, mul } from "../../../src/ad/primitives/elementwise.ts";
import { traceToJaxpr } from "../../../src/ad/transforms/trace.ts";
import {
  at,
  indices,
  nd,
  type Index,
  type Nd,
  type Values,
} from "../naive.cases.ts";

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
  /**
   * `linear` in each listed set of operands together; `smooth`: differentiable; `zero`: derivative zero; `reverse`:
   * no derivative forwards, its tests for reverse mode are its own.
   */
  readonly diff:
    { readonly linear: readonly Index[] } | "smooth" | "zero" | "reverse";
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

export const floats: readonly DType[] = ["float64", "float32"];
export const numbers: readonly DType[] = [...floats, "int32", "uint32"];
export const all: readonly DType[] = [...numbers, "bool"];

export const each =
  (f: (...xs: number[]) => number) => (args: readonly Nd[]) => [
    nd(args[0].shape, (i) => f(...args.map((x) => at(x, i)))),
  ];

export const shapes: readonly Shape[] = [[2, 3], [], [0], [2, 0, 3]];

export const unaryRow = (
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

export const binaryRow = (
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

export const shapeRow = (
  cases: readonly Case[],
  refuses: Row["refuses"],
  dtypes = all,
  diff: Row["diff"] = { linear: [[0]] },
): Row => ({ diff, dtypes, cases, refuses });

export const sumOver = (shape: Index, f: (i: Index) => number): number =>
  indices(shape).reduce((total, i) => total + f(i), 0);

/** Result index and reduced index put back into one index of the operand. */
export const merge = (
  kept: Index,
  reduced: Index,
  axes: Index,
  rank: number,
) => {
  const [a, b] = [[...kept], [...reduced]];
  return Array.from({ length: rank }, (_, axis) =>
    axes.includes(axis) ? (b.shift() as number) : (a.shift() as number),
  );
};

export const reduceCases = (
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
export function einsum(equation: string, x: Nd, y: Nd): Nd {
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

export const dotCase = (
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

export const rowAt = (index: number, rows: number) =>
  index < 0 ? index + rows : index;

export const gatherCase = (x: Shape, index: Shape, batch: number): Case => ({
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

export const scatterCase = (
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
export const scanCase = (length: number, reverse: boolean): Case => ({
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

export const f32 = (...shape: number[]) => ({
  shape,
  dtype: "float32" as const,
});

export const made = (
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

export const truncated = (x: number, y: number, dtype: DType) =>
  dtype.startsWith("float") ? x / y : Math.trunc(x / y);

export const division = binaryRow(
  (x, y) => x / y,
  numbers,
  { linear: [[0]] },
  "positive",
);

export const half = { linear: [[0], [1], [0, 1]] };
export const bilinearIn = { linear: [[0], [1]] };
