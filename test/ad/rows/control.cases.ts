/** @file Rows of branches and open-ended loops. */
import "../../../src/ad/lax/control.ts";
import type { DType, Value } from "../../../src/ad/index.ts";
import { add, lt, mul, sub } from "../../../src/ad/primitives/elementwise.ts";
import { fill } from "../../../src/ad/primitives/fill.ts";
import { traceToJaxpr } from "../../../src/ad/transforms/trace.ts";
import type { ArrayType } from "../../../src/ad/shape.ts";
import { at, nd, type Nd } from "../naive.cases.ts";
import { numbers, type Case, type Row } from "./row.cases.ts";

const int = { shape: [], dtype: "int32" } as const;
const program = (
  f: (args: Value[]) => readonly Value[],
  ...types: ArrayType[]
) => traceToJaxpr(f, types).jaxpr;

/** One of [a x + y, x], [y - x, y], [a, x + x], all linear in (x, y) but the last, which is not in y. */
const choice = (count: number, dtype: DType): Case & { params: object } => {
  const type = { shape: [2], dtype };
  const branches = [
    ([a, x, y]: Value[]) => [add(mul(a, x), y), x],
    ([, x, y]: Value[]) => [sub(y, x), y],
    ([a, x]: Value[]) => [sub(mul(a, x), x), add(x, x)],
  ].slice(0, count);
  const values = [
    (a: number, x: number, y: number) => [a * x + y, x],
    (_a: number, x: number, y: number) => [y - x, y],
    (a: number, x: number) => [a * x - x, x + x],
  ];
  return {
    dtypes: [dtype],
    args: [
      { shape: [], dtype: "int32", values: { rows: 5 } },
      { shape: [2] },
      { shape: [2] },
      { shape: [2] },
    ],
    params: { branches: branches.map((f) => program(f, type, type, type)) },
    want: ([index, a, x, y]) => {
      const chosen = Math.min(Math.max(index.data[0], 0), count - 1);
      return [0, 1].map((result) =>
        nd([2], (i) => values[chosen](at(a, i), at(x, i), at(y, i))[result]),
      );
    },
  };
};

/** x = a x - x and i = i + 1 while i < limit. */
const countUp = (dtype: DType): Case & { params: object } => {
  const type = { shape: [2], dtype };
  const index = { shape: [], dtype: "int32", values: { rows: 3 } } as const;
  return {
    dtypes: [dtype],
    args: [index, { shape: [2] }, index, { shape: [2] }],
    params: {
      cond: program(([limit, i]) => [lt(i, limit)], int, int, type),
      body: program(
        ([a, i, x]) => [add(i, fill(1, int)), sub(mul(a, x), x)],
        type,
        int,
        type,
      ),
      condConsts: 1,
      bodyConsts: 1,
    },
    want: ([limit, a, i, x]) => {
      const steps = Math.max(0, limit.data[0] - i.data[0]);
      const end: Nd = { shape: [], data: [i.data[0] + steps] };
      return [
        end,
        nd([2], (k) => {
          let value = at(x, k);
          for (let step = 0; step < steps; step++)
            value = at(a, k) * value - value;
          return value;
        }),
      ];
    },
  };
};

export const rows: Readonly<Record<string, Row>> = {
  cond: {
    diff: { linear: [[2, 3], [2]] },
    dtypes: numbers,
    cases: numbers.flatMap((dtype) =>
      [1, 2, 3].map((count) => choice(count, dtype)),
    ),
    refuses: [
      {
        types: ["f32[]", "f64[2]", "f64[2]", "f64[2]"],
        params: choice(2, "float64").params,
        names: ["i32[]", "f32[]"],
      },
      {
        types: ["i32[]", "f64[2]", "f64[3]", "f64[2]"],
        params: choice(2, "float64").params,
        names: ["input 1", "f64[2]", "f64[3]"],
      },
    ],
  },
  while: {
    diff: "smooth",
    dtypes: numbers,
    cases: numbers.map(countUp),
    refuses: [
      {
        types: ["i32[]", "f64[2]", "i32[]", "f64[5]"],
        params: countUp("float64").params,
        names: ["f64[2]", "f64[5]"],
      },
      {
        types: ["i32[3]", "f64[2]", "i32[]", "f64[2]"],
        params: countUp("float64").params,
        names: ["i32[]", "i32[3]"],
      },
    ],
  },
};
