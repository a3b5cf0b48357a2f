/** @file Searching, counting, sets and covariance against plain loops, eager, compiled and batched. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  array,
  grad,
  jit,
  numpy as np,
  vmap,
  type Array as Arr,
  type Value,
} from "../../src/ad/index.ts";
import { expectClose, toNd, toNdAsync } from "./naive.cases.ts";

const f64 = (data: number[]) => array(data, { dtype: "float64" });
const ints = (data: number[]) => array(data, { dtype: "int32" });
const list = (x: Value) => [...(x as Arr).dataSync()];
const nan = NaN;

const small = fc.array(fc.integer({ min: -4, max: 6 }), { maxLength: 12 });
const distinct = (x: readonly number[]) =>
  [...new Set(x)].sort((a, b) => a - b);

describe("searchsorted", () => {
  test.each(["left", "right"] as const)(
    "counts what lies below, on the %s of equals",
    (side) => {
      fc.assert(
        fc.property(small, small, (x, wanted) => {
          const line = [...x].sort((a, b) => a - b);
          const want = wanted.map(
            (v) => line.filter((u) => u < v || (side === "right" && u === v)).length, // prettier-ignore
          );
          const got = np.searchsorted(ints(line), ints(wanted), { side });
          expect(list(got)).toEqual(want);
          expect(got.dtype).toBe("int32");
        }),
      );
    },
  );
  test("holds NaN for greater than every number, and takes any shape", () => {
    const line = f64([1, 2, 2, nan]);
    const at = f64([2, nan, 0, 9]);
    expect(list(np.searchsorted(line, at))).toEqual([1, 3, 0, 3]);
    expect(list(np.searchsorted(line, at, { side: "right" }))).toEqual([3, 4, 0, 3]); // prettier-ignore
    expect(np.searchsorted(line, array([[1], [2]])).shape).toEqual([2, 1]);
  });
  test("digitize finds the bin in rising and in falling edges", () => {
    const x = f64([0, 1, 2.5, 9]);
    expect(list(np.digitize(x, f64([1, 2, 5])))).toEqual([0, 1, 2, 3]);
    expect(list(np.digitize(x, f64([1, 2, 5]), { right: true }))).toEqual([0, 0, 2, 3]); // prettier-ignore
    expect(list(np.digitize(x, f64([5, 2, 1])))).toEqual([3, 2, 1, 0]);
    expect(list(np.digitize(x, f64([5, 2, 1]), { right: true }))).toEqual([3, 3, 1, 0]); // prettier-ignore
  });
});

describe("counting", () => {
  test("bincount counts each number, negative ones as 0, and leaves out what is beyond its length", () => {
    expect(list(np.bincount(ints([-1, 0, 2, 7]), { length: 3 }))).toEqual([2, 0, 1]); // prettier-ignore
    expect(list(np.bincount(ints([1, 1]), { minlength: 4 }))).toEqual([0, 2, 0, 0]); // prettier-ignore
    expect(list(np.bincount(ints([2, 0, 2]), { weights: f64([0.5, 1, 2]) }))).toEqual([1, 0, 2.5]); // prettier-ignore
    expect(np.bincount(ints([]), { length: 2 }).dtype).toBe("int32");
  });
  test("a histogram's bins hold their left edge, the last its right edge too", () => {
    const [counts, edges] = np.histogram(f64([1, 2, 1, 3]), { bins: 2 });
    expect(list(edges)).toEqual([1, 2, 3]);
    expect(list(counts)).toEqual([2, 2]);
    const [given] = np.histogram(f64([-1, 0, 0.5, 1, 2, 3, nan]), { bins: f64([0, 1, 2]) }); // prettier-ignore
    expect(list(given)).toEqual([2, 2]);
    const [flat] = np.histogram(f64([4, 4]), { bins: 2, density: true });
    expect(list(flat)).toEqual([0, 2]);
  });
  test("the weights of a histogram have derivatives", () => {
    const f = (w: Value) =>
      np.sum(np.multiply(np.histogram(f64([0, 1, 2]), { bins: 2, weights: w })[0], f64([3, 5]))); // prettier-ignore
    expect(list(grad(f)(f64([1, 1, 1])))).toEqual([3, 5, 5]);
  });
});

describe("places", () => {
  test("nonzero gives the places of every axis, as many as there are or as asked for", () => {
    const x = ints([0, 1, 1, 0, 0, 1]);
    const grid = np.reshape(x, [2, 3]);
    expect(list(np.flatnonzero(x))).toEqual([1, 2, 5]);
    expect(np.nonzero(grid).map(list)).toEqual([[0, 0, 1], [1, 2, 2]]); // prettier-ignore
    expect(list(np.argwhere(grid))).toEqual([0, 1, 0, 2, 1, 2]);
    const [rows, columns] = np.nonzero(grid, { size: 4, fillValue: -1 });
    expect([list(rows), list(columns)]).toEqual([[0, 0, 1, -1], [1, 2, 2, -1]]); // prettier-ignore
    expect(list(np.flatnonzero(x, { size: 2 }))).toEqual([1, 2]);
    expect(list(np.flatnonzero(ints([])))).toEqual([]);
    expect(np.argwhere(ints([0, 0])).shape).toEqual([0, 1]);
  });
  test("without a size they need known elements", () => {
    expect(() => jit((x: Value) => np.flatnonzero(x))(ints([1]))).toThrow(
      "not known while its function is traced",
    );
  });
});

describe("sets", () => {
  const pairs = fc.tuple(small, small);
  const without = (x: number[], y: number[]) =>
    distinct(x.filter((v) => !y.includes(v)));
  const twins: readonly [
    string,
    (x: Value, y: Value) => Value,
    (x: number[], y: number[]) => number[],
  ][] = [
    ["union1d", np.union1d, (x, y) => distinct([...x, ...y])],
    ["intersect1d", np.intersect1d, (x, y) => distinct(x.filter((v) => y.includes(v)))], // prettier-ignore
    ["setdiff1d", np.setdiff1d, without],
    ["setxor1d", np.setxor1d, (x, y) => distinct([...without(x, y), ...without(y, x)])], // prettier-ignore
    ["isin", np.isin, (x, y) => x.map((v) => Number(y.includes(v)))],
  ];
  test.each(twins)("%s agrees with plain sets", (_name, f, want) => {
    fc.assert(
      fc.property(pairs, ([x, y]) => {
        expect(list(f(ints(x), ints(y)))).toEqual(want(x, y));
      }),
    );
  });
  test("uniqueAll finds values, first places, inverse and counts", () => {
    fc.assert(
      fc.property(small, (x) => {
        const u = np.uniqueAll(ints(x));
        const want = distinct(x);
        expect(list(u.values)).toEqual(want);
        expect(list(u.indices)).toEqual(want.map((v) => x.indexOf(v)));
        expect(list(u.inverse)).toEqual(x.map((v) => want.indexOf(v)));
        expect(list(u.counts)).toEqual(
          want.map((v) => x.filter((w) => w === v).length),
        );
      }),
    );
  });
  test("unique returns what it is asked for, in JAX's order", () => {
    const x = ints([5, 2, 5]);
    const out = np.unique(x, { returnCounts: true, returnIndex: true });
    expect(out.map(list)).toEqual([[2, 5], [1, 0], [1, 2]]); // prettier-ignore
  });
  test("NaN is one value, and never a member", () => {
    expect(list(np.unique(f64([nan, 2, nan, 2])))).toEqual([2, nan]);
    expect(list(np.isin(f64([nan, 1]), f64([nan, 1])))).toEqual([0, 1]);
  });
  test("a size cuts, or fills with the least result or a given value", () => {
    const x = ints([3, 1, 3, 2]);
    expect(list(np.unique(x, { size: 2 }))).toEqual([1, 2]);
    expect(list(np.unique(x, { size: 5 }))).toEqual([1, 2, 3, 1, 1]);
    expect(list(np.unique(x, { size: 4, fillValue: 9 }))).toEqual([1, 2, 3, 9]);
    const u = np.uniqueAll(x, { size: 4 });
    expect([u.indices, u.counts].map(list)).toEqual([[1, 3, 0, 1], [1, 1, 2, 0]]); // prettier-ignore
    expect(() => np.unique(ints([]), { size: 1 })).toThrow("fillValue");
  });
});

describe("compiled and batched", () => {
  const table: readonly [string, (x: Value) => Value | readonly Value[]][] = [
    ["searchsorted", (x) => np.searchsorted(np.sort(x), np.add(x, 1), { side: "right" })], // prettier-ignore
    ["digitize", (x) => np.digitize(x, f64([3, 1, 0]))],
    ["bincount", (x) => np.bincount(np.astype(x, "int32"), { length: 3, weights: x })], // prettier-ignore
    ["histogram", (x) => np.histogram(x, { bins: 3, density: true })],
    ["nonzero", (x) => np.nonzero(np.reshape(x, [2, 3]), { size: 3 })],
    ["unique", (x) => Object.values(np.uniqueAll(x, { size: 4 })) as Value[]],
    ["intersect1d", (x) => np.intersect1d(x, f64([1, 2, 3]), { size: 3 })],
    ["setxor1d", (x) => np.setxor1d(x, f64([1, 7]), { size: 8 })],
    ["lexsort", (x) => np.lexsort([x, np.less(x, 2)])],
    ["quantile", (x) => np.nanquantile(x, array([0.2, 0.9]), { method: "nearest" })], // prettier-ignore
    ["cov", (x) => np.cov(np.reshape(x, [2, 3]))],
    ["any", (x) => [np.any(x), np.all(x, { where: np.less(x, 9) })]],
    ["max", (x) => [np.max(x, { where: np.less(x, 2), initial: -1 }), np.sum(x, { initial: 4 })]], // prettier-ignore
  ];
  const rows = [[1, 2, 0, 2, 1, 5], [0, 0, 3, 4, 1, 1]]; // prettier-ignore
  const flat = (out: Value | readonly Value[]) =>
    Array.isArray(out) ? (out as Value[]) : [out as Value];

  test.each(table)("%s agrees with itself", async (_name, f) => {
    const compiled = jit((x: Value) => flat(f(x)), { threads: 1 });
    const members = rows.map((row) => flat(f(f64(row))).map(toNd));
    for (const [k, out] of compiled(f64(rows[0])).entries())
      expectClose(await toNdAsync(out), members[0][k], 1e-12);
    await compiled.dispose();
    const batched = vmap((x: Value) => flat(f(x)))(
      array(rows, { dtype: "float64" }),
    );
    batched.forEach((out, k) => {
      const { shape, data } = members[0][k];
      expectClose(
        toNd(out),
        { shape: [2, ...shape], data: [...data, ...members[1][k].data] },
        1e-12,
      );
    });
  });
});

describe("covariance", () => {
  const x = [[1, 2, 4], [3, 1, 0]]; // prettier-ignore
  const value = array(x, { dtype: "float64" });
  const mean = (v: readonly number[]) => v.reduce((a, b) => a + b) / v.length;
  const pair = (a: number[], b: number[]) =>
    a.reduce((t, v, k) => t + (v - mean(a)) * (b[k] - mean(b)), 0);

  test("cov and corrcoef agree with sums of products", () => {
    const products = x.flatMap((a) => x.map((b) => pair(a, b)));
    const scale = x.flatMap((a) =>
      x.map((b) => Math.sqrt(pair(a, a) * pair(b, b))),
    );
    const shape = [2, 2];
    expectClose(toNd(np.cov(value)), { shape, data: products.map((v) => v / 2) }, 1e-12); // prettier-ignore
    expectClose(toNd(np.cov(value, undefined, { bias: true })), { shape, data: products.map((v) => v / 3) }, 1e-12); // prettier-ignore
    expectClose(toNd(np.corrcoef(value)), { shape, data: products.map((v, i) => v / scale[i]) }, 1e-12); // prettier-ignore
    expectClose(toNd(np.cov(np.transpose(value), undefined, { rowvar: false })), toNd(np.cov(value)), 1e-12); // prettier-ignore
    expectClose(toNd(np.cov(f64(x[0]), f64(x[1]))), toNd(np.cov(value)), 1e-12);
    expect(np.cov(f64(x[0])).shape).toEqual([]);
  });
  test("repeating observations is weighing them by their counts", () => {
    const twice = np.cov(f64([1, 2, 4, 4]));
    const weighed = np.cov(f64([1, 2, 4]), undefined, { fweights: ints([1, 1, 2]) }); // prettier-ignore
    expectClose(toNd(weighed), toNd(twice), 1e-12);
  });
  test("average weighs elements or whole lines", () => {
    const weights = f64([1, 3, 0]);
    expect(list(np.average(value, { axis: 1, weights }))).toEqual([1.75, 1.5]);
    expect(list(np.average(value, { axis: -1 }))).toEqual([mean(x[0]), mean(x[1])]); // prettier-ignore
    expect(() => np.average(value, { axis: 0, weights })).toThrow("[2,3]");
  });
});

describe("reductions of nothing, by dtype, and from a start", () => {
  test("dtypes are JAX's", () => {
    const b = array([1, 0], { dtype: "bool" });
    const u = array([1, 2], { dtype: "uint32" });
    const dtypes = [np.sum(b), np.prod(b), np.cumsum(b), np.mean(b), np.max(b), np.sum(u), np.mean(u), np.median(u), np.var(u), np.sum(u, { dtype: "float64" })]; // prettier-ignore
    expect(dtypes.map((x) => x.dtype)).toEqual(["int32", "int32", "int32", "float32", "bool", "uint32", "float32", "float32", "float32", "float64"]); // prettier-ignore
  });
  test("sums, products and quantifiers have a value, extremes need one", () => {
    const none = np.zeros([2, 0]);
    expect(list(np.sum(none, { axis: 1 }))).toEqual([0, 0]);
    expect(list(np.prod(none, { axis: 1 }))).toEqual([1, 1]);
    expect(list(np.any(none, { axis: 1 }))).toEqual([0, 0]);
    expect(np.all(none, { axis: 1, keepdims: true }).tolist()).toEqual([[true], [true]]); // prettier-ignore
    expect(list(np.max(none, { axis: 1, initial: 3 }))).toEqual([3, 3]);
    expect(list(np.logsumexp(none, { axis: 1 }))).toEqual([-Infinity, -Infinity]); // prettier-ignore
    expect(() => np.max(none)).toThrow("no maximum over an empty axis");
    expect(() => np.argmin(none, { axis: 1 })).toThrow("at least one element");
    expect(() => np.max(none, { where: true })).toThrow("initial");
    expect(() => np.quantile(none, 0.5)).toThrow("at least one element");
  });
  test("keepdims leaves axes of size 1, and cumulative sums may begin with nothing", () => {
    const x = np.ones([2, 3]);
    expect(np.argmax(x, { keepdims: true }).shape).toEqual([1, 1]);
    expect(np.var(x, { axis: 0, keepdims: true }).shape).toEqual([1, 3]);
    expect(np.quantile(x, array([0, 1]), { axis: 1, keepdims: true }).shape).toEqual([2, 2, 1]); // prettier-ignore
    expect(list(np.cumulativeSum(f64([1, 2]), { includeInitial: true }))).toEqual([0, 1, 3]); // prettier-ignore
    expect(list(np.cumulativeProd(x, { axis: 1, includeInitial: true }))).toHaveLength(8); // prettier-ignore
    expect(() => np.cumulativeSum(x)).toThrow("axis");
  });
});

test("numbers keep their digits beside float64 arrays", () => {
  const x = f64([1, 2]);
  expect(np.sum(x, { initial: 0.1 }).item()).toBe(3.1);
  expect(np.percentile(x, 10).item()).toBe(np.quantile(x, 0.1).item());
  expect(np.quantile(x, 0.1).item()).toBeCloseTo(1.1, 14);
  expect(np.trapezoid(x, { dx: 0.1 }).item()).toBeCloseTo(0.15, 14);
  expect(list(np.unique(x, { size: 3, fillValue: 0.1 }))[2]).toBe(0.1);
  const edges = np.histogramBinEdges(x, { bins: 1, range: [0.1, 0.7] });
  expect(list(edges)).toEqual([0.1, 0.7]);
});
