/** @file jit: when it compiles, how pending arrays behave, what goes wrong where, symbolic sizes, and precision. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  array,
  jit,
  jvp,
  makeJaxpr,
  numpy as np,
  scan,
  vmap,
  type Array as Arr,
  type JitOptions,
  type Value,
} from "../../src/ad/index.ts";
import { fillNd, random, toArray } from "./naive.cases.ts";

const data = async (x: Value): Promise<number[]> => [
  ...(await (x as Arr).data()),
];
const one = { threads: 1 } as const;

const unhandled: unknown[] = [];
const note = (reason: unknown) => void unhandled.push(reason);
beforeAll(() => void process.on("unhandledRejection", note));
afterAll(() => void process.off("unhandledRejection", note));
const settle = () => new Promise((resolve) => setTimeout(resolve, 50));

describe("compiling", () => {
  test("happens once for each structure, shape and dtype of the arguments", async () => {
    let traces = 0;
    const f = jit((t: { x: Value; y?: Value }) => {
      traces++;
      return np.multiply(t.x, 2);
    }, one);
    const calls: [{ x: Value; y?: Value }, number][] = [
      [{ x: array([1, 2]) }, 1],
      [{ x: array([3, 4]) }, 1],
      [{ x: array([1, 2, 3]) }, 2],
      [{ x: array([1, 2], { dtype: "int32" }) }, 3],
      [{ x: array([[1, 2]]) }, 4],
      [{ x: array([1, 2]), y: array(0) }, 5],
      [{ x: array([9, 9]) }, 5],
    ];
    for (const [args, want] of calls) {
      await data(f(args));
      expect(traces).toBe(want);
    }
    await f.dispose();
    expect(await data(f({ x: array([5, 6]) }))).toEqual([10, 12]);
    expect(traces).toBe(6);
    await f.dispose();
  });

  test("is skipped under vmap, jvp and makeJaxpr, which see through the function", () => {
    const f = jit((x: Value) => np.tanh(x));
    const names = (g: (x: Value) => unknown, x: Value) =>
      makeJaxpr(g)(x).jaxpr.eqns.map((e) => e.primitive.name);
    expect(names((x) => f(f(x)), array([1]))).toEqual(["tanh", "tanh"]);
    const [out, tangent] = jvp((x: Value) => f(x), [array([0])], [array([2])]);
    expect([(out as Arr).item(), (tangent as Arr).item()]).toEqual([0, 2]);
    const rows = vmap((x: Value) => np.sum(f(x)))(
      array([
        [0, 0],
        [40, 40],
      ]),
    );
    expect([...(rows as Arr).dataSync()]).toEqual([0, 2]);
  });

  test("takes numbers and booleans as arguments and gives trees back", async () => {
    const f = jit(
      (x: Value, flag: Value) => ({
        a: [np.add(x, 1)],
        b: np.where(flag, 1, 2),
        none: null,
      }),
      one,
    );
    const out = f(3 as never, true as never);
    expect(out.none).toBeNull();
    expect([await data(out.a[0]), await data(out.b)]).toEqual([[4], [1]]);
    await f.dispose();
  });

  test("keeps closed-over arrays, views into larger buffers and pending ones included", async () => {
    const whole = Float32Array.from({ length: 1200 }, (_, i) => i);
    const small = array(whole.subarray(7, 9));
    const large = array(whole.subarray(100, 700));
    const pending = jit((x: Value) => np.multiply(x, 10), one)(array([1, 2]));
    const f = jit(
      (x: Value) => [
        np.add(x, small),
        np.add(large, np.sum(x)),
        np.add(x, pending),
      ],
      one,
    );
    const [a, b, c] = await Promise.all(
      f(array(whole.subarray(1, 3))).map(data),
    );
    expect(a).toEqual([8, 10]);
    expect(b).toEqual([...whole.subarray(100, 700)].map((v) => v + 3));
    expect(c).toEqual([11, 22]);
    await f.dispose();
  });

  test.each([0, 1, 2])(
    "with threads %i gives the same product",
    async (threads) => {
      const x = toArray(
        fillNd([64, 64], "float32", "any", random(3)),
        "float32",
      );
      const want = np.matmul(x, x) as Arr;
      const f = jit((a: Value) => np.matmul(a, a), { threads });
      (await data(f(x))).forEach((v, i) =>
        expect(v).toBeCloseTo(want.dataSync()[i], 3),
      );
      await f.dispose();
    },
  );

  test("gives bool and integer results in their own typed arrays", async () => {
    const f = jit(
      (x: Value) => [
        np.less(x, 2),
        np.astype(x, "int32"),
        np.astype(x, "uint32"),
        np.argmax(x, 0),
      ],
      one,
    );
    const out = f(array([1, 3, 2]));
    const buffers = await Promise.all(out.map((x) => (x as Arr).data()));
    expect(out.map((x) => x.dtype)).toEqual([
      "bool",
      "int32",
      "uint32",
      "int32",
    ]);
    expect(buffers).toEqual([
      Uint8Array.of(1, 0, 0),
      Int32Array.of(1, 3, 2),
      Uint32Array.of(1, 3, 2),
      Int32Array.of(1),
    ]);
    await f.dispose();
  });

  test("of a function that returns its argument or a constant gives them back", async () => {
    const k = array([4]);
    const f = jit((x: Value) => [x, x, k, 5 as never], one);
    expect(await Promise.all(f(array([1, 2])).map(data))).toEqual([
      [1, 2],
      [1, 2],
      [4],
      [5],
    ]);
    await f.dispose();
  });

  test("refuses a function that closes over another transform's tracer", () => {
    expect(() =>
      vmap((x: Value) => jit((y: Value) => np.add(x, y), one)(array([1])))(
        array([[1], [2]]),
      ),
    ).toThrow(
      "jit: a traced value was closed over; pass it as an argument instead",
    );
  });
});

describe("pending arrays", () => {
  test("know their type at once, defer eager work, and are read when awaited", async () => {
    const f = jit((x: Value) => np.multiply(x, x), one);
    const y = f(array([1, 2, 3])) as Arr;
    expect([y.shape, y.dtype, y.ready]).toEqual([[3], "float32", null]);
    expect(() => y.dataSync()).toThrow(
      "dataSync: the elements of this f32[3] are still being computed; use await x.data()",
    );
    const total = np.sum(np.add(y, f(y))) as Arr;
    expect([total.shape, total.ready]).toEqual([[], null]);
    expect(await data(total)).toEqual([1 + 1 + 4 + 16 + 9 + 81]);
    expect(total.item()).toBe(112);
    await f.dispose();
  });

  test("type errors on pending arrays are thrown at once", () => {
    const y = jit((x: Value) => x, one)(array([1, 2, 3]));
    expect(() => np.add(y, array([1, 2]))).toThrow(
      "add: shapes [3] and [2] do not broadcast at axis -1",
    );
  });

  test("an error in compiled code rejects data() of every result and of what was made from them", async () => {
    const f = jit(
      (x: Value, i: Value) => [np.take(x, i), np.multiply(x, 2)],
      one,
    );
    const [rows, doubled] = f(array([1, 2]), array([5], { dtype: "int32" }));
    const later = np.sum(np.add(rows, 1)) as Arr;
    await settle();
    await expect((rows as Arr).data()).rejects.toThrow(/5/);
    await expect((doubled as Arr).data()).rejects.toThrow();
    await expect(later.data()).rejects.toThrow(/5/);
    expect(
      await data(f(array([1, 2]), array([-1], { dtype: "int32" }))[0]),
    ).toEqual([2]);
    await f.dispose();
  });

  test("an eager gather out of range is thrown at once and names the range", () => {
    expect(() =>
      np.take(array([1, 2]), array([2], { dtype: "int32" })),
    ).toThrow("take: expected an index in -2..1 at axis 0, got 2");
  });

  test("dispose frees what was compiled, twice over, while a call is still under way", async () => {
    const f = jit((x: Value) => np.exp(x), one);
    const y = f(array([0]));
    await Promise.all([data(y), f.dispose()]);
    await f.dispose();
    expect(await data(f(array([0])))).toEqual([1]);
    await f.dispose();
  });

  test("nothing that failed above became an unhandled rejection", async () => {
    const nothing = jit((_x: Value) => null, one);
    expect(nothing(array([1]))).toBeNull();
    await settle();
    await settle();
    await nothing.dispose().catch(() => undefined);
    await settle();
    expect(unhandled).toEqual([]);
  });
});

describe("symbolic shapes", () => {
  const step = (w: Value) => (c: Value, x: Value) => {
    const next = np.tanh(np.add(np.matmul(c, w), x));
    return [next, np.sum(next, { axis: 1 })] as [Value, Value];
  };
  const w = toArray(fillNd([3, 3], "float32", "any", random(1)), "float32");
  const f = (c: Value, xs: { x: Value }) =>
    scan((s: Value, t: { x: Value }) => step(w)(s, t.x), c, xs);

  test("one compilation serves any number of steps and lanes", async () => {
    let traces = 0;
    const compiled = jit((c: Value, xs: { x: Value }) => (traces++, f(c, xs)), {
      ...one,
      symbolicShapes: ["lanes, ...", { x: "steps, lanes, _" }],
    });
    for (const [steps, lanes] of [
      [4, 2],
      [1, 1],
      [7, 5],
      [2, 2],
      [3, 1],
    ]) {
      const c = toArray(
        fillNd([lanes, 3], "float32", "any", random(lanes)),
        "float32",
      );
      const x = toArray(
        fillNd([steps, lanes, 3], "float32", "any", random(steps)),
        "float32",
      );
      const want = f(c, { x });
      const got = compiled(c, { x });
      for (const k of [0, 1]) {
        expect(got[k].shape).toEqual(want[k].shape);
        const values = (want[k] as Arr).dataSync();
        (await data(got[k])).forEach((v, i) =>
          expect(v).toBeCloseTo(values[i], 5),
        );
      }
    }
    // Two traces at different sizes prove that nothing else depends on them.
    expect(traces).toBe(2);
    await compiled.dispose();
  });

  const x23 = array([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  const refused: [string, (x: Value) => Value, string][] = [
    [
      "a mean over the symbolic axis",
      (x) => np.mean(x, { axis: 0 }),
      "computes with the size of a symbolic axis (n)",
    ],
    [
      "a product with the size",
      (x) => np.multiply(x, x.shape[0]),
      "computes with the size of a symbolic axis (n)",
    ],
    [
      "a sum with half the size added",
      (x) => np.add(x, x.shape[0] + 0.5),
      "computes with the size of a symbolic axis (n)",
    ],
    [
      "the size as a closed-over constant",
      (x) => np.add(x, array([[x.shape[0]]])),
      "computes with the size of a symbolic axis (n)",
    ],
    [
      "merging the axis with another",
      (x) => np.reshape(x, [-1]),
      "computes with the size of a symbolic axis (n)",
    ],
    [
      "joining the axis with itself",
      (x) => np.concatenate([x, x]),
      "computes with the size of a symbolic axis (n)",
    ],
  ];
  test.each(refused)("%s is refused", (_title, g, sentence) => {
    expect(() => jit(g, { ...one, symbolicShapes: ["n, _"] })(x23)).toThrow(
      sentence,
    );
  });

  const kept: [string, (x: Value) => Value][] = [
    ["a mean over a fixed axis", (x) => np.mean(x, { axis: 1 })],
    [
      "a mean by counting ones",
      (x) => np.divide(np.sum(x, { axis: 0 }), np.sum(np.ones([x.shape[0]]))),
    ],
    [
      "constants made anew in every trace",
      (x) => np.add(np.multiply(x, array([[2, 3, 4]])), 0.5),
    ],
    [
      "transposing, splitting and joining other axes",
      (x) => np.concatenate(np.split(np.transpose(x), 3, 0), 0),
    ],
    [
      "an index along the axis",
      (x) =>
        np.add(
          np.astype(np.expandDims(np.arange(x.shape[0]), 1), "float32"),
          x,
        ),
    ],
  ];
  test.each(kept)("%s is accepted", async (_title, g) => {
    const compiled = jit(g, { ...one, symbolicShapes: ["n, _"] });
    for (const n of [2, 1, 4]) {
      const x = toArray(fillNd([n, 3], "float32", "any", random(n)), "float32");
      const want = g(x) as Arr;
      const got = compiled(x);
      expect(got.shape).toEqual(want.shape);
      (await data(got)).forEach((v, i) =>
        expect(v).toBeCloseTo(want.dataSync()[i], 5),
      );
    }
    await compiled.dispose();
  });

  test.each<[string, JitOptions["symbolicShapes"], Value[]]>([
    [
      "symbolic size n is 2 and 3 in one call, at f32[3]",
      ["n, _", "n"],
      [x23, array([1, 2, 3])],
    ],
    [
      'expected a word for each axis of f32[2,3] or a final "...", got "n"',
      ["n"],
      [x23],
    ],
    [
      'expected a word for each axis of f32[2,3] or a final "...", got "n, m, k"',
      ["n, m, k"],
      [x23],
    ],
    [
      "expected at most 4 symbolic sizes, got a, b, c, d, e",
      ["a, b", "c, d", "e, _"],
      [x23, x23, x23],
    ],
    ["jit symbolicShapes: expected a prefix of [*], got", ["n, _", "n"], [x23]],
  ])("%s", (sentence, symbolicShapes, args) => {
    const add = (...xs: Value[]) => xs.map((x) => np.multiply(x, 2));
    expect(() =>
      jit(add, {
        ...one,
        symbolicShapes: symbolicShapes as readonly unknown[],
      })(...args),
    ).toThrow(sentence);
  });
});

describe("precision", () => {
  test("int8 products with a closed-over matrix stay close to float32", async () => {
    const w = toArray(
      fillNd([128, 96], "float32", "any", random(1)),
      "float32",
    );
    const x = toArray(
      fillNd([16, 128], "float32", "any", random(2)),
      "float32",
    );
    const want = (np.matmul(x, w) as Arr).dataSync();
    const f = jit((a: Value) => np.matmul(a, w), { ...one, precision: "int8" });
    const got = await data(f(x));
    let [dot, a, b] = [0, 0, 0];
    got.forEach((v, i) => {
      dot += v * want[i];
      a += v * v;
      b += want[i] ** 2;
    });
    expect(dot / Math.sqrt(a * b)).toBeGreaterThan(0.999);
    expect(got.some((v, i) => v !== want[i])).toBe(true);
    await f.dispose();
  });

  test("int8 is refused where it would not be used", () => {
    expect(() =>
      jit((x: Value) => x, { device: "js", precision: "int8" }),
    ).toThrow("jit: precision int8 needs device cpu, got js");
  });

  test("compiled code flushes denormals", async () => {
    const f = jit((x: Value) => np.multiply(x, 1e-20), one);
    expect(await data(f(array([1e-20, 1])))).toEqual([0, Math.fround(1e-20)]);
    await f.dispose();
  });
});
