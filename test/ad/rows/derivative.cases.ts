/** @file Rows of checkpoint, custom derivatives and stopGradient. */
import { add, mul, neg, tanh } from "../../../src/ad/primitives/elementwise.ts";
import { fill } from "../../../src/ad/primitives/fill.ts";
import type { Value } from "../../../src/ad/index.ts";
import { traceToJaxpr } from "../../../src/ad/transforms/trace.ts";
import { at, nd, type Nd } from "../naive.cases.ts";
import { all, each, type Case, type Row } from "./row.cases.ts";

const vec = { shape: [3], dtype: "float64" } as const;
/** tanh(x y) + x */
const body = ([x, y]: Value[]) => [add(tanh(mul(x, y)), x)];
const slope = ([x, y]: Value[], [dx, dy]: Value[]) => {
  const t = tanh(mul(x, y));
  const s = add(mul(neg(t), t), fillLike(x, 1));
  return [add(mul(s, add(mul(dx, y), mul(x, dy))), dx)];
};
const fillLike = (x: Value, value: number) => fill(value, x.type);
const { jaxpr } = traceToJaxpr(body, [vec, vec]);

const pair = (params: object): Case => ({
  args: [{ shape: [3] }, { shape: [3] }],
  dtypes: ["float64"],
  params,
  want: ([x, y]: readonly Nd[]) => [
    nd([3], (i) => Math.tanh(at(x, i) * at(y, i)) + at(x, i)),
  ],
});

const calls = (params: object, diff: Row["diff"]): Row => ({
  diff,
  dtypes: ["float64"],
  cases: [pair(params)],
  refuses: [],
});

export const rows: Readonly<Record<string, Row>> = {
  remat: {
    ...calls({ jaxpr }, "smooth"),
    refuses: [
      {
        types: ["f64[3]", "f32[3]"],
        params: { jaxpr },
        names: ["f64[3]", "f32[3]"],
      },
    ],
  },
  customJvp: calls(
    {
      jaxpr,
      consts: 0,
      jvp: (xs: Value[], dxs: Value[]) => [body(xs), slope(xs, dxs)],
    },
    "smooth",
  ),
  customVjp: calls({ jaxpr, consts: 0 }, "reverse"),
  // Never evaluated: it holds the place of a tangent until it is transposed; custom.test.ts does that.
  customLin: { diff: "reverse", dtypes: [], cases: [], refuses: [] },
  stopGradient: {
    diff: "zero",
    dtypes: all,
    cases: [[2, 3], [], [0]].map((shape) => ({
      args: [{ shape }],
      want: each((x) => x),
    })),
    refuses: [],
  },
};
