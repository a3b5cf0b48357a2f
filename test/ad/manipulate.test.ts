/** @file Creating, shaping, joining, repeating and padding arrays: small cases by hand, and the laws for all of them. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { array, jit, numpy as np, type Value } from "../../src/ad/index.ts";
import {
  at,
  expectClose,
  fillNd,
  nd,
  random,
  toArray,
  toNd,
} from "./naive.cases.ts";
import { expectLaws, type Law } from "./laws.cases.ts";

const ints = (...values: number[]) => array(values, { dtype: "int32" });
const counting = (...shape: number[]) =>
  np.reshape(np.arange(shape.reduce((a, b) => a * b, 1)), shape);
const list = (x: Value) => x.tolist();

const laws: readonly Law[] = [
  ["linspace", (a, b) => np.linspace(a, b, 4, { axis: -1 }), [[2], [2]]],
  ["logspace", (a) => np.logspace(a, 2, 3), [[2]]],
  ["geomspace", (a) => np.geomspace(np.add(np.multiply(a, a), 1), 9, 3), [[2]]],
  ["full of an array", (a) => np.full([2, 3], a), [[3]]],
  ["diag of a vector", (x) => np.diag(x, -1), [[3]]],
  ["diag of a matrix", (x) => np.diag(x, 1), [[3, 4]]],
  ["diagonal", (x) => np.diagonal(x, { offset: -1, axis1: 2, axis2: 0 }), [[2, 2, 3]]],
  ["trace", (x) => np.trace(x, { axis1: 1, axis2: 2 }), [[2, 3, 3]]],
  ["tril", (x) => np.tril(x, -1), [[2, 3, 3]]],
  ["triu", (x) => np.triu(x, 1), [[3, 4]]],
  ["vander", (x) => np.vander(x, 4), [[3]]],
  ["meshgrid", (x, y) => np.multiply(...(np.meshgrid([x, y]) as [Value, Value])), [[2], [3]]],
  ["moveaxis of several", (x) => np.moveaxis(x, [0, 1], [-1, 0]), [[2, 3, 4]]],
  ["rollaxis", (x) => np.rollaxis(x, 2, 1), [[2, 3, 4]]],
  ["expandDims and squeeze", (x) => np.squeeze(np.expandDims(x, [0, -1]), 0), [[2, 3]]],
  ["broadcastTo", (x) => np.broadcastTo(x, [2, 3, 2]), [[3, 1]]],
  ["stack", (x, y) => np.stack([x, y], 1), [[2, 3], [2, 3]]],
  ["block", (x, y) => np.block([[x, y], [y, x]]), [[2, 1], [2, 2]]],
  ["columnStack", (x, y) => np.columnStack([x, y]), [[2], [2, 2]]],
  ["arraySplit", (x) => np.arraySplit(x, 2, 1)[0], [[2, 5]]],
  ["unstack", (x) => np.unstack(x, 1)[1], [[2, 3]]],
  ["flip", (x) => np.flip(x, [0, 2]), [[2, 3, 2]]],
  ["rot90", (x) => np.rot90(x, 1, [1, 0]), [[2, 3]]],
  ["roll", (x) => np.roll(x, [1, -2], [0, 1]), [[3, 4]]],
  ["roll by a scalar array", (x) => np.roll(x, np.index(ints(-4), 0), 1), [[2, 3]]],
  ["tile", (x) => np.tile(x, [2, 1, 2]), [[2, 2]]],
  ["repeat of all alike", (x) => np.repeat(x, 2, { axis: 1 }), [[2, 3]]],
  ["repeat of each its own", (x) => np.repeat(x, [2, 0, 1], { axis: 0 }), [[3, 2]]],
  ["repeat to a length", (x) => np.repeat(x, ints(2, 0, 1), { axis: 1, totalRepeatLength: 5 }), [[2, 3]]],
  ["insert", (x, y) => np.insert(x, [0, 2], y, 1), [[2, 2], [2, 2]]],
  ["delete", (x) => np.delete(x, [0, -1], 1), [[2, 4]]],
  ["resize", (x) => np.resize(x, [3, 3]), [[2, 2]]],
  ["pad with an array", (x, c) => np.pad(x, [1, 2], { constantValues: c }), [[2, 2], []]],
  ...(["edge", "reflect", "symmetric", "wrap", "linearRamp", "maximum", "minimum", "mean"] as const).map(
    (mode): Law => [`pad ${mode}`, (x) => np.pad(x, [[1, 4], [2, 0]], { mode }), [[3, 2]]],
  ),
]; // prettier-ignore

describe("every function that moves elements", () => {
  test.each(laws)(
    "%s is differentiable, batched and compiled",
    async (...law) => {
      await expectLaws(law);
    },
  );
});

describe("created arrays", () => {
  test("arange counts like Python's range, in int32 unless a number has a fraction", () => {
    expect([np.arange(3), np.arange(2, 9, 3), np.arange(3, 0, -1), np.arange(0), np.arange(4, 1)].map(list)).toEqual([[0, 1, 2], [2, 5, 8], [3, 2, 1], [], []]); // prettier-ignore
    expect([np.arange(0, 1, 0.5).dtype, np.arange(3).dtype, np.arange(3, "float64").dtype]).toEqual(["float32", "int32", "float64"]); // prettier-ignore
    expect(() => np.arange(0, 1, 0)).toThrow(/arange: .*0, 1, 0/);
  });
  test("tri, tril and triu part a matrix at a diagonal", () => {
    for (const k of [-2, 0, 1, 5]) {
      const x = counting(3, 4);
      expect(list(np.add(np.tril(x, k), np.triu(x, k + 1)))).toEqual(list(x));
      expect(list(np.tri(3, 4, k, "int32"))).toEqual(
        list(np.tril(np.onesLike(x), k)),
      );
    }
  });
  test("the index pairs of triangles and diagonals point at their elements", () => {
    const x = counting(3, 4);
    const read = ([i, j]: readonly Value[]) => list(np.index(x, i, j));
    expect(read(np.trilIndices(3, 0, 4))).toEqual([0, 4, 5, 8, 9, 10]);
    expect(read(np.triuIndices(3, 2, 4))).toEqual([2, 3, 7]);
    expect(read(np.diagIndices(3))).toEqual([0, 5, 10]);
  });
  test("windows are symmetric, at most 1 and fall off towards the ends", () => {
    const windows = [np.bartlett, np.blackman, np.hamming, np.hanning, (m: number, dtype: "float64") => np.kaiser(m, 8, dtype)]; // prettier-ignore
    for (const window of windows) {
      const x = toNd(window(9, "float64")).data;
      x.forEach((w, i) => expect(w).toBeCloseTo(x[8 - i], 14));
      expect(x[4]).toBeCloseTo(1, 14);
      for (const i of [1, 2, 3, 4]) expect(x[i]).toBeGreaterThan(x[i - 1]);
      expect(toNd(window(1, "float64")).data).toEqual([1]);
    }
    // I0(8) = 427.5641157218048 (Abramowitz and Stegun, table 9.8).
    expect(toNd(np.kaiser(9, 8, "float64")).data[0]).toBeCloseTo(1 / 427.5641157218048, 14); // prettier-ignore
  });
  test("fromfunction, indices and meshgrid agree", () => {
    const [i, j] = np.unstack(np.indices([2, 3]));
    expect(list(np.fromfunction((a, b) => np.subtract(a, b), [2, 3]))).toEqual(list(np.subtract(i, j))); // prettier-ignore
    const grid = np.meshgrid([np.arange(2), np.arange(3)], { indexing: "ij" });
    expect(grid.map(list)).toEqual([i, j].map(list));
    const sparse = np.meshgrid([np.arange(2), np.arange(3)], { sparse: true });
    expect(sparse.map((x) => x.shape)).toEqual([[1, 2], [3, 1]]); // prettier-ignore
  });
});

describe("joins and cuts", () => {
  test("join dtypes as promotion does", () => {
    expect(np.concatenate([ints(1), array([0.5])]).dtype).toBe("float32");
    expect(np.stack([array([true], { dtype: "bool" }), ints(2)]).dtype).toBe("int32"); // prettier-ignore
  });
  test("arraySplit cuts pieces that differ by at most one and join to the whole", () => {
    fc.assert(
      fc.property(fc.nat(20), fc.integer({ min: 1, max: 7 }), (n, parts) => {
        const pieces = np.arraySplit(np.arange(n), parts);
        const sizes = pieces.map((p) => p.size);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThan(2);
        expect(list(np.concatenate(pieces))).toEqual(list(np.arange(n)));
      }),
    );
  });
  test("split takes positions, which may lie past the end or count from it", () => {
    expect(np.split(np.arange(4), [1, -1, 9]).map(list)).toEqual([[0], [1, 2], [3], []]); // prettier-ignore
  });
  test.each([
    ["stack", () => np.stack([ints(1), ints(1, 2)]), /stack: .*\[1\] and \[2\]/],
    ["stack of nothing", () => np.stack([]), /stack: expected at least one array, got none/],
    ["split", () => np.split(np.arange(4), 3), /split: axis 0 of \[4\].*3/],
    ["squeeze", () => np.squeeze(counting(2, 1), 0), /squeeze: .*axis 0 of \[2,1\]/],
    ["broadcastTo", () => np.broadcastTo(np.arange(3), [2]), /broadcastTo: .*\[3\] and \[2\]/],
    ["diagonal", () => np.diagonal(counting(2, 2), { axis1: 1, axis2: -1 }), /diagonal: .*\[2,2\], got 1 and -1/],
    ["moveaxis", () => np.moveaxis(counting(2, 2), [0, 1], 0), /moveaxis: .*2 and 1/],
    ["flip", () => np.flip(counting(2, 2), [0, 0]), /flip: .*once, got 0, 0/],
    ["insert", () => np.insert(np.arange(3), 5, 1), /insert: .*-3\.\.3, got 5/],
    ["delete", () => np.delete(np.arange(3), 3), /delete: .*-3\.\.2, got 3/],
    ["pad", () => np.pad(np.arange(3), -1), /pad: .*\[3\], got -1/],
    ["pad of nothing", () => np.pad(np.arange(0), 1, { mode: "edge" }), /pad: mode edge .*axis 0 of \[0\]/],
    ["resize", () => np.resize(np.arange(0), [2]), /resize: .*\[2\]/],
  ] as const)("%s refuses what does not fit, in a sentence", (_name, f, sentence) => {
    expect(f).toThrow(sentence);
  }); // prettier-ignore
});

describe("repeats and rolls", () => {
  test("roll by n is the identity and rolls add up", () => {
    const x = counting(3, 4);
    expect(list(np.roll(x, 4, 1))).toEqual(list(x));
    expect(list(np.roll(np.roll(x, 5), -3))).toEqual(list(np.roll(x, 2)));
    expect(list(np.roll(x, np.index(ints(-7), 0), 1))).toEqual(list(np.roll(x, -7, 1))); // prettier-ignore
  });
  test("four quarter turns are none", () => {
    const x = counting(2, 3);
    const once = np.rot90(x);
    expect(list(once)).toEqual([[2, 5], [1, 4], [0, 3]]); // prettier-ignore
    expect(list(np.rot90(np.rot90(once, 2)))).toEqual(list(x));
  });
  test("repeat with counts that are traced fills or cuts to its length", () => {
    const f = jit((n: Value) => np.repeat(ints(5, 6, 7), n, { totalRepeatLength: 5 }), { device: "js" }); // prettier-ignore
    expect(list(f(ints(1, 0, 2)))).toEqual([5, 7, 7, 7, 7]);
    expect(list(f(ints(4, 4, 4)))).toEqual([5, 5, 5, 5, 6]);
    expect(() => jit((n: Value) => np.repeat(ints(1), n))(ints(1))).toThrow(/not known while/); // prettier-ignore
  });
  test("pad modes read the array they surround", () => {
    const x = fillNd([4], "float64", "any", random(3));
    const wrapped = np.pad(toArray(x, "float64"), [6, 5], { mode: "wrap" });
    expectClose(toNd(wrapped), nd([15], ([i]) => at(x, [(i + 2) % 4])), 0); // prettier-ignore
    expect(list(np.pad(ints(1, 2, 3), 4, { mode: "reflect" }))).toEqual([1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3]); // prettier-ignore
    expect(list(np.pad(ints(1, 2, 3), 4, { mode: "symmetric" }))).toEqual([3, 3, 2, 1, 1, 2, 3, 3, 2, 1, 1]); // prettier-ignore
    expect(list(np.pad(ints(1, 2, 4), 1, { mode: "mean" }))).toEqual([2, 1, 2, 4, 2]); // prettier-ignore
  });
  test("empty arrays pass through", () => {
    const none = np.zeros([0, 3]);
    expect([np.flip(none), np.roll(none, 1), np.tile(none, [2, 2]), np.repeat(none, 2, { axis: 1 }), np.pad(none, 0), np.diagonal(none)].map((x) => x.shape)).toEqual([[0, 3], [0, 3], [0, 6], [0, 6], [0, 3], [0]]); // prettier-ignore
  });
});
