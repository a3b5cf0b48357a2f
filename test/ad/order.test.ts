/** @file Sorting, running functions, reductions and statistics against plain loops, their derivatives, and both devices. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  array,
  grad,
  hessian,
  jit,
  jvp,
  numpy as np,
  vmap,
  type Array as Arr,
  type DType,
  type Value,
} from "../../src/ad/index.ts";
import {
  entry,
  expectClose,
  fillNd,
  random,
  stack,
  toArray,
  toNd,
  toNdAsync,
} from "./naive.cases.ts";

const f64 = (data: number[]) => array(data, { dtype: "float64" });
const ints = (data: number[]) => array(data, { dtype: "int32" });
const list = (x: Value | Value[]) => [...(x as Arr).dataSync()];
const [nan, inf] = [NaN, Infinity];

/** Ascending, NaN last, equals in their order. */
const order = (x: readonly number[]) =>
  x
    .map((_, i) => i)
    .sort((i, j) =>
      Number.isNaN(x[i]) || Number.isNaN(x[j])
        ? Number(Number.isNaN(x[i])) - Number(Number.isNaN(x[j])) || i - j
        : x[i] - x[j] || i - j,
    );
const sorted = (x: readonly number[]) => order(x).map((i) => x[i]);
const total = (x: readonly number[]) => x.reduce((a, b) => a + b, 0);
const average = (x: readonly number[]) => total(x) / x.length;
const runs = (x: readonly number[], f: (part: number[]) => number) =>
  x.map((_, i) => f(x.slice(0, i + 1)));
const spread = (x: readonly number[], lost: number) =>
  total(x.map((v) => (v - average(x)) ** 2)) / (x.length - lost);
const numbersOf = (x: readonly number[]) => x.filter((v) => !Number.isNaN(v));
const product = (x: readonly number[]) => x.reduce((a, b) => a * b, 1);
const at = (x: readonly number[], q: number) => {
  const [s, k] = [sorted(x), q * (x.length - 1)];
  const [low, high] = [s[Math.floor(k)], s[Math.ceil(k)]];
  return low === high ? low : low + (k - Math.floor(k)) * (high - low);
};

/** A function of one line of numbers, and the same by plain loops; `smooth`: differentiable where nothing ties. */
interface Line {
  readonly name: string;
  readonly f: (x: Value) => Value;
  readonly want: (x: number[]) => number[];
  readonly smooth?: boolean;
  /** NaN among the numbers is left out. */
  readonly skipsNaN?: boolean;
}

const table: readonly Line[] = [
  { name: "sum", f: (x) => np.sum(x), want: (x) => [total(x)], smooth: true },
  { name: "prod", f: (x) => np.prod(x), want: (x) => [product(x)], smooth: true },
  { name: "max", f: (x) => np.max(x), want: (x) => [Math.max(...x)], smooth: true },
  { name: "min", f: (x) => np.min(x), want: (x) => [Math.min(...x)], smooth: true },
  { name: "ptp", f: (x) => np.ptp(x), want: (x) => [Math.max(...x) - Math.min(...x)], smooth: true },
  { name: "mean", f: (x) => np.mean(x), want: (x) => [average(x)], smooth: true },
  { name: "any", f: (x) => np.any(x), want: (x) => [Number(x.some((v) => v !== 0))] },
  { name: "all", f: (x) => np.all(x), want: (x) => [Number(x.every((v) => v !== 0))] },
  { name: "countNonzero", f: (x) => np.countNonzero(x), want: (x) => [x.filter((v) => v !== 0).length] },
  { name: "argmax", f: (x) => np.argmax(x), want: (x) => [x.findIndex((v) => Number.isNaN(v) || (!x.some(Number.isNaN) && v === Math.max(...x)))] },
  { name: "argmin", f: (x) => np.argmin(x), want: (x) => [x.findIndex((v) => Number.isNaN(v) || (!x.some(Number.isNaN) && v === Math.min(...x)))] },
  { name: "sort", f: (x) => np.sort(x), want: sorted, smooth: true },
  { name: "argsort", f: (x) => np.argsort(x), want: order },
  { name: "argsort descending", f: (x) => np.argsort(x, { descending: true }), want: (x) => order(x.map((v) => v).reverse()).map((i) => x.length - 1 - i).reverse() },
  { name: "topK", f: (x) => np.topK(x, 2)[0], want: (x) => sorted(x).slice(-2).reverse(), smooth: true },
  { name: "cumsum", f: (x) => np.cumsum(x), want: (x) => runs(x, total), smooth: true },
  { name: "cumprod", f: (x) => np.cumprod(x), want: (x) => runs(x, product), smooth: true },
  { name: "cummax", f: (x) => np.cummax(x), want: (x) => runs(x, (p) => Math.max(...p)), smooth: true },
  { name: "cummin", f: (x) => np.cummin(x, { reverse: true }), want: (x) => runs([...x].reverse(), (p) => Math.min(...p)).reverse(), smooth: true },
  { name: "cumlogsumexp", f: (x) => np.cumlogsumexp(x), want: (x) => runs(x, (p) => Math.log(total(p.map(Math.exp)))), smooth: true },
  { name: "cumlogsumexp reverse", f: (x) => np.cumlogsumexp(x, { reverse: true }), want: (x) => runs([...x].reverse(), (p) => Math.log(total(p.map(Math.exp)))).reverse(), smooth: true },
  { name: "logsumexp", f: (x) => np.logsumexp(x), want: (x) => [Math.log(total(x.map(Math.exp)))], smooth: true },
  { name: "var", f: (x) => np.var(x, { ddof: 1 }), want: (x) => [spread(x, 1)], smooth: true },
  { name: "std", f: (x) => np.std(x), want: (x) => [Math.sqrt(spread(x, 0))], smooth: true },
  { name: "median", f: (x) => np.median(x), want: (x) => [x.some(Number.isNaN) ? nan : at(x, 0.5)], smooth: true },
  { name: "quantile", f: (x) => np.quantile(x, array([0, 0.3, 1])), want: (x) => [0, Math.fround(0.3), 1].map((q) => (x.some(Number.isNaN) ? nan : at(x, q))), smooth: true },
  { name: "diff", f: (x) => np.diff(x, { n: 2 }), want: (x) => x.slice(2).map((v, i) => v - 2 * x[i + 1] + x[i]), smooth: true },
  { name: "gradient", f: (x) => np.gradient(x) as Value, want: (x) => x.map((_, i) => { const [a, b] = [Math.max(i - 1, 0), Math.min(i + 1, x.length - 1)]; return (x[b] - x[a]) / (b - a); }), smooth: true },
  { name: "trapezoid", f: (x) => np.trapezoid(x), want: (x) => [total(x) - (x[0] + x[x.length - 1]) / 2], smooth: true },
  { name: "nansum", f: (x) => np.nansum(x), want: (x) => [total(numbersOf(x))], smooth: true, skipsNaN: true },
  { name: "nanprod", f: (x) => np.nanprod(x), want: (x) => [product(numbersOf(x))], smooth: true, skipsNaN: true },
  { name: "nanmean", f: (x) => np.nanmean(x), want: (x) => [average(numbersOf(x))], smooth: true, skipsNaN: true },
  { name: "nanmax", f: (x) => np.nanmax(x), want: (x) => [Math.max(...numbersOf(x))], smooth: true, skipsNaN: true },
  { name: "nanmin", f: (x) => np.nanmin(x), want: (x) => [Math.min(...numbersOf(x))], smooth: true, skipsNaN: true },
  { name: "nanvar", f: (x) => np.nanvar(x), want: (x) => [spread(numbersOf(x), 0)], smooth: true, skipsNaN: true },
  { name: "nanmedian", f: (x) => np.nanmedian(x), want: (x) => [at(numbersOf(x), 0.5)], smooth: true, skipsNaN: true },
  { name: "nancumsum", f: (x) => np.nancumsum(x), want: (x) => runs(x, (p) => total(numbersOf(p))), smooth: true, skipsNaN: true },
  { name: "nanargmin", f: (x) => np.nanargmin(x), want: (x) => [x.indexOf(Math.min(...numbersOf(x)))], skipsNaN: true },
]; // prettier-ignore

const close = (
  got: readonly number[],
  want: readonly number[],
  within = 1e-12,
) =>
  expectClose(
    { shape: [got.length], data: got },
    { shape: [want.length], data: want },
    within,
  );

describe.each(table)("$name", ({ f, want, smooth, skipsNaN }) => {
  const lines = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), {
    minLength: 4,
    maxLength: 9,
  });

  test("agrees with plain loops, ties and zeros included", () => {
    close(list(f(f64([1, 0, -2, 1, 0.5]))), want([1, 0, -2, 1, 0.5]));
    fc.assert(
      fc.property(lines, (x) => {
        close(list(f(f64(x))), want(x), 1e-9);
      }),
      { numRuns: 30 },
    );
  });

  test("meets NaN as its plain loop does", () => {
    const x = [1, nan, -2, 0.5, nan];
    const got = list(f(f64(x)));
    if (skipsNaN) close(got, want(x));
    else if (got.some(Number.isNaN))
      expect(want(x).map(Number.isNaN)).toEqual(got.map(Number.isNaN)); // prettier-ignore
    else expect(got).toEqual(want(x));
  });

  test("gives the same compiled for cpu at every dtype", async () => {
    const dtypes: DType[] = ["float64", "float32", "int32", "uint32"];
    for (const dtype of dtypes) {
      const compiled = jit(f, { threads: 1 });
      const data = dtype.startsWith("float")
        ? [[1, 0, -2, 1, 0.5], [1, nan, -2, inf, 1]]
        : [[1, 0, 7, 1, 3]]; // prettier-ignore
      for (const numbers of data) {
        const x = array(numbers, { dtype });
        const [out, eager] = [compiled(x), f(x)];
        expect(out.type).toEqual(eager.type);
        expectClose(
          await toNdAsync(out),
          toNd(eager),
          eager.dtype === "float64" ? 1e-12 : 2e-6,
        );
      }
      await compiled.dispose();
    }
  });

  test("vmap over the last axis agrees with a loop", () => {
    const x = fillNd([5, 3], "float64", "any", random(3));
    const rows = [0, 1, 2].map((k) =>
      toNd(f(toArray(entry(x, 1, k), "float64"))),
    );
    const got = toNd(vmap(f, 1)(toArray(x, "float64")));
    expectClose(got, stack(rows, 0), 1e-12);
  });

  if (smooth)
    test("has the derivative finite differences find", () => {
      const draw = (seed: number) => [
        ...fillNd([6], "float64", "any", random(seed)).data,
      ];
      const [x, v, w] = [draw(5), draw(6), draw(7)];
      const h = 1e-5;
      const along = (d: number[], s: number) =>
        f64(x.map((a, i) => a + s * d[i]));
      const slope = (y: Value) => jvp(f, [y], [f64(v)])[1];
      const central = (g: (y: Value) => Value, d: number[]) => {
        const [up, down] = [list(g(along(d, h))), list(g(along(d, -h)))];
        return up.map((a, i) => (a - down[i]) / (2 * h));
      };
      close(list(slope(f64(x))), central(f, v), 1e-7);
      const [, second] = jvp(slope, [f64(x)], [f64(w)]);
      close(list(second), central(slope, w), 1e-6);
      // Backwards, one weighted sum of all results.
      const weights = f64(list(f(f64(x))).map((_, i) => 1 + i));
      const back = grad((y: Value) => np.sum(np.multiply(f(y), np.reshape(weights, f(y).shape)))); // prettier-ignore
      const left = total(list(back(f64(x))).map((g, i) => g * v[i]));
      const right = total(list(slope(f64(x))).map((g, i) => g * (1 + i)));
      expect(left).toBeCloseTo(right, 9);
    });
});

test("gradients of all of them compile for cpu and agree with eager", async () => {
  const x = fillNd([6, 2], "float64", "any", random(5));
  const smooth = table.filter((line) => line.smooth);
  const f = (v: Value) =>
    smooth
      .map((line) => np.sum(vmap(line.f, 1)(v)))
      .reduce((a, b) => np.add(a, np.multiply(b, b)));
  const compiled = jit(grad(f), { threads: 1 });
  const v = toArray(x, "float64");
  expectClose(await toNdAsync(compiled(v)), toNd(grad(f)(v)), 1e-10);
  await compiled.dispose();
});

describe("products of zeros", () => {
  const others = (x: number[], ...skip: number[]) =>
    product(x.filter((_, i) => !skip.includes(i)));
  test.each([[[2, 3, 4]], [[2, 0, 4, 5]], [[0, 3, 0]], [[0, 0, 0, 1]], [[7]]])(
    "the gradient and Hessian of the product of %j are products of the others",
    (x) => {
      const f = (v: Value) => np.prod(v);
      expect(list(grad(f)(f64(x)))).toEqual(x.map((_, i) => others(x, i)));
      expect(list(hessian(f)(f64(x)))).toEqual(
        x.flatMap((_, i) => x.map((_y, j) => (i === j ? 0 : others(x, i, j)))),
      );
    },
  );
  test("the gradient of a running product is right behind a zero", () => {
    const f = (v: Value) => np.sum(np.cumprod(v));
    // f = a + ab + abc at (2, 0, 3)
    expect(list(grad(f)(f64([2, 0, 3])))).toEqual([1, 8, 0]);
  });
});

describe("order", () => {
  test("sorting keeps equals in their order, by one key or several, either way", () => {
    const x = f64([0, -0, nan, 1, nan, 0]);
    expect(list(np.argsort(x))).toEqual([0, 1, 5, 3, 2, 4]);
    expect(list(np.argsort(x, { descending: true }))).toEqual([2, 4, 3, 0, 1, 5]); // prettier-ignore
    const [major, minor] = [ints([1, 0, 1, 0]), f64([5, nan, 2, 7])];
    expect(list(np.lexsort([minor, major]))).toEqual([3, 1, 2, 0]);
  });
  test("sortTogether moves every operand, and every tangent, by the first keys", () => {
    const f = (k: Value, x: Value) => np.sortTogether([k, x])[1];
    const [k, x] = [f64([3, 1, 2]), f64([10, 20, 30])];
    expect(list(f(k, x))).toEqual([20, 30, 10]);
    const [, tangent] = jvp(f, [k, x], [f64([1, 1, 1]), f64([7, 8, 9])]);
    expect(list(tangent)).toEqual([8, 9, 7]);
  });
  test("axis null sorts all elements, and partition puts the kth in its place", () => {
    const x = array([[3, 1], [2, 0]]); // prettier-ignore
    expect(list(np.sort(x, { axis: null }))).toEqual([0, 1, 2, 3]);
    expect(list(np.sort(x, { axis: 0 }))).toEqual([2, 0, 3, 1]);
    expect(list(np.partition(ints([4, 1, 3]), 1))[1]).toBe(3);
  });
  test("topK takes NaN first and the first of equals first, with their places", () => {
    const [values, places] = np.topK(f64([1, nan, 3, 3]), 3);
    expect(list(values)).toEqual([nan, 3, 3]);
    expect(list(places)).toEqual([1, 2, 3]);
  });
  test("ties share the tangents of running extremes", () => {
    const f = (x: Value) => np.sum(np.multiply(np.cummax(x), f64([1, 2, 3, 4, 5]))); // prettier-ignore
    expect(list(grad(f)(f64([1, 1, 1, 2, 2])))).toEqual([2.75, 1.75, 1.5, 6.5, 2.5]); // prettier-ignore
  });
  test("cumlogsumexp passes infinities along and takes no derivative from what is -Infinity", () => {
    const x = f64([-inf, -inf, -800, 800, inf, 2]);
    expect(list(np.cumlogsumexp(x))).toEqual([-inf, -inf, -800, 800, inf, inf]);
    expect(list(np.cumlogsumexp(f64([1, nan, 2]))).map(Number.isNaN)).toEqual([false, true, true]); // prettier-ignore
    const f = (v: Value) => np.sum(np.cumlogsumexp(v));
    close(list(grad(f)(f64([-inf, 0]))), [0, 1]);
  });
});

describe("the ends of the integers", () => {
  const [low, high, top] = [-(2 ** 31), 2 ** 31 - 1, 2 ** 32 - 1];
  const edges: readonly (readonly [
    string,
    DType,
    number[],
    (x: Value) => Value,
    number[],
  ])[] = [
    ["products", "int32", [high, 3, high], (x) => np.prod(x), [3]],
    ["products", "uint32", [top, top, top], (x) => np.prod(x), [top]],
    ["running sums", "int32", [high, 1, -2], (x) => np.cumsum(x), [high, low, high - 1]], // prettier-ignore
    ["running sums", "uint32", [top, 2], (x) => np.cumsum(x), [top, 1]],
    ["running products", "int32", [high, 2], (x) => np.cumprod(x), [high, -2]],
    ["minima", "int32", [high, low], (x) => np.min(x), [low]],
    ["minima", "uint32", [top, 2 ** 31], (x) => np.min(x), [2 ** 31]],
    ["places of minima", "uint32", [top, 5, 2 ** 31, 5], (x) => np.argmin(x), [1]], // prettier-ignore
    ["orders", "int32", [high, low, 0], (x) => np.argsort(x), [1, 2, 0]],
    ["orders", "uint32", [top, 0, 2 ** 31], (x) => np.argsort(x), [1, 2, 0]],
    ["orders", "bool", [1, 0, 1, 0], (x) => np.argsort(x, { descending: true }), [0, 2, 1, 3]], // prettier-ignore
    ["orders", "float32", [-inf, nan, inf, nan, 0], (x) => np.argsort(x), [0, 4, 2, 1, 3]], // prettier-ignore
  ];
  test.each(edges)(
    "%s of %s %j are the same on both devices",
    async (_what, dtype, data, f, want) => {
      const x = array(data, { dtype });
      expect(list(f(x))).toEqual(want);
      const compiled = jit(f, { threads: 1 });
      expect([...(await (compiled(x) as Arr).data())]).toEqual(want);
      await compiled.dispose();
    },
  );
});

describe("long lines", () => {
  const n = 20_000;
  const next = random(8);
  const data = Array.from({ length: n }, () => Math.floor(next() * 500));
  test("sorting and running sums agree with plain loops on both devices", async () => {
    const f = (x: Value) => [np.argsort(x), np.cumsum(x), np.cummax(x)];
    const want = [order(data), data.map(((s) => (v) => (s += v))(0)), data.map(((m) => (v) => (m = Math.max(m, v)))(0))]; // prettier-ignore
    expect(f(ints(data)).map(list)).toEqual(want);
    const compiled = jit(f, { threads: 1 });
    const out = await Promise.all(compiled(ints(data)).map((x) => x.data()));
    expect(out.map((x) => [...x])).toEqual(want);
    await compiled.dispose();
  });
});
