/** @file The compile cache: which programs share an executable, when it is freed, and how many a function keeps. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import {
  array,
  jit,
  jvp,
  makeJaxpr,
  numpy as np,
  scan,
  type JitOptions,
  type Value,
} from "../../src/ad/index.ts";
import type { CompileOptions } from "../../src/ad/backends/backend.ts";
import { onnxCpu } from "../../src/ad/backends/onnx/index.ts";
import { js } from "../../src/ad/backends/js/index.ts";
import { fingerprint } from "../../src/ad/jaxpr/fingerprint.ts";
import { printJaxpr } from "../../src/ad/jaxpr/print.ts";
import type { Program } from "../../src/ad/lowering/kernel.ts";
import { programs, setUp } from "./random-programs.cases.ts";

const one = { threads: 1 } as const;
const data = async (x: Value): Promise<number[]> => [...(await x.data())];

/** Executables compiled so far, those running or able to run, and the most there were at a time. */
const count = { compiled: 0, live: 0, most: 0 };
const compile = onnxCpu.compile.bind(onnxCpu);
const counted: typeof compile = async (program, options) => {
  count.compiled++;
  const executable = await compile(program, options);
  count.most = Math.max(count.most, ++count.live);
  return {
    ...executable,
    dispose() {
      count.live--;
      executable.dispose();
    },
  };
};
const spy = vi.spyOn(onnxCpu, "compile");
beforeEach(() => {
  Object.assign(count, { compiled: 0, live: 0, most: 0 });
  spy.mockImplementation(counted);
});
afterAll(() => spy.mockRestore());

const large = (fill: number) => array(new Float32Array(300).fill(fill));
const shared = large(1);
const sum = (body: (c: Value, x: Value) => Value) => (x: Value) =>
  scan((c: Value, y: Value) => [body(c, y), y], np.sum(x), x)[0];

type F = (x: Value) => Value;
/** Two functions, and options of the second where they differ from those of the first. */
const pairs: [title: string, equal: boolean, f: F, g: F, more?: JitOptions][] =
  [
    ["one function", true, np.tanh, np.tanh],
    ["closures of one text", true, (x) => np.add(x, 2), (x) => np.add(x, 2)],
    [
      "what the passes make equal",
      true,
      (x) => np.add(np.multiply(x, 1), 2),
      (x) => (np.tanh(x), np.add(x, 2)),
    ],
    [
      "small constants of equal elements",
      true,
      (x) => np.add(x, array([1, 2, 3])),
      (x) => np.add(x, array([1, 2, 3])),
    ],
    [
      "one large constant",
      true,
      (x) => np.add(np.sum(x), shared),
      (x) => np.add(np.sum(x), shared),
    ],
    [
      "loops of equal bodies",
      true,
      sum((c, x) => np.add(c, np.tanh(x))),
      sum((c, x) => np.add(c, np.tanh(x))),
    ],
    [
      "large constants of equal elements",
      false,
      (x) => np.add(np.sum(x), large(1)),
      (x) => np.add(np.sum(x), large(1)),
    ],
    ["other operations", false, np.tanh, np.exp],
    ["zeros of other signs written in", false, (x) => np.arctan2(x, 0), (x) => np.arctan2(x, -0)],
    ["other numbers", false, (x) => np.add(x, 2), (x) => np.add(x, 3)],
    [
      "zeros of other signs",
      false,
      (x) => np.divide(1, np.multiply(np.sum(x), array([0, 1]))),
      (x) => np.divide(1, np.multiply(np.sum(x), array([-0, 1]))),
    ],
    [
      "small constants of other elements",
      false,
      (x) => np.add(x, array([1, 2, 3])),
      (x) => np.add(x, array([1, 2, 4])),
    ],
    [
      "operands in another order",
      false,
      (x) => np.subtract(x, np.tanh(x)),
      (x) => np.subtract(np.tanh(x), x),
    ],
    [
      "axes of other places",
      false,
      (x) => np.sum(np.outer(x, np.exp(x)), { axis: 0 }),
      (x) => np.sum(np.outer(x, np.exp(x)), { axis: 1 }),
    ],
    [
      "loops of other bodies",
      false,
      sum((c, x) => np.add(c, np.tanh(x))),
      sum((c, x) => np.subtract(c, np.tanh(x))),
    ],
    ["other threads", false, np.tanh, np.tanh, { threads: 2 }],
    [
      "another precision",
      false,
      (x) => np.matmul(x, np.ones([3, 3])),
      (x) => np.matmul(x, np.ones([3, 3])),
      { precision: "int8" },
    ],
    [
      "a symbolic axis",
      false,
      np.tanh,
      np.tanh,
      { symbolicShapes: ["n"] },
    ],
  ]; // prettier-ignore

describe("two jitted functions", () => {
  test.each(pairs)(
    "of %s share an executable: %s",
    async (_title, equal, f, g, more) => {
      const x = array([0.5, -1, 2]);
      const both = [jit(f, one), jit(g, { ...one, ...more })];
      const got = await Promise.all(both.map((h) => data(h(x))));
      const exact = more?.precision === "int8" ? 1 : 5;
      for (const [i, h] of [f, g].entries())
        (await data(h(x))).forEach((want, k) =>
          expect(got[i][k]).toBeCloseTo(want, exact),
        );
      expect(count.compiled).toBe(equal ? 1 : 2);
      await Promise.all(both.map((h) => h.dispose()));
      expect(count.live).toBe(0);
    },
  );

  test("of equal programs at other types or on other devices do not share", async () => {
    const other = vi.spyOn(js, "compile");
    const f = jit(np.tanh, one);
    const g = jit(np.tanh, { ...one, device: "js" });
    for (const x of [
      array([1]),
      array([1, 2]),
      array([1], { dtype: "float64" }),
    ]) {
      expect(await data(f(x))).toHaveLength(x.size);
      expect(await data(g(x))).toHaveLength(x.size);
    }
    expect(count.compiled).toBe(3);
    expect(other.mock.calls.length).toBeGreaterThanOrEqual(3);
    other.mockRestore();
    await f.dispose();
  });

  test("that share keep the executable until both were disposed of", async () => {
    const [f, g] = [jit(np.exp, one), jit(np.exp, one)];
    await Promise.all([data(f(array([0]))), data(g(array([1])))]);
    expect(count).toEqual({ compiled: 1, live: 1, most: 1 });
    await f.dispose();
    expect(count.live).toBe(1);
    expect(await data(g(array([0])))).toEqual([1]);
    expect(await data(f(array([0])))).toEqual([1]);
    expect(count.compiled).toBe(1);
    await Promise.all([f.dispose(), g.dispose(), g.dispose()]);
    expect(count.live).toBe(0);
    expect(await data(g(array([0])))).toEqual([1]);
    expect(count.compiled).toBe(2);
    await g.dispose();
  });

  test("that share both fail where the compilation fails, and compile again", async () => {
    spy.mockImplementationOnce(() => Promise.reject(new Error("no memory")));
    const [f, g] = [jit(np.sinh, one), jit(np.sinh, one)];
    const failed = [f(array([0])), g(array([0]))];
    for (const x of failed) await expect(x.data()).rejects.toThrow("no memory");
    expect(await data(f(array([0])))).toEqual([0]);
    expect(await data(g(array([0])))).toEqual([0]);
    await Promise.all([f.dispose(), g.dispose()]);
    expect(count.live).toBe(0);
  });
});

describe("a program that a device cannot compile", () => {
  const kinds = (program: Program): string[] =>
    program.kernels.flatMap((kernel) =>
      kernel.kind === "loop" ? kinds(kernel.body) : [kernel.kind],
    );
  /** A runtime that has no kernel for running sums, and says so in its own words. */
  const lacking = (program: Program, options: CompileOptions) =>
    kinds(program).includes("cumsum")
      ? Promise.reject(new Error("NOT_IMPLEMENTED : CumSum(14)\nat node 7"))
      : compile(program, options);

  test.each<[string, F]>([
    ["at the top", (x) => np.tanh(np.cumsum(np.exp(x)))],
    ["in a loop", (x) => scan((c: Value, y: Value) => [np.add(c, np.sum(np.cumsum(np.multiply(y, x)))), null] as never, np.sum(x), x)[0]],
  ])("is refused by the name of the primitive: %s", async (_where, f) => {
    spy.mockImplementation(lacking);
    const g = jit(f, one);
    await expect(g(array([1, 2])).data()).rejects.toThrow(
      "jit: device cpu cannot compile cumsum of f32[2] (NOT_IMPLEMENTED : CumSum(14)); keep it out of the jitted function, or compile that for device js",
    );
    spy.mockImplementation(counted);
    expect((await data(g(array([0, 0])))).every(Number.isFinite)).toBe(true);
    await g.dispose();
  }); // prettier-ignore

  test("gets the device's own reason where no primitive is at fault", async () => {
    spy.mockImplementation(() => Promise.reject(new Error("no driver")));
    const g = jit(np.cumsum, one);
    await expect(g(array([1, 2])).data()).rejects.toThrow(/^no driver$/);
    spy.mockImplementation(counted);
    await g.dispose();
  });
});

test("a function nobody refers to takes its executables with it", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const call = async () => data(jit(np.cosh, one)(array([0])));
  await call();
  await vi.waitFor(async () => {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await call()).toEqual([1]);
    expect(count.compiled).toBe(2);
  });
});

describe("a function called with many shapes", () => {
  const sizes = Array.from({ length: 100 }, (_, i) => i + 1);
  const ones = (n: number) => array(new Float32Array(n).fill(1));

  test("keeps 64 programs and compiles what it gave up again", async () => {
    const f = jit((x: Value) => np.sum(x), one);
    for (const n of sizes) expect(await data(f(ones(n)))).toEqual([n]);
    await vi.waitFor(() => expect(count.live).toBe(64));
    expect(count.most).toBeLessThanOrEqual(65);
    // The one used last is kept, the one used first is not.
    expect(await data(f(ones(100)))).toEqual([100]);
    expect(count.compiled).toBe(100);
    expect(await data(f(ones(1)))).toEqual([1]);
    expect(count.compiled).toBe(101);
    await f.dispose();
    expect(count.live).toBe(0);
  });

  test("gives up a program that calls under way need only after them", async () => {
    const f = jit((x: Value) => np.sum(np.exp(x)), one);
    const results = sizes.map((n) => f(array(new Float32Array(n))));
    expect(await Promise.all(results.map(data))).toEqual(sizes.map((n) => [n]));
    await vi.waitFor(() => expect(count.live).toBe(64));
    const last = f(ones(2));
    await f.dispose();
    expect(count.live).toBe(0);
    expect((await data(last))[0]).toBeCloseTo(2 * Math.E, 5);
  });
});

describe("the fingerprint of a random program", () => {
  const closed = ([steps, shape, seed]: Parameters<typeof setUp>) => {
    const { f, args, directions } = setUp(steps, shape, seed);
    return makeJaxpr((x: Value, y: Value) => jvp(f, [x, y], directions))(
      ...args,
    );
  };

  test("is that of the same program traced again, and of no program that is printed differently", () => {
    let different = 0;
    fc.assert(
      fc.property(
        programs,
        fc.nat({ max: 7 }),
        fc.constantFrom("op", "a", "b", "k"),
        ([steps, shape, seed], at, field) => {
          const changed = steps.map((step, i) =>
            i === at % steps.length
              ? { ...step, [field]: (step[field] + 1) % 12 }
              : step,
          );
          const [one, same, other] = [steps, steps, changed].map((s) =>
            closed([s, shape, seed]),
          );
          expect(fingerprint(same)).toBe(fingerprint(one));
          const isSame = printJaxpr(one.jaxpr) === printJaxpr(other.jaxpr);
          expect(fingerprint(other) === fingerprint(one)).toBe(isSame);
          if (!isSame) different++;
        },
      ),
      { numRuns: 300 },
    );
    expect(different).toBeGreaterThan(100);
  });

  test("tells a constant from an argument", () => {
    const empty = array([]);
    const { jaxpr } = makeJaxpr((x: Value, y: Value) => [x, y])(empty, empty);
    const prints = [[], [empty], [empty, empty]].map((consts) =>
      fingerprint({ jaxpr, consts }),
    );
    expect(new Set(prints).size).toBe(3);
  });
});
