/** @file Values at the edges of a dtype: NaN, infinities, signed zero, integer overflow, division by zero, long sums. */
import { describe, expect, test } from "vitest";
import {
  array,
  jit,
  jvp,
  numpy as np,
  type Array as Arr,
  type DType,
  type Value,
} from "../../src/ad/index.ts";
import { primitives, type Primitive } from "../../src/ad/primitive.ts";
import { random } from "./naive.cases.ts";

interface Special {
  readonly primitive: string;
  readonly dtypes: readonly DType[];
  readonly args: readonly (readonly number[])[];
  readonly argDtypes?: readonly DType[];
  readonly params?: object;
  readonly want: readonly number[];
  /** Compiled code may differ from `want` by this much (activation functions are approximated near saturation). */
  readonly compiledWithin?: number;
}

const [inf, nan] = [Infinity, NaN];
const floats = ["float32", "float64"] as const;
const [low, high] = [-(2 ** 31), 2 ** 31 - 1];
const top = 2 ** 32 - 1;

const table: readonly Special[] = [
  { primitive: "neg", dtypes: floats, args: [[0, -0, inf, nan]], want: [-0, 0, -inf, nan] },
  { primitive: "exp", dtypes: floats, args: [[nan, inf, -inf, 0, -0, 1000, -1000]], want: [nan, inf, 0, 1, 1, inf, 0] },
  { primitive: "log", dtypes: floats, args: [[nan, inf, 0, -0, -1, 1]], want: [nan, inf, -inf, -inf, nan, 0] },
  { primitive: "tanh", dtypes: floats, args: [[nan, inf, -inf, 40, -40, 0]], want: [nan, 1, -1, 1, -1, 0] },
  { primitive: "logistic", dtypes: ["float32"], args: [[nan, inf, -inf, 200, -200, 0]], want: [nan, 1, 0, 1, 0, 0.5], compiledWithin: 1e-7 },
  { primitive: "sqrt", dtypes: floats, args: [[nan, inf, -1, 0, -0]], want: [nan, inf, nan, 0, -0] },
  { primitive: "add", dtypes: floats, args: [[inf, inf, nan], [-inf, 1, 1]], want: [nan, inf, nan] },
  { primitive: "mul", dtypes: floats, args: [[0, inf, -1, nan], [inf, -inf, 0, 0]], want: [nan, -inf, -0, nan] },
  { primitive: "div", dtypes: floats, args: [[1, -1, 0, 1, inf], [0, 0, 0, -0, inf]], want: [inf, -inf, nan, -inf, nan] },
  { primitive: "max", dtypes: floats, args: [[nan, 1, -inf, inf], [1, nan, inf, 1]], want: [nan, nan, inf, inf] },
  { primitive: "min", dtypes: floats, args: [[nan, 1, -inf, inf], [1, nan, inf, 1]], want: [nan, nan, -inf, 1] },
  { primitive: "eq", dtypes: floats, args: [[nan, 0, inf], [nan, -0, inf]], want: [0, 1, 1] },
  { primitive: "lt", dtypes: floats, args: [[nan, 1, -inf, -0], [1, nan, inf, 0]], want: [0, 0, 1, 0] },
  { primitive: "le", dtypes: floats, args: [[nan, 1, inf, -0], [nan, nan, inf, 0]], want: [0, 0, 1, 1] },
  { primitive: "select", dtypes: floats, argDtypes: ["bool"], args: [[1, 0, 1], [1, nan, -0], [nan, 2, inf]], want: [1, 2, -0] },
  { primitive: "add", dtypes: ["int32"], args: [[high, low], [1, -1]], want: [low, high] },
  { primitive: "sub", dtypes: ["int32"], args: [[low, high], [1, -1]], want: [high, low] },
  { primitive: "mul", dtypes: ["int32"], args: [[65536, high, low], [65536, high, -1]], want: [0, 1, low] },
  { primitive: "neg", dtypes: ["int32"], args: [[low, high, 0]], want: [low, -high, 0] },
  { primitive: "div", dtypes: ["int32"], args: [[7, -7, 7, -7, low, low, 5, 0], [2, 2, -2, -2, -1, 1, 0, 0]], want: [3, -3, -3, 3, low, low, 0, 0] },
  { primitive: "max", dtypes: ["int32"], args: [[low, -1], [high, 0]], want: [high, 0] },
  { primitive: "add", dtypes: ["uint32"], args: [[top, 2 ** 31], [1, 2 ** 31]], want: [0, 0] },
  { primitive: "sub", dtypes: ["uint32"], args: [[0, 1], [1, 3]], want: [top, top - 1] },
  { primitive: "mul", dtypes: ["uint32"], args: [[top, 65536], [top, 65536]], want: [1, 0] },
  { primitive: "neg", dtypes: ["uint32"], args: [[1, 0, top]], want: [top, 0, 1] },
  { primitive: "div", dtypes: ["uint32"], args: [[top, top, 7], [2, 1, 0]], want: [2 ** 31 - 1, top, 0] },
  { primitive: "lt", dtypes: ["uint32"], args: [[top, 0], [0, top]], want: [0, 1] },
  { primitive: "max", dtypes: ["uint32"], args: [[top, 1], [1, 2]], want: [top, 2] },
  { primitive: "lt", dtypes: ["bool"], args: [[0, 0, 1, 1], [0, 1, 0, 1]], want: [0, 1, 0, 0] },
  { primitive: "sum", dtypes: floats, params: { axes: [0] }, args: [[1, inf, -inf]], want: [nan] },
  { primitive: "sum", dtypes: ["int32"], params: { axes: [0] }, args: [[high, 1, 1]], want: [low + 1] },
  { primitive: "sum", dtypes: ["uint32"], params: { axes: [0] }, args: [[top, top]], want: [top - 1] },
  { primitive: "reduceMax", dtypes: floats, params: { axes: [0] }, args: [[1, nan, 2]], want: [nan] },
  { primitive: "reduceMax", dtypes: floats, params: { axes: [0] }, args: [[-inf, -inf]], want: [-inf] },
  { primitive: "reduceMax", dtypes: ["int32"], params: { axes: [0] }, args: [[low, low]], want: [low] },
  { primitive: "reduceMax", dtypes: ["uint32"], params: { axes: [0] }, args: [[1, top]], want: [top] },
  { primitive: "argmax", dtypes: [...floats, "int32", "uint32"], params: { axis: 0 }, args: [[1, 3, 3, 2]], want: [1] },
  { primitive: "argmax", dtypes: floats, params: { axis: 0 }, args: [[-inf, -inf]], want: [0] },
  { primitive: "argmax", dtypes: floats, params: { axis: 0 }, args: [[1, nan, 5, nan]], want: [1] },
  { primitive: "convert", dtypes: floats, params: { dtype: "int32" }, args: [[2.9, -2.9, -0, 0.5]], want: [2, -2, 0, 0] },
  { primitive: "convert", dtypes: floats, params: { dtype: "bool" }, args: [[nan, 0.5, -0, 0, inf]], want: [1, 1, 0, 0, 1] },
  { primitive: "convert", dtypes: ["float64"], params: { dtype: "float32" }, args: [[1e300, -1e300, nan]], want: [inf, -inf, nan] },
  { primitive: "convert", dtypes: ["int32"], params: { dtype: "uint32" }, args: [[-1, low]], want: [top, 2 ** 31] },
  { primitive: "convert", dtypes: ["uint32"], params: { dtype: "int32" }, args: [[top, 2 ** 31]], want: [-1, low] },
  { primitive: "convert", dtypes: ["uint32"], params: { dtype: "float64" }, args: [[top]], want: [top] },
  { primitive: "convert", dtypes: ["int32"], params: { dtype: "bool" }, args: [[-1, 0, 256]], want: [1, 0, 1] },
  { primitive: "sin", dtypes: floats, args: [[nan, inf, -inf, 0, -0]], want: [nan, nan, nan, 0, -0] },
  { primitive: "cos", dtypes: floats, args: [[nan, inf, -inf, 0]], want: [nan, nan, nan, 1] },
  { primitive: "tan", dtypes: floats, args: [[nan, inf, 0, -0]], want: [nan, nan, 0, -0] },
  { primitive: "asin", dtypes: floats, args: [[nan, 2, -2, inf, 0, -0]], want: [nan, nan, nan, nan, 0, -0] },
  { primitive: "acos", dtypes: floats, args: [[nan, 2, -2, inf, 1]], want: [nan, nan, nan, nan, 0] },
  { primitive: "atan", dtypes: ["float64"], args: [[nan, inf, -inf, 0, -0]], want: [nan, Math.PI / 2, -Math.PI / 2, 0, -0] },
  { primitive: "atan2", dtypes: ["float64"], args: [[0, -0, 0, -0, 1, -1, nan, 1], [1, 1, -1, -0, 0, 0, 1, nan]], want: [0, -0, Math.PI, -Math.PI, Math.PI / 2, -Math.PI / 2, nan, nan] },
  { primitive: "atan2", dtypes: ["float64"], args: [[inf, inf, -inf, 1, 1, -1], [inf, -inf, 1, inf, -inf, -inf]], want: [Math.PI / 4, 3 * Math.PI / 4, -Math.PI / 2, 0, Math.PI, -Math.PI], compiledWithin: 1e-15 },
  { primitive: "sinh", dtypes: floats, args: [[nan, inf, -inf, 0, -0, 1000, -1000]], want: [nan, inf, -inf, 0, -0, inf, -inf] },
  { primitive: "cosh", dtypes: floats, args: [[nan, inf, -inf, 0, 1000, -1000]], want: [nan, inf, inf, 1, inf, inf] },
  { primitive: "asinh", dtypes: floats, args: [[nan, inf, -inf, 0, -0]], want: [nan, inf, -inf, 0, -0] },
  { primitive: "acosh", dtypes: floats, args: [[nan, inf, -inf, 1, 0.5, -1e9]], want: [nan, inf, nan, 0, nan, nan] },
  { primitive: "atanh", dtypes: floats, args: [[nan, 1, -1, 2, -3, inf, 0, -0]], want: [nan, inf, -inf, nan, nan, nan, 0, -0] },
  { primitive: "log1p", dtypes: floats, args: [[nan, inf, -1, -2, -inf, 0, -0]], want: [nan, inf, -inf, nan, nan, 0, -0] },
  { primitive: "expm1", dtypes: floats, args: [[nan, inf, -inf, 0, -0, 1000, -1000]], want: [nan, inf, -1, 0, -0, inf, -1] },
  { primitive: "cbrt", dtypes: floats, args: [[nan, inf, -inf, 0, -0, 8, -27]], want: [nan, inf, -inf, 0, -0, 2, -3], compiledWithin: 1e-6 },
  { primitive: "erf", dtypes: floats, args: [[nan, inf, -inf, 0, -0, 100, -100]], want: [nan, 1, -1, 0, -0, 1, -1] },
  { primitive: "erfc", dtypes: floats, args: [[nan, inf, -inf, 0, 100, -100]], want: [nan, 0, 2, 1, 0, 2] },
  { primitive: "floor", dtypes: floats, args: [[nan, inf, -inf, -0, 1.5, -1.5]], want: [nan, inf, -inf, -0, 1, -2] },
  { primitive: "ceil", dtypes: floats, args: [[nan, inf, -inf, -0, 1.5, -1.5, -0.5]], want: [nan, inf, -inf, -0, 2, -1, -0] },
  { primitive: "round", dtypes: floats, args: [[nan, inf, -inf, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999997]], want: [nan, inf, -inf, 0, 2, 2, -0, -2, -2, 0] },
  { primitive: "sign", dtypes: floats, args: [[nan, inf, -inf, 0, -0, -3]], want: [nan, 1, -1, 0, -0, -1] },
  { primitive: "sign", dtypes: ["uint32"], args: [[0, 1, top]], want: [0, 1, 1] },
  { primitive: "abs", dtypes: floats, args: [[nan, inf, -inf, -0]], want: [nan, inf, inf, 0] },
  { primitive: "abs", dtypes: ["int32"], args: [[low, high, -1]], want: [low, high, 1] },
  { primitive: "abs", dtypes: ["uint32"], args: [[top, 0]], want: [top, 0] },
  { primitive: "rem", dtypes: floats, args: [[nan, 1, inf, 1, -1, -0, 5, -5], [1, nan, 1, 0, inf, 1, -3, 3]], want: [nan, nan, nan, nan, -1, -0, 2, -2] },
  { primitive: "rem", dtypes: ["int32"], args: [[7, -7, 7, -7, low, 5, low], [3, 3, -3, -3, -1, 0, 0]], want: [1, -1, 1, -1, 0, 5, low] },
  { primitive: "rem", dtypes: ["uint32"], args: [[top, top, 7], [top - 1, 10, 0]], want: [1, 5, 7] },
  { primitive: "pow", dtypes: floats, args: [[0, 0, -0, nan, 1, 1, -1, -8, 2, inf, -2, 0], [0, -1, -1, 0, nan, inf, inf, 1 / 3, -inf, 0, 3, 2]], want: [1, inf, -inf, 1, 1, 1, 1, nan, 0, 1, -8, 0] },
  { primitive: "pow", dtypes: ["int32"], args: [[3, -3, 2, 2, 0, -1], [21, 21, 31, 32, 0, high]], want: [1870418611, -1870418611, low, 0, 1, -1] },
  { primitive: "pow", dtypes: ["uint32"], args: [[3, top, 2], [21, 2, 31]], want: [1870418611, 1, 2 ** 31] },
  { primitive: "integerPow", dtypes: floats, params: { y: -2 }, args: [[0, inf, nan, 2]], want: [inf, 0, nan, 0.25] },
  { primitive: "logAddExp", dtypes: floats, args: [[inf, -inf, inf, -inf, nan, 1000, -1000], [inf, -inf, -inf, 0, 0, 0, -inf]], want: [inf, -inf, inf, 0, nan, 1000, -1000] },
  { primitive: "not", dtypes: ["int32"], args: [[0, -1, low]], want: [-1, 0, high] },
  { primitive: "not", dtypes: ["uint32"], args: [[0, top, 1]], want: [top, 0, top - 1] },
  { primitive: "and", dtypes: ["uint32"], args: [[top, top, 12], [2 ** 31, 7, 10]], want: [2 ** 31, 7, 8] },
  { primitive: "or", dtypes: ["int32"], args: [[low, 12], [1, 10]], want: [low + 1, 14] },
  { primitive: "xor", dtypes: ["uint32"], args: [[top, 12], [1, 10]], want: [top - 1, 6] },
  { primitive: "shiftLeft", dtypes: ["int32", "uint32"], args: [[1, 1, 1, 7, 5], [0, 30, 32, 28, 40]], want: [1, 2 ** 30, 0, 7 * 2 ** 28, 0] },
  { primitive: "shiftRightLogical", dtypes: ["int32"], args: [[-1, -1, -1, low, 8], [0, 1, 32, 31, -1]], want: [-1, high, 0, 1, 0] },
  { primitive: "shiftRightArithmetic", dtypes: ["int32"], args: [[-8, -8, 8, low, -1, 8], [1, 40, 40, 31, 0, -1]], want: [-4, -1, 0, -1, -1, 0] },
  { primitive: "shiftRightArithmetic", dtypes: ["uint32"], args: [[top, 2 ** 31, 8, top], [1, 31, 1, 32]], want: [top, top, 4, top] },
  { primitive: "dot", dtypes: ["int32"], params: { contract: [[0], [0]], batch: [[], []] }, args: [[high, 3], [high, 5]], want: [16] },
  { primitive: "dot", dtypes: ["uint32"], params: { contract: [[0], [0]], batch: [[], []] }, args: [[top, 3], [top, 5]], want: [16] },
]; // prettier-ignore

const bound =
  ({ primitive, params = {} }: Special) =>
  (...xs: Value[]): Value =>
    (primitives().get(primitive) as Primitive<unknown>).bind(xs, params)[0];

const operands = ({ args, argDtypes }: Special, dtype: DType): Arr[] =>
  args.map((data, i) => array([...data], { dtype: argDtypes?.[i] ?? dtype }));

const cases = table.flatMap((row) =>
  row.dtypes.map((dtype) => ({
    ...row,
    dtype,
    shown: row.args.map((a) => `(${a.join(" ")})`).join(" "),
  })),
);

describe("special values", () => {
  test.each(cases)("$primitive of $dtype $shown is $want", (row) => {
    const out = bound(row)(...operands(row, row.dtype)) as Arr;
    expect([...out.dataSync()]).toEqual(row.want);
  });

  test.each(cases)(
    "compiled $primitive of $dtype $shown is $want",
    async (row) => {
      const compiled = jit(bound(row), { threads: 1 });
      const got = [
        ...(await (compiled(...operands(row, row.dtype)) as Arr).data()),
      ];
      await compiled.dispose();
      row.want.forEach((want, i) => {
        if (row.compiledWithin !== undefined && Number.isFinite(want))
          expect(Math.abs(got[i] - want)).toBeLessThan(row.compiledWithin);
        else
          expect(
            Object.is(got[i], want) || got[i] === want,
            `element ${i}: ${got[i]}`,
          ).toBe(true);
      });
    },
  );
});

describe("derivatives where two answers are possible", () => {
  const slope = (f: (x: Value) => Value, x: number[], dx: number[]) => [
    ...(jvp(f, [array(x)], [array(dx)])[1] as Arr).dataSync(),
  ];
  const max = (x: Value) => np.max(x);
  test.each<[string, (x: Value) => Value, number[], number[], number[]]>([
    [
      "max over an axis shares the tangent among ties",
      max,
      [3, 1, 3],
      [1, 7, 5],
      [3],
    ],
    [
      "max over an axis gives all to a lone maximum",
      max,
      [3, 1, 2],
      [1, 7, 5],
      [1],
    ],
    [
      "maximum gives each side half at a tie",
      (x) => np.maximum(x, 2),
      [1, 2, 3],
      [1, 1, 1],
      [0, 0.5, 1],
    ],
    [
      "minimum gives each side half at a tie",
      (x) => np.minimum(x, 2),
      [1, 2, 3],
      [1, 1, 1],
      [1, 0.5, 0],
    ],
    [
      "where takes nothing from the branch not chosen",
      (x) => np.where(np.less(x, 1), x, np.log(np.subtract(x, 1))),
      [0, 2],
      [1, 1],
      [1, 1],
    ],
    [
      "logsumexp is flat toward a term of -Infinity",
      (x) => np.logsumexp(x, 0),
      [-Infinity, 0],
      [1, 1],
      [1],
    ],
    [
      "a comparison has derivative zero",
      (x) => np.astype(np.less(x, 1), "float32"),
      [0, 1],
      [1, 1],
      [0, 0],
    ],
    [
      "truncation to an integer has derivative zero",
      (x) => np.astype(np.astype(x, "int32"), "float32"),
      [0.5, 1],
      [1, 1],
      [0, 0],
    ],
  ])("%s", (_title, f, x, dx, want) => {
    expect(slope(f, x, dx)).toEqual(want);
  });
});

describe("large arrays", () => {
  const n = 1_000_000;
  // ONNX Runtime adds float32 terms one after another in float32.
  test.each([
    { device: "js", within: 1e-7 },
    { device: "cpu", within: 2e-3 },
  ] as const)(
    "a float32 sum of a million equal terms on $device is within $within",
    async ({ device, within }) => {
      const total = jit((x: Value) => np.sum(x), { device, threads: 1 });
      const out = total(np.full([n], 0.1)) as Arr;
      const want = n * Math.fround(0.1);
      expect(Math.abs((await out.data())[0] / want - 1)).toBeLessThan(within);
      await total.dispose();
    },
  );

  test.each([
    [[40], 0],
    [[2, 20], 1],
    [[20, 2], 0],
    [[4, 5, 2], 1],
  ] as const)(
    "argmax of %j along %i finds the first NaN on both devices",
    async (shape: readonly number[], axis: number) => {
      const data = Array.from({ length: 40 }, (_, i) =>
        i === 3 || i === 8 || i === 17 ? NaN : (i * 7) % 13,
      );
      const x = array(data, { shape });
      const compiled = jit((y: Value) => np.argmax(y, axis), { threads: 1 });
      const got = [...(await (compiled(x) as Arr).data())];
      expect(got).toEqual([...(np.argmax(x, axis) as Arr).dataSync()]);
      const line = Array.from({ length: shape[axis] }, (_, k) => k);
      const stride = shape.slice(axis + 1).reduce((p, k) => p * k, 1);
      got.forEach((best, o) => {
        const start =
          Math.floor(o / stride) * stride * shape[axis] + (o % stride);
        const values = line.map((k) => data[start + k * stride]);
        const nan = values.findIndex(Number.isNaN);
        expect(best).toBe(nan >= 0 ? nan : values.indexOf(Math.max(...values)));
      });
      await compiled.dispose();
    },
  );

  test("elementwise work and sums over a long axis agree with a plain loop", () => {
    const next = random(4);
    const data = Float32Array.from({ length: n }, () => next() - 0.5);
    const got = (np.sum(np.multiply(array(data), array(data))) as Arr).item();
    const want = data.reduce((total, v) => total + Math.fround(v * v), 0);
    expect(got).toBeCloseTo(want, 1);
  });

  test("a compiled dot over a long axis agrees with eager", async () => {
    const next = random(5);
    const a = array(
      Float32Array.from({ length: 40 * 3000 }, () => next() - 0.5),
      { shape: [40, 3000] },
    );
    const b = array(
      Float32Array.from({ length: 3000 * 20 }, () => next() - 0.5),
      { shape: [3000, 20] },
    );
    const want = (np.matmul(a, b) as Arr).dataSync();
    const compiled = jit(np.matmul, { threads: 1 });
    const got = await (compiled(a, b) as Arr).data();
    got.forEach((v, i) => expect(Math.abs(v - want[i])).toBeLessThan(1e-4));
    await compiled.dispose();
  });
});
