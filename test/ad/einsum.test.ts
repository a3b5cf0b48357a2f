/** @file Products of arrays: einsum and its relatives against loops, convolutions against windows, and the laws. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { array, lax, numpy as np, type Value } from "../../src/ad/index.ts";
import {
  at,
  expectClose,
  fillNd,
  nd,
  random,
  toArray,
  toNd,
  type Nd,
} from "./naive.cases.ts";
import { expectLaws, type Law } from "./laws.cases.ts";
import { sumOver } from "./rows/row.cases.ts";

const draw = (shape: readonly number[], seed = 1): Nd =>
  fillNd(shape, "float64", "any", random(seed));
const arr = (x: Nd) => toArray(x, "float64");
const list = (x: Value) => x.tolist();

/** Sums over every letter that is not in the result, by loops; every letter has its size. */
function loops(spec: string, operands: readonly Nd[], sizes: Record<string, number>): Nd {
  const [left, out] = spec.split("->");
  const words = left.split(",");
  const inner = [...new Set(left.replaceAll(",", ""))].filter((c) => !out.includes(c));
  return nd([...out].map((c) => sizes[c]), (o) =>
    sumOver(inner.map((c) => sizes[c]), (k) =>
      operands.reduce((product, x, i) => {
        const place = (c: string) => (out.includes(c) ? o[out.indexOf(c)] : k[inner.indexOf(c)]);
        return product * at(x, [...words[i]].map(place));
      }, 1),
    ),
  );
} // prettier-ignore

const sizes = { a: 2, b: 3, c: 1, d: 2, e: 4 };
const letter = fc.constantFrom(...Object.keys(sizes));
const equation = fc
  .array(fc.array(letter, { maxLength: 3 }), { minLength: 1, maxLength: 4 })
  .chain((words) => {
    const all = [...new Set(words.flat())];
    return fc.tuple(fc.constant(words), fc.shuffledSubarray(all));
  });

describe("einsum", () => {
  test("agrees with loops for any operands, repeated letters and order of the result", () => {
    fc.assert(
      fc.property(equation, ([words, out]) => {
        const spec = `${words.map((w) => w.join("")).join()}->${out.join("")}`;
        const xs = words.map((w, i) => draw(w.map((c) => sizes[c as "a"]), i));
        const got = np.einsum(spec, ...xs.map(arr));
        expectClose(toNd(got), loops(spec, xs, sizes), 1e-11);
      }),
      { numRuns: 200 },
    );
  }); // prettier-ignore
  test("without an arrow the letters that occur once are the result's, in order of the alphabet", () => {
    const [x, y] = [draw([2, 3]), draw([3, 4], 2)];
    const explicit = toNd(np.einsum("cb,ba->ac", arr(x), arr(y)));
    expectClose(toNd(np.einsum("cb, ba", arr(x), arr(y))), explicit, 0);
    expect(np.einsum("ii", arr(draw([3, 3]))).shape).toEqual([]);
  });
  test("an ellipsis broadcasts, sizes 1 stretch", () => {
    const [x, y] = [draw([2, 1, 3, 4]), draw([5, 4, 2], 2)];
    const got = np.einsum("...ij,...jk->...ik", arr(x), arr(y));
    expectClose(toNd(got), toNd(np.matmul(arr(x), arr(y))), 1e-13);
    const row = draw([1, 3], 3);
    expectClose(
      toNd(np.einsum("ij,ij->ij", arr(row), arr(draw([2, 3])))),
      toNd(np.multiply(arr(row), arr(draw([2, 3])))),
      0,
    );
  });
  test("contracts the pair that grows least first", () => {
    // From the left this would make a matrix of 400 x 400 twice over.
    const [x, y] = [np.ones([400, 2]), np.ones([2, 400])];
    expect(list(np.einsum("ij,jk,kl,l->i", x, y, x, np.ones([2])))).toEqual(Array(400).fill(1600)); // prettier-ignore
  });
  test.each([
    ["a letter of two sizes", () => np.einsum("ij,jk", np.ones([2, 3]), np.ones([4, 2])), /einsum: j is 3 and 4 .*\[2,3\] and \[4,2\]/],
    ["too few letters", () => np.einsum("i", np.ones([2, 3])), /einsum: "i" of "i" .*\[2,3\]/],
    ["another number of operands", () => np.einsum("i,i", np.ones([2])), /einsum: expected 2 operands for "i,i", got 1/],
    ["a result from nowhere", () => np.einsum("i->j", np.ones([2])), /einsum: the result's j .*"i->j"/],
    ["a letter twice in the result", () => np.einsum("i->ii", np.ones([2])), /einsum: .*once, got "ii"/],
  ] as const)("refuses %s, in a sentence", (_name, f, sentence) => {
    expect(f).toThrow(sentence);
  }); // prettier-ignore
});

describe("products", () => {
  const [x, y] = [draw([2, 3, 4]), draw([2, 3, 4], 2)];
  test.each<readonly [string, Value, string, readonly Nd[]]>([
    ["tensordot over three axes", np.tensordot(arr(x), arr(y), 3), "abe,abe->", [x, y]],
    ["tensordot over pairs", np.tensordot(arr(x), arr(y), [[0, -1], [0, 2]]), "abe,ade->bd", [x, y]],
    ["outer", np.outer(arr(draw([2])), arr(draw([3], 2))), "a,b->ab", [draw([2]), draw([3], 2)]],
    ["inner", np.inner(arr(x), arr(y)), "abe,dce->abdc", [x, y]],
    ["dot", np.dot(arr(x), arr(draw([2, 4, 3], 3))), "abe,def->abdf", [x, draw([2, 4, 3], 3)]],
    ["vdot", np.vdot(arr(x), arr(y)), "abe,abe->", [x, y]],
    ["vecdot", np.vecdot(arr(x), arr(y), { axis: 1 }), "abe,abe->ae", [x, y]],
    ["matvec", np.matvec(arr(x), arr(draw([4]))), "abe,e->ab", [x, draw([4])]],
    ["vecmat", np.vecmat(arr(draw([3])), arr(x)), "b,abe->ae", [draw([3]), x]],
  ])("%s agrees with loops", (_name, got, spec, operands) => {
    expectClose(toNd(got), loops(spec, operands, { a: 2, b: 3, e: 4, d: spec.includes("dce") || spec.includes("def") ? 2 : 3, c: 3, f: 3 }), 1e-12);
  }); // prettier-ignore
  test("kron puts the second operand in the place of each element of the first", () => {
    const [a, b] = [draw([2, 3]), draw([4, 2], 2)];
    expectClose(
      toNd(np.kron(arr(a), arr(b))),
      nd([8, 6], ([i, j]) => at(a, [i >> 2, j >> 1]) * at(b, [i % 4, j % 2])),
      0,
    );
  });
  test("cross is at right angles to both and as long as the area they span", () => {
    const [a, b] = [arr(draw([5, 3])), arr(draw([5, 3], 2))];
    const c = np.cross(a, b);
    for (const side of [a, b])
      expectClose(toNd(np.vecdot(c, side)), nd([5], () => 0), 1e-12); // prettier-ignore
    const gram = np.subtract(np.multiply(np.vecdot(a, a), np.vecdot(b, b)), np.square(np.vecdot(a, b))); // prettier-ignore
    expectClose(toNd(np.vecdot(c, c)), toNd(gram), 1e-12);
    expect(np.cross(array([1, 2]), array([3, 4])).item()).toBe(-2);
    expect(() => np.cross(array([1]), array([1, 2]))).toThrow(/cross: .*\[1\] and \[2\]/); // prettier-ignore
  });
  test("operands of different dtypes meet as in promotion", () => {
    const whole = array([1, 2], { dtype: "int32" });
    expect(np.dot(whole, array([0.5, 0.25])).item()).toBe(1);
    expect(np.einsum("i,i", whole, whole).dtype).toBe("int32");
  });
});

describe("convolutions", () => {
  test("of vectors agree with loops in every mode", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }), (n, m) => {
        const [x, y] = [draw([n]), draw([m], 2)];
        const term = (k: number) => sumOver([n], ([i]) => (k - i >= 0 && k - i < m ? x.data[i] * y.data[k - i] : 0));
        const full = nd([n + m - 1], ([k]) => term(k));
        expectClose(toNd(np.convolve(arr(x), arr(y))), full, 1e-12);
        const [longer, shorter] = [Math.max(n, m), Math.min(n, m)];
        const from = (shorter - 1) >> 1;
        expectClose(toNd(np.convolve(arr(x), arr(y), { mode: "same" })), nd([longer], ([k]) => full.data[k + from]), 1e-12);
        expectClose(toNd(np.convolve(arr(x), arr(y), { mode: "valid" })), nd([longer - shorter + 1], ([k]) => full.data[k + shorter - 1]), 1e-12);
        const turned = np.convolve(arr(x), np.flip(arr(y)));
        expectClose(toNd(np.correlate(arr(x), arr(y), { mode: "full" })), toNd(turned), 1e-12);
      }),
    );
  }); // prettier-ignore
  test("of images agree with loops over windows, with strides, padding, dilations and groups", () => {
    const layout = fc.record({
      size: fc.tuple(fc.integer({ min: 3, max: 5 }), fc.integer({ min: 3, max: 5 })),
      kernel: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 3 })),
      strides: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 3 })),
      low: fc.tuple(fc.integer({ min: -1, max: 2 }), fc.nat(1)),
      spread: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.constant(1)),
      dilation: fc.tuple(fc.integer({ min: 1, max: 2 }), fc.constant(1)),
      groups: fc.constantFrom(1, 2),
    });
    fc.assert(
      fc.property(layout, ({ size, kernel, strides, low, spread, dilation, groups }) => {
        const [x, w] = [draw([2, 4, ...size]), draw([2, 4 / groups, ...kernel], 2)];
        const got = toNd(lax.convGeneralDilated(arr(x), arr(w), {
          windowStrides: strides, padding: low.map((n) => [n, 1] as const), lhsDilation: spread, rhsDilation: dilation, featureGroupCount: groups,
        }));
        const input = (n: number, c: number, place: readonly number[]) => {
          const k = place.map((p, d) => (p - low[d]) / spread[d]);
          return k.every((p, d) => Number.isInteger(p) && p >= 0 && p < size[d]) ? at(x, [n, c, ...k]) : 0;
        };
        const want = nd(got.shape, ([n, o, ...place]) =>
          sumOver([4 / groups, ...kernel], ([c, ...k]) =>
            at(w, [o, c, ...k]) * input(n, c + Math.floor(o / (2 / groups)) * (4 / groups), place.map((p, d) => p * strides[d] + k[d] * dilation[d])),
          ),
        );
        const sizes = [0, 1].map((d) => Math.floor(((size[d] - 1) * spread[d] + 1 + low[d] + 1 - (kernel[d] - 1) * dilation[d] - 1) / strides[d]) + 1);
        expect(got.shape).toEqual([2, 2, ...sizes]);
        expectClose(got, want, 1e-12);
      }),
    );
  }); // prettier-ignore
  test("with SAME padding keep ceil(n / stride) places, whichever layout the letters give", () => {
    const [x, w] = [arr(draw([2, 3, 5, 6])), arr(draw([4, 3, 2, 3], 2))];
    const plain = lax.convGeneralDilated(x, w, { windowStrides: [2, 4], padding: "SAME" }); // prettier-ignore
    expect(plain.shape).toEqual([2, 4, 3, 2]);
    const last = lax.convGeneralDilated(np.moveaxis(x, 1, -1), np.transpose(w, [2, 3, 1, 0]), { windowStrides: [2, 4], padding: "SAME", dimensionNumbers: ["NHWC", "HWIO", "NHWC"] }); // prettier-ignore
    expectClose(toNd(np.moveaxis(last, -1, 1)), toNd(plain), 0);
  });
  test("patches times a kernel are a convolution", () => {
    const [x, w] = [arr(draw([2, 3, 5, 4])), arr(draw([4, 3, 2, 2], 2))];
    const patches = lax.convGeneralDilatedPatches(x, [2, 2]);
    const product = np.einsum("nphw,op->nohw", patches, np.reshape(w, [4, 12]));
    expectClose(toNd(product), toNd(lax.conv(x, w, [1, 1], "VALID")), 1e-12);
  });
  test("convTranspose with a turned kernel is the transpose of conv", () => {
    const [x, w, y] = [draw([1, 5, 6, 2]), draw([3, 2, 2, 4], 2), draw([1, 2, 3, 4], 3)]; // prettier-ignore
    const letters = ["NHWC", "HWIO", "NHWC"] as const;
    const forward = lax.convGeneralDilated(arr(x), arr(w), { windowStrides: [2, 2], dimensionNumbers: letters }); // prettier-ignore
    const back = lax.convTranspose(arr(y), arr(w), [2, 2], "VALID", { transposeKernel: true }); // prettier-ignore
    expect([forward.shape, back.shape]).toEqual([[1, 2, 3, 4], [1, 5, 6, 2]]); // prettier-ignore
    const [a, b] = [np.vdot(forward, arr(y)), np.vdot(arr(x), back)];
    expect(a.item()).toBeCloseTo(b.item(), 10);
  });
  test("reduceWindow folds each window, padding being neutral", () => {
    const x = draw([4, 5]);
    const fold = (f: (values: number[]) => number) =>
      nd([2, 5], ([i, j]) =>
        f([0, 1].flatMap((a) => [0, 1, 2].flatMap((b) => (j + b - 1 in [0, 1, 2, 3, 4] ? [at(x, [2 * i + a, j + b - 1])] : [])))),
      );
    const options = { windowDimensions: [2, 3], windowStrides: [2, 1], padding: "SAME" } as const;
    expectClose(toNd(lax.reduceWindow(arr(x), "max", options)), fold((v) => Math.max(...v)), 0);
    expectClose(toNd(lax.reduceWindow(arr(x), "min", options)), fold((v) => Math.min(...v)), 0);
    expectClose(toNd(lax.reduceWindow(arr(x), "add", options)), fold((v) => v.reduce((a, b) => a + b)), 1e-13);
    expectClose(toNd(lax.reduceWindow(arr(x), "mul", options)), fold((v) => v.reduce((a, b) => a * b)), 1e-13);
  }); // prettier-ignore
  test.each([
    ["channels", () => lax.conv(np.ones([1, 3, 4]), np.ones([2, 2, 2]), [1], "VALID"), /convGeneralDilated: .*2 input channels.*\[1,3,4\] and kernel \[2,2,2\]/],
    ["ranks", () => lax.conv(np.ones([1, 3, 4]), np.ones([2, 3]), [], "VALID"), /convGeneralDilated: .*\[1,3,4\] and \[2,3\]/],
    ["letters", () => lax.convGeneralDilated(np.ones([1, 3, 4]), np.ones([2, 3, 2]), { dimensionNumbers: ["NHC", "OIW", "NCW"] }), /letters.*NHC, OIW, NCW/],
    ["strides", () => lax.conv(np.ones([1, 3, 4]), np.ones([2, 3, 2]), [0], "VALID"), /positive strides.*\[0\]/],
    ["padding", () => lax.conv(np.ones([1, 3, 4]), np.ones([2, 3, 2]), [1], []), /padding|pair for each of 1 axes/],
    ["windows", () => lax.reduceWindow(np.ones([2, 2]), "max", { windowDimensions: [2] }), /reduceWindow: .*\[2,2\], got \[2\]/],
  ] as const)("refuse %s that do not fit, in a sentence", (_name, f, sentence) => {
    expect(f).toThrow(sentence);
  }); // prettier-ignore
});

describe("polynomials and lines", () => {
  test("polyval is Horner's rule, and the product's values are the values' product", () => {
    const [p, q, x] = [array([2, -1, 3]), array([1, 4]), array([-1, 0, 2])];
    expect(list(np.polyval(p, x))).toEqual([6, 3, 9]);
    expect(list(np.polyval(np.polymul(p, q), x))).toEqual(list(np.multiply(np.polyval(p, x), np.polyval(q, x)))); // prettier-ignore
    expect(list(np.polyadd(p, q))).toEqual([2, 0, 7]);
    expect(list(np.polysub(q, p))).toEqual([-2, 2, 1]);
    expect(list(np.polyder(np.polyint(p, 2), 2))).toEqual([2, -1, 3]);
    expect(list(np.polyder(p, 4))).toEqual([]);
  });
  test("interp joins the points by lines, flat outside or around a period", () => {
    const [xp, fp] = [array([0, 1, 3]), array([1, 2, -2])];
    expect(list(np.interp(array([-1, 0, 0.5, 2, 3, 4]), xp, fp))).toEqual([1, 1, 1.5, 0, -2, -2]); // prettier-ignore
    expect(list(np.interp(array([-1, 4]), xp, fp, { left: 7, right: 8 }))).toEqual([7, 8]); // prettier-ignore
    expect(list(np.interp(array([-0.5, 3.5, 4.5]), xp, fp, { period: 4 }))).toEqual([-0.5, -0.5, 1.5]); // prettier-ignore
  });
  test("functions of vectors and scalars apply to whole arrays", () => {
    const x = draw([2, 3, 4]);
    expectClose(toNd(np.applyAlongAxis((v) => np.sum(v), 1, arr(x))), toNd(np.sum(arr(x), { axis: 1 })), 0); // prettier-ignore
    expect(np.applyAlongAxis((v) => np.outer(v, v), 1, arr(x)).shape).toEqual([2, 3, 3, 4]); // prettier-ignore
    expect(np.applyOverAxes((v, axis) => np.sum(v, { axis }), arr(x), [0, 2]).shape).toEqual([1, 3, 1]); // prettier-ignore
    const dots = np.vectorize((a, b) => np.dot(a, b), { signature: "(n),(n)->()" }); // prettier-ignore
    expectClose(toNd(dots(arr(x), arr(draw([3, 4], 2)))), toNd(np.vecdot(arr(x), arr(draw([3, 4], 2)))), 1e-13); // prettier-ignore
  });
});

const laws: readonly Law[] = [
  ["einsum of three", (x, y, z) => np.einsum("ij,jk,k->i", x, y, z), [[2, 3], [3, 2], [2]]],
  ["einsum of a diagonal", (x, y) => np.einsum("iij,j->i", x, y), [[2, 2, 3], [3]]],
  ["einsum with an ellipsis", (x, y) => np.einsum("...i,ij->j...", x, y), [[2, 1, 3], [3, 2]]],
  ["matmul of stacks", (x, y) => np.matmul(x, y), [[2, 1, 2, 3], [2, 3, 2]]],
  ["kron", (x, y) => np.kron(x, y), [[2], [2, 3]]],
  ["cross", (x, y) => np.cross(x, y), [[2, 3], [2]]],
  ["tensordot", (x, y) => np.tensordot(x, y, [[1], [0]]), [[2, 3], [3, 2]]],
  ["vecdot", (x, y) => np.vecdot(x, y), [[2, 3], [3]]],
  ["convolve", (x, y) => np.convolve(x, y, { mode: "same" }), [[4], [3]]],
  ["correlate", (x, y) => np.correlate(x, y, { mode: "full" }), [[2], [3]]],
  ["polyval", (p, x) => np.polyval(p, x), [[3], [2]]],
  ["interp", (x, fp) => np.interp(np.multiply(x, 0.3), array([-1, 0, 2], { dtype: "int32" }), fp), [[3], [3]]],
  ["conv", (x, w) => lax.convGeneralDilated(x, w, { windowStrides: [2], padding: "SAME", rhsDilation: [2] }), [[1, 2, 5], [2, 2, 2]]],
  ["conv in groups", (x, w) => lax.convGeneralDilated(x, w, { featureGroupCount: 2, lhsDilation: [1, 2] }), [[1, 2, 2, 2], [2, 1, 2, 2]]],
  ["convTranspose", (x, w) => lax.convTranspose(x, w, [2], "SAME"), [[1, 3, 2], [2, 2, 1]]],
  ["reduceWindow max", (x) => lax.reduceWindow(x, "max", { windowDimensions: [2, 2], padding: "SAME" }), [[3, 3]]],
  ["reduceWindow mul", (x) => lax.reduceWindow(x, "mul", { windowDimensions: [1, 2] }), [[2, 3]]],
  ["applyAlongAxis", (x) => np.applyAlongAxis((v) => np.multiply(v, np.sum(v)), 0, x), [[2, 3]]],
]; // prettier-ignore

describe("every product", () => {
  test.each(laws)("%s is differentiable, batched and compiled", async (...law) => {
    await expectLaws(law);
  }); // prettier-ignore
});
