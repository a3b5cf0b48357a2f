/** @file Plain numbers in a shape: the naive reference that the array core is checked against. */
import { expect } from "vitest";
import {
  Array as Arr,
  array,
  type DType,
  type Value,
} from "../../src/ad/index.ts";

export interface Nd {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
export type Index = readonly number[];

export const sizeOf = (shape: Index): number =>
  shape.reduce((n, k) => n * k, 1);

/** Every index of a shape, last axis fastest. */
export function indices(shape: Index): number[][] {
  return shape.reduce<number[][]>(
    (lists, n) =>
      lists.flatMap((list) =>
        Array.from({ length: n }, (_, i) => [...list, i]),
      ),
    [[]],
  );
}

export const nd = (shape: Index, f: (index: Index) => number): Nd => ({
  shape,
  data: indices(shape).map(f),
});

export const at = ({ shape, data }: Nd, index: Index): number =>
  data[index.reduce((flat, i, axis) => flat * shape[axis] + i, 0)];

export const without = (list: Index, axis: number): number[] =>
  list.filter((_, i) => i !== axis);
export const insert = (list: Index, axis: number, n: number): number[] => [
  ...list.slice(0, axis),
  n,
  ...list.slice(axis),
];

export const stack = (xs: readonly Nd[], axis: number): Nd =>
  nd(insert(xs[0].shape, axis, xs.length), (i) =>
    at(xs[i[axis]], without(i, axis)),
  );

/** Entry `k` along an axis, which disappears. */
export const entry = (x: Nd, axis: number, k: number): Nd =>
  nd(without(x.shape, axis), (i) => at(x, insert(i, axis, k)));

export const toArray = ({ shape, data }: Nd, dtype: DType): Arr =>
  array([...data], { dtype, shape });

export function toNd(x: Value): Nd {
  if (!(x instanceof Arr)) throw new TypeError("toNd: expected an array");
  return { shape: x.shape, data: [...x.dataSync()] };
}

export const toNdAsync = async (x: Value): Promise<Nd> => {
  await (x as Arr).data();
  return toNd(x);
};

/** Same shape, same NaNs and infinities, and |got - want| <= tolerance * max(1, |want|). */
export function expectClose(got: Nd, want: Nd, tolerance: number): void {
  expect(got.shape).toEqual(want.shape);
  want.data.forEach((w, i) => {
    const g = got.data[i];
    const fits = Number.isFinite(w)
      ? Math.abs(g - w) <= tolerance * Math.max(1, Math.abs(w))
      : Object.is(g, w);
    if (!fits)
      expect.fail(`element ${i}: got ${g}, want ${w} within ${tolerance}`);
  });
}

export const tolerances: Record<DType, number> = {
  float64: 1e-13,
  float32: 2e-6,
  int32: 0,
  uint32: 0,
  bool: 0,
};

/** Uniform numbers in 0..1, the same for the same seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Which numbers an operand may hold: all, none below 1, row indices of `rows` rows (negative ones too), those of
 * low..high, or those of matrices whose diagonal is larger than all else in its row.
 */
export type Values =
  | "any"
  | "positive"
  | "dominant"
  | { readonly rows: number }
  | { readonly low: number; readonly high: number };

export function fillNd(
  shape: Index,
  dtype: DType,
  values: Values,
  next: () => number,
): Nd {
  const draw = (index: Index): number => {
    const u = next();
    const [row, column] = index.slice(-2);
    if (values === "dominant" && row === column)
      return Math.fround(2 * shape[shape.length - 1] + 4 * u);
    if (typeof values === "object" && "low" in values) {
      const value = values.low + u * (values.high - values.low);
      return dtype.startsWith("float") ? Math.fround(value) : Math.floor(value);
    }
    if (typeof values === "object")
      return Math.floor(u * 2 * values.rows) - values.rows;
    if (dtype === "bool") return u < 0.5 ? 0 : 1;
    if (dtype === "int32")
      return values === "positive"
        ? 1 + Math.floor(u * 9)
        : Math.floor(u * 19) - 9;
    if (dtype === "uint32")
      return Math.floor(u * 9) + (values === "positive" ? 1 : 0);
    return Math.fround(values === "positive" ? 1 + u : 4 * u - 2);
  };
  return nd(shape, draw);
}
