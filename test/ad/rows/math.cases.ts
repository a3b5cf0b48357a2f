/** @file Rows of mathematical functions and bit operations. */
import type { DType } from "../../../src/ad/index.ts";
import type { Shape } from "../../../src/ad/shape.ts";
import type { Values } from "../naive.cases.ts";
import {
  binaryRow,
  each,
  floats,
  numbers,
  shapes,
  unaryRow,
  type Row,
} from "./row.cases.ts";

const smooth = (f: (x: number) => number, values: Values = "any"): Row =>
  unaryRow(f, floats, "smooth", "i32[2]", values);
const steps = (f: (x: number) => number): Row =>
  unaryRow(f, floats, "zero", "i32[2]");
const within = (low: number, high: number): Values => ({ low, high });

const integers: readonly DType[] = ["int32", "uint32"];
const bits: readonly DType[] = [...integers, "bool"];

/** The integral of e^(-t^2) from `from` to `to`, by Simpson's rule. */
function bellArea(from: number, to: number): number {
  const n = 2000;
  const h = (to - from) / n;
  let total = 0;
  for (let i = 0; i <= n; i++) {
    const weight = i === 0 || i === n ? 1 : i % 2 === 1 ? 4 : 2;
    total += weight * Math.exp(-((from + i * h) ** 2));
  }
  return ((total * h) / 3) * (2 / Math.sqrt(Math.PI));
}

/** The 32 bits of a number, lowest first, so that the references use none of JavaScript's operators on bits. */
const toBits = (x: number): number[] =>
  Array.from({ length: 32 }, (_, k) => Math.abs(Math.floor(x / 2 ** k) % 2));
const fromBits = (list: readonly number[]): number =>
  list.reduce((sum, bit, k) => sum + bit * 2 ** k, 0);
/** A bool has one bit. */
const bitwise =
  (f: (x: number, y: number) => number) =>
  (dtype: DType) =>
  (x: number, y: number): number =>
    dtype === "bool"
      ? f(x, y)
      : fromBits(toBits(x).map((bit, k) => f(bit, toBits(y)[k])));

const bitRow = (
  f: (dtype: DType) => (x: number, y: number) => number,
  dtypes: readonly DType[],
  right: Values = "any",
): Row => ({
  diff: "zero",
  dtypes,
  cases: shapes.map((shape: Shape) => ({
    args: [{ shape }, { shape, values: right }],
    want: (args, dtype) => each(f(dtype))(args),
    ...(shape.length === 2 ? { symbolic: ["n, _", "n, _"] } : {}),
  })),
  refuses: [
    { types: ["f32[2]", "f32[2]"], names: ["float32", "integer"] },
    { types: ["i32[2]", "u32[2]"], names: ["i32[2]", "u32[2]"] },
  ],
});

const shifted =
  (place: (k: number, count: number) => number, fill: boolean) =>
  () =>
  (x: number, count: number): number => {
    const list = toBits(x);
    return fromBits(
      list.map((_, k) => list[place(k, count)] ?? (fill ? list[31] : 0)),
    );
  };

/** Multiplied out one factor at a time, keeping the low 32 bits. */
const wrappedPower = (x: number, n: number): number =>
  Array.from({ length: n }, () => x).reduce((p, q) => Math.imul(p, q), 1);

const powerRow: Row = binaryRow((x, y) => x ** y, floats, "smooth");

export const rows: Readonly<Record<string, Row>> = {
  sin: smooth((x) => Math.cos(x - Math.PI / 2)),
  cos: smooth((x) => 1 - 2 * Math.sin(x / 2) ** 2),
  tan: smooth((x) => Math.sin(x) / Math.cos(x), within(-1.4, 1.4)),
  asin: smooth((x) => Math.PI / 2 - Math.acos(x), within(-0.9, 0.9)),
  acos: smooth((x) => Math.atan2(Math.sqrt(1 - x * x), x), within(-0.9, 0.9)),
  atan: smooth((x) => Math.asin(x / Math.hypot(1, x))),
  atan2: binaryRow(
    (y, x) => 2 * Math.atan(y / (Math.hypot(x, y) + x)),
    floats,
    "smooth",
  ),
  sinh: smooth((x) => (Math.E ** x - Math.E ** -x) / 2),
  cosh: smooth((x) => (Math.E ** x + Math.E ** -x) / 2),
  asinh: smooth((x) => Math.sign(x) * Math.log(Math.abs(x) + Math.hypot(x, 1))),
  acosh: smooth((x) => Math.log(x + Math.sqrt(x * x - 1)), within(1.1, 3)),
  atanh: smooth((x) => Math.log((1 + x) / (1 - x)) / 2, within(-0.9, 0.9)),
  log1p: smooth((x) => Math.log(1 + x), within(-0.9, 3)),
  expm1: smooth((x) => Math.exp(x) - 1),
  cbrt: smooth((x) => Math.sign(x) * Math.abs(x) ** (1 / 3)),
  erf: smooth((x) => bellArea(0, x)),
  erfc: smooth((x) => 1 - bellArea(0, x)),
  floor: steps((x) => x - (((x % 1) + 1) % 1)),
  ceil: steps((x) => -Math.floor(-x)),
  round: steps((x) => Number(x.toFixed(0))),
  sign: unaryRow(
    (x) => Number(x > 0) - Number(x < 0),
    numbers,
    "zero",
    "bool[2]",
  ),
  abs: unaryRow((x) => Math.max(x, 0 - x), numbers, "smooth", "bool[2]"),
  rem: binaryRow(
    (x, y) => x - y * Math.trunc(x / y),
    numbers,
    "smooth",
    "positive",
  ),
  pow: {
    ...powerRow,
    dtypes: numbers,
    cases: [
      ...powerRow.cases.map((c) => ({
        ...c,
        args: c.args.map((arg) => ({ ...arg, values: within(0.5, 3) })),
        dtypes: floats,
      })),
      ...shapes.map((shape: Shape) => ({
        args: [{ shape }, { shape, values: within(0, 40) }],
        dtypes: integers,
        want: each(wrappedPower),
      })),
    ],
  },
  integerPow: {
    diff: "smooth",
    dtypes: numbers,
    cases: [0, 1, 2, 3, 5, 10, -1, -3].flatMap((y) =>
      ([[2, 3], [], [0]] as const).map((shape) => ({
        args: [
          { shape, values: y < 0 ? ("positive" as const) : ("any" as const) },
        ],
        params: { y },
        ...(y < 0 ? { dtypes: floats } : {}),
        want: each((x) => x ** y),
      })),
    ),
    refuses: [
      { types: ["f32[2]"], params: { y: 0.5 }, names: ["f32[2]", "0.5"] },
      { types: ["i32[2]"], params: { y: -1 }, names: ["i32[2]", "-1"] },
      { types: ["bool[2]"], params: { y: 2 }, names: ["bool[2]"] },
    ],
  },
  logAddExp: binaryRow((x, y) => Math.log(Math.E ** x + Math.E ** y), floats, "smooth"), // prettier-ignore
  not: {
    ...unaryRow((x) => -1 - x, bits, "zero", "f32[2]"),
    cases: shapes.map((shape) => ({
      args: [{ shape }],
      want: (args, dtype) => each((x) => (dtype === "bool" ? 1 : -1) - x)(args),
    })),
  },
  and: bitRow(
    bitwise((x, y) => x * y),
    bits,
  ),
  or: bitRow(
    bitwise((x, y) => x + y - x * y),
    bits,
  ),
  xor: bitRow(
    bitwise((x, y) => (x + y) % 2),
    bits,
  ),
  shiftLeft: bitRow(shifted((k, count) => k - count, false), integers, within(0, 36)), // prettier-ignore
  shiftRightLogical: bitRow(shifted((k, count) => k + count, false), integers, within(0, 36)), // prettier-ignore
  shiftRightArithmetic: bitRow(shifted((k, count) => k + count, true), integers, within(0, 36)), // prettier-ignore
};
