/** @file `x[...]` read and written: against loops over every element for random indices, at its edges, and by the laws. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  array,
  grad,
  jit,
  lax,
  numpy as np,
  vmap,
  type Array as Arr,
  type Value,
} from "../../src/ad/index.ts";
import {
  at as read,
  expectClose,
  fillNd,
  indices,
  nd,
  random,
  toArray,
  toNd,
  type Nd,
} from "./naive.cases.ts";
import { expectLaws, type Law } from "./laws.cases.ts";

const { at, index, slice } = np;
const ints = (...values: number[]) => array(values, { dtype: "int32" });
const int = (value: number) => array([value], { dtype: "int32", shape: [] });
const counting = (...shape: number[]) =>
  np.reshape(np.arange(shape.reduce((a, b) => a * b, 1)), shape);
const list = (x: Value) => x.tolist();

/** One item of an index, drawn for an axis of size n: how NumPy sees it, and the entries it reads. */
type Drawn =
  | { readonly kind: "new" }
  | { readonly kind: "range"; readonly bounds: readonly [number | null, number | null, number] }
  | { readonly kind: "entry"; readonly k: number }
  | { readonly kind: "array"; readonly shape: readonly number[]; readonly seed: number }; // prettier-ignore

const bound = fc.option(fc.integer({ min: -6, max: 6 }));
const item: fc.Arbitrary<Drawn> = fc.oneof(
  fc.record({ kind: fc.constant("range" as const), bounds: fc.tuple(bound, bound, fc.constantFrom(1, 2, -1, -2)) }),
  fc.record({ kind: fc.constant("entry" as const), k: fc.nat(9) }),
  fc.record({ kind: fc.constant("array" as const), shape: fc.constantFrom([2], [1], [2, 1], [3, 1, 2], []), seed: fc.nat(99) }),
); // prettier-ignore
const drawnIndex = fc.record({
  shape: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
  items: fc.array(item, { maxLength: 4 }),
  newAt: fc.option(fc.nat(4)),
}); // prettier-ignore

/** Python's range(*slice(a, b, s).indices(n)), counted one by one. */
function entriesOf([a, b, step]: readonly [number | null, number | null, number], n: number): number[] {
  const place = (k: number) => (k < 0 ? k + n : k);
  const from = a === null ? (step > 0 ? 0 : n - 1) : place(a);
  const to = b === null ? (step > 0 ? n : -1) : place(b);
  const out: number[] = [];
  const start = step > 0 ? Math.max(from, 0) : Math.min(from, n - 1);
  for (let k = start; step > 0 ? k < Math.min(to, n) : k > Math.max(to, -1); k += step) out.push(k); // prettier-ignore
  return out;
} // prettier-ignore

interface Seen {
  readonly d: Drawn;
  readonly axis: number;
  readonly entries: readonly number[];
  readonly item: np.IndexItem;
  /** Of an index array. */
  readonly shape?: readonly number[];
}

/** The index as items of ours, and the result by loops over its elements. */
function bruteForce(x: Nd, drawn: readonly Drawn[]) {
  let axis = 0;
  const seen = drawn.map((d): Seen => {
    if (d.kind === "new") return { d, axis: -1, entries: [0], item: null };
    const n = x.shape[axis];
    const own = { d, axis: axis++ };
    if (d.kind === "range")
      return { ...own, entries: entriesOf(d.bounds, n), item: slice(...d.bounds) };
    if (d.kind === "entry")
      return { ...own, entries: [d.k % n], item: (d.k % n) - (d.k > n ? n : 0) };
    const given = fillNd(d.shape, "int32", { rows: n }, random(d.seed));
    const entries = given.data.map((k) => (k < 0 ? k + n : k));
    return { ...own, entries, item: toArray(given, "int32"), shape: d.shape };
  });
  const items = seen.map((s) => s.item);
  const arrays = seen.flatMap(({ shape }) => (shape ? [shape] : []));
  const lead = np.broadcastShapes(...arrays);
  const advanced = seen.flatMap((s, i) => arrays.length && (s.d.kind === "array" || s.d.kind === "entry") ? [i] : []);
  const beside = advanced.every((i, k) => k === 0 || i === advanced[k - 1] + 1);
  const home = beside ? advanced[0] : -1;
  /** The result's axes: one for each range and new axis, those of the arrays where NumPy puts them. */
  const axes: { item: number; n: number }[] = [];
  if (arrays.length && home < 0) lead.forEach((n) => axes.push({ item: -1, n }));
  seen.forEach((s, i) => {
    if (arrays.length && i === home) lead.forEach((n) => axes.push({ item: -1, n }));
    if (s.d.kind === "new" || s.d.kind === "range") axes.push({ item: i, n: s.entries.length });
  });
  const want = nd(axes.map(({ n }) => n), (o) => {
    const where = o.filter((_, k) => axes[k].item < 0);
    const source = x.shape.map(() => 0);
    seen.forEach((s, i) => {
      if (s.axis < 0) return;
      if (s.d.kind === "range") source[s.axis] = s.entries[o[axes.findIndex((a) => a.item === i)]];
      else if (s.d.kind === "entry") source[s.axis] = s.entries[0];
      else {
        const { shape = [] } = s;
        const own = where.slice(lead.length - shape.length).map((k, a) => (shape[a] === 1 ? 0 : k));
        source[s.axis] = read({ shape, data: s.entries }, own);
      }
    });
    return read(x, source);
  });
  return { items, want };
} // prettier-ignore

/** Drawn items cut to the rank of the array, whole axes written out for those left over. */
const complete = (shape: readonly number[], drawn: readonly Drawn[], newAt: number | null): Drawn[] => {
  const whole: Drawn = { kind: "range", bounds: [null, null, 1] };
  const all: Drawn[] = shape.map((_, i) => drawn[i] ?? whole);
  if (newAt !== null && newAt <= all.length) all.splice(newAt, 0, { kind: "new" });
  return all;
}; // prettier-ignore

describe("reading", () => {
  test("agrees with loops over every element, for any index", () => {
    fc.assert(
      fc.property(drawnIndex, ({ shape, items, newAt }) => {
        const x = fillNd(shape, "float64", "any", random(1));
        const all = complete(shape, items, newAt);
        const { items: given, want } = bruteForce(x, all);
        expectClose(toNd(index(toArray(x, "float64"), ...given)), want, 0);
      }),
      { numRuns: 300 },
    );
  });
  test("an ellipsis stands for the axes that are left", () => {
    const x = counting(2, 3, 4);
    expect(list(index(x, "...", 1))).toEqual(list(index(x, slice(), slice(), 1))); // prettier-ignore
    expect(list(index(x, 1, "...", ints(0, 2)))).toEqual(list(index(x, 1, slice(), ints(0, 2)))); // prettier-ignore
    expect(index(x, "...").shape).toEqual([2, 3, 4]);
  });
  test("a mask reads the elements where it holds, beside other items too", () => {
    const x = counting(2, 3);
    expect(list(index(x, np.greater(x, 2)))).toEqual([3, 4, 5]);
    const rows = array([false, true], { dtype: "bool" });
    expect(list(index(x, rows))).toEqual([[3, 4, 5]]);
    expect(list(index(x, rows, 1))).toEqual([4]);
    expect(index(x, np.greater(x, 9)).shape).toEqual([0]);
  });
  test("modes say what an index out of range reads", () => {
    const x = counting(3, 2);
    const i = ints(2, 3, -4);
    expect(list(at(x, i).get({ mode: "clip" }))).toEqual([[4, 5], [4, 5], [0, 1]]); // prettier-ignore
    expect(list(at(x, i).get({ mode: "wrap" }))).toEqual([[4, 5], [0, 1], [4, 5]]); // prettier-ignore
    expect(list(at(x, i).get({ mode: "fill", fillValue: 9 }))).toEqual([[4, 5], [9, 9], [9, 9]]); // prettier-ignore
    expect(list(at(x, i, ints(0, 1, 5)).get({ mode: "fill" }))).toEqual([4, -(2 ** 31), -(2 ** 31)]); // prettier-ignore
    expect(list(np.take(x, ints(1, -1), 0, { mode: "clip" }))).toEqual([[2, 3], [0, 1]]); // prettier-ignore
  });
  test.each([
    ["an entry", () => index(counting(2, 3), 0, 3), /index: .*-3\.\.2 at axis 1 of \[2,3\], got 3/],
    ["an array", () => index(counting(2, 3), ints(0, -3)), /index: .*-2\.\.1 at axis 0, got -3/],
    ["arrays together", () => index(counting(2, 3), ints(0), ints(4)), /index: .*-3\.\.2 at axis 1, got 4/],
    ["too many items", () => index(counting(2), 0, 0), /index: .*at most 1 axes.*0, 0 for \[2\]/],
    ["two ellipses", () => index(counting(2, 2), "...", "..."), /index: .*one "\.\.\."/],
    ["a float array", () => index(counting(2), array([1])), /index: .*int32 or bool at axis 0, got float32\[1\]/],
    ["a mask of another shape", () => index(counting(2), array([true], { dtype: "bool" })), /index: .*axes 0 on of \[2\], got bool\[1\]/],
    ["a step of 0", () => index(counting(2), slice(null, null, 0)), /index: .*step other than 0, got 0/],
    ["a traced mask", () => jit((m: Value) => index(counting(2), m))(array([true, false], { dtype: "bool" })), /not known while/],
    ["fractions for integers", () => at(counting(2), 0).set(0.5), /at: .*int32 can hold, got 0\.5/],
    ["values that do not broadcast", () => at(counting(3), ints(0, 1)).set(ints(1, 2, 3)), /\[3\] does not broadcast to \[2\]|\[3\] and \[2\]/],
  ] as const)("refuses %s, in a sentence", (_name, f, sentence) => {
    expect(f).toThrow(sentence);
  }); // prettier-ignore
  test.each(["js", "cpu"] as const)(
    "an index out of range is an error in code compiled for %s, too",
    async (device) => {
      const one = jit((i: Value) => index(counting(2, 3), i), { device });
      const two = jit((i: Value) => index(counting(2, 3), 1, i, null), { device }); // prettier-ignore
      const both = jit((i: Value) => index(counting(2, 3), i, i), { device });
      for (const f of [one, two, both]) {
        const run = async () => (f(ints(0, 7)) as Arr).data();
        await expect(run()).rejects.toThrow();
        expect((await (f(ints(0, -1)) as Arr).data()).length).toBeGreaterThan(1); // prettier-ignore
      }
    },
  );
});

describe("writing", () => {
  const operations = {
    set: (_x, v) => v,
    add: (x, v) => x + v,
    subtract: (x, v) => x - v,
    multiply: (x, v) => x * v,
    min: Math.min,
    max: Math.max,
  } as const satisfies Record<string, (x: number, v: number) => number>;
  const names = Object.keys(operations) as (keyof typeof operations)[];

  test.each(names)("%s agrees with a loop over the elements the index names, for any index", (name) => {
    fc.assert(
      fc.property(drawnIndex, ({ shape, items, newAt }) => {
        const x = fillNd(shape, "float64", "any", random(1));
        const { items: given } = bruteForce(x, complete(shape, items, newAt));
        const places = toNd(index(counting(...shape), ...given));
        const v = fillNd(places.shape, "float64", "any", random(2));
        const want = [...x.data];
        places.data.forEach((p, i) => (want[p] = operations[name](want[p], v.data[i])));
        const got = at(toArray(x, "float64"), ...given)[name](toArray(v, "float64"));
        expectClose(toNd(got), { shape, data: want }, 1e-12);
      }),
      { numRuns: 100 },
    );
  }); // prettier-ignore
  test("values broadcast and take the array's dtype", () => {
    expect(list(at(counting(2, 3), slice(), ints(0, 2)).set(ints(7, 8)))).toEqual([[7, 1, 8], [7, 4, 8]]); // prettier-ignore
    expect(at(array([1, 2]), 0).set(3).dtype).toBe("float32");
    expect(at(counting(2), 0).divide(2).dtype).toBe("float32");
    expect(list(at(array([2, 3]), ints(0, 0)).power(2))).toEqual([16, 3]);
    expect(list(at(array([true, true], { dtype: "bool" }), 0).set(false))).toEqual([false, true]); // prettier-ignore
  });
  test("of several values for one element the last stays and alone has a derivative", () => {
    const i = ints(1, 0, 1);
    const f = (x: Value, v: Value) =>
      np.sum(np.multiply(at(x, i).set(v), array([1, 10, 100])));
    const [dx, dv] = grad(f, { argnums: [0, 1] })(array([1, 2, 3]), array([4, 5, 6])) as Value[]; // prettier-ignore
    expect([dx, dv].map(list)).toEqual([[0, 0, 100], [0, 1, 10]]); // prettier-ignore
  });
  test("what lies outside is dropped, clipped or an error, as asked", () => {
    const x = ints(0, 0, 0);
    const i = ints(1, 5, -4);
    expect(list(at(x, i).add(ints(1, 2, 3), { mode: "drop" }))).toEqual([0, 1, 0]); // prettier-ignore
    expect(list(at(x, i).add(ints(1, 2, 3), { mode: "clip" }))).toEqual([3, 1, 2]); // prettier-ignore
    expect(() => at(x, i).add(1)).toThrow(/at: .*-3\.\.2 at axis 0, got 5/);
  });
  test("a mask may be traced where a scalar is written", () => {
    const relu = jit((x: Value) => at(x, np.less(x, 0)).set(0), { device: "js" }); // prettier-ignore
    expect(list(relu(array([1, -2, 3])))).toEqual([1, 0, 3]);
    const rows = array([true, false], { dtype: "bool" });
    expect(list(at(counting(2, 2), rows).add(10))).toEqual([[10, 11], [2, 3]]); // prettier-ignore
  });
  test("apply works on each element once", () => {
    const x = counting(3);
    expect(list(at(x, ints(2, 2)).apply((v) => np.multiply(v, 10)))).toEqual([0, 1, 20]); // prettier-ignore
  });
  test("rows written inside vmap are each member's own", () => {
    const f = vmap((x: Value, i: Value) => at(x, i).set(9));
    expect(list(f(counting(2, 3), ints(0, 2)))).toEqual([[9, 1, 2], [3, 4, 9]]); // prettier-ignore
  });
});

const i32 = ints(1, -1, 1);
const columns = toArray({ shape: [2, 1], data: [1, 0] }, "int32");
const laws: readonly Law[] = [
  ["index by ranges", (x) => index(x, slice(null, null, -1), slice(1, 4, 2)), [[3, 5]]],
  ["index by an array", (x) => index(x, slice(), i32, null), [[2, 3]]],
  ["index by arrays apart", (x) => index(x, i32, slice(), ints(0, 1, 0)), [[2, 2, 2]]],
  ["index by a mask", (x) => index(x, array([1, 0, 1], { dtype: "bool" })), [[3, 2]]],
  ["at.get with fill", (x) => at(x, ints(5, 1)).get({ mode: "fill", fillValue: 1 }), [[2, 2]]],
  ["at.set of a range", (x, v) => at(x, slice(0, null, 2)).set(v), [[3, 2], [2, 2]]],
  ["at.set with duplicates", (x, v) => at(x, slice(), i32).set(v), [[2, 3], [2, 3]]],
  ["at.set with drop", (x, v) => at(x, ints(7, 1)).set(v, { mode: "drop" }), [[2, 2], [2, 2]]],
  ["at.add with duplicates", (x, v) => at(x, i32, 0).add(v), [[3, 2], [3]]],
  ["at.multiply of a range", (x, v) => at(x, 1).multiply(v), [[2, 3], [3]]],
  ["at.multiply with duplicates", (x, v) => at(x, i32).multiply(v), [[3, 2], [3, 2]]],
  ["at.max with duplicates", (x, v) => at(x, i32).max(v), [[3, 2], [3, 2]]],
  ["at.min of a range", (x, v) => at(x, slice(1)).min(v), [[3], [2]]],
  ["at.divide", (x, v) => at(x, ints(0, 0)).divide(np.add(np.multiply(v, v), 1)), [[2], [2]]],
  ["at.apply", (x) => at(x, 0).apply((v) => np.multiply(v, v)), [[2, 2]]],
  ["take", (x) => np.take(x, ints(2, 0, 2), 1), [[2, 3, 2]]],
  ["takeAlongAxis", (x) => np.takeAlongAxis(x, columns, 1), [[2, 3]]],
  ["putAlongAxis", (x, v) => np.putAlongAxis(x, columns, v, 1), [[2, 3], [2, 1]]],
  ["put", (x, v) => np.put(x, ints(0, 3, 0), v), [[2, 2], [3]]],
  ["compress by known conditions", (x) => np.compress(ints(0, 1, 1), x, { axis: 1 }), [[2, 3]]],
  ["compress with a size", (x) => np.compress(ints(0, 1, 1), x, { axis: 1, size: 3 }), [[2, 3]]],
  ["select", (x, y) => np.select([np.greater(x, 0), np.greater(y, 0)], [x, np.multiply(y, y)], 1), [[3], [3]]],
  ["choose", (x, y) => np.choose(ints(1, 0), [x, y]), [[2], [2]]],
  ["piecewise", (x) => np.piecewise(x, [np.less(x, 0)], [np.exp, (v) => np.multiply(v, v)]), [[4]]],
  ["dynamicSlice", (x) => lax.dynamicSlice(x, [int(1), int(5)], [1, 2]), [[2, 3]]],
  ["dynamicUpdateSlice", (x, u) => lax.dynamicUpdateSlice(x, u, [int(-1), int(0)]), [[2, 3], [1, 2]]],
  ["dynamicIndexInDim", (x) => lax.dynamicIndexInDim(x, int(1), 1, { keepdims: false }), [[2, 3]]],
  ["dynamicUpdateIndexInDim", (x, u) => lax.dynamicUpdateIndexInDim(x, u, int(1), 1), [[2, 3], [2]]],
  ["lax.slice with strides", (x) => lax.slice(x, [0, 1], [3, 6], [2, 3]), [[3, 6]]],
  ["lax.pad", (x, c) => lax.pad(x, c, [[1, -1, 2], [-2, 3, 0]]), [[3, 3], []]],
  ["lax.broadcastInDim", (x) => lax.broadcastInDim(x, [2, 3, 2], [0, 1]), [[2, 1]]],
  ["lax.selectN", (x, y) => lax.selectN(ints(1, 0, 1), x, y), [[3], [3]]],
]; // prettier-ignore

describe("every function that reads or writes parts", () => {
  test.each(laws)("%s is differentiable, batched and compiled", async (...law) => {
    await expectLaws(law);
  }); // prettier-ignore
});

describe("blocks by computed places", () => {
  test("dynamicSlice moves its block inside, from either end, each member of a batch on its own", () => {
    const starts = [-9, -2, 0, 1, 3, 9];
    const x = counting(4);
    const want = starts.map((s) => Math.max(0, Math.min(s < 0 ? s + 4 : s, 2)));
    expect(starts.map((s) => list(lax.dynamicSlice(x, [s], [2])))).toEqual(want.map((s) => [s, s + 1])); // prettier-ignore
    const all = vmap((s: Value) => lax.dynamicSlice(x, [s], [2]));
    expect(list(all(ints(...starts)))).toEqual(want.map((s) => [s, s + 1]));
    const write = vmap((s: Value) => lax.dynamicUpdateSlice(x, ints(8, 9), [s]), 0); // prettier-ignore
    expect(list(write(ints(...starts)))).toEqual(want.map((s) => [0, 1, 2, 3].map((k) => (k === s ? 8 : k === s + 1 ? 9 : k)))); // prettier-ignore
  });
  test("ravelMultiIndex and unravelIndex undo each other", () => {
    const shape = [2, 3, 4];
    const all = np.arange(24);
    const places = np.unravelIndex(all, shape);
    expect(indices(shape).map((i) => [...i])).toEqual(list(np.stack(places, 1))); // prettier-ignore
    expect(list(np.ravelMultiIndex(places, shape))).toEqual(list(all));
    expect(() => np.ravelMultiIndex([ints(0), ints(3)], [2, 3])).toThrow(/0\.\.2 at axis 1, got 3/); // prettier-ignore
    expect(list(np.ravelMultiIndex([ints(-1), ints(4)], [2, 3], { mode: "wrap" }))).toEqual([4]); // prettier-ignore
  });
});
