/** @file The tfjs device beyond the conformance suite: edges of dtypes, memory, residency, installations. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import * as tfjsCore from "@tensorflow/tfjs-core";
import { beforeAll, describe, expect, test } from "vitest";
import { findTfjs, installation } from "../../src/ad/backends/tfjs/load.ts";
import { bitAnd, bitOr, bitXor } from "../../src/ad/backends/tfjs/integers.ts";
import type { Tf } from "../../src/ad/backends/tfjs/tf.ts";
import {
  array,
  cond,
  grad,
  jit,
  numpy as np,
  random,
  scan,
  vmap,
  whileLoop,
  type Array as Arr,
  type DType,
  type Value,
} from "../../src/ad/index.ts";
import {
  mlstmCell,
  normalizeWeights,
  project,
} from "../../src/unirep/mlstm.ts";
import { primitives, type Primitive } from "../../src/ad/primitive.ts";
import { expectClose, toNd, toNdAsync } from "./naive.cases.ts";

let tf: Tf;
beforeAll(async () => {
  // It would print an advertisement.
  tfjsCore.env().set("PROD", true);
  ({ tf } = await installation());
});
const count = () => tfjsCore.memory().numTensors;

const bind =
  (name: string, params: object = {}) =>
  (...xs: Value[]): Value =>
    (primitives().get(name) as Primitive<unknown>).bind(xs, params)[0];

const [low, high, top] = [-(2 ** 31), 2 ** 31 - 1, 2 ** 32 - 1];
const edges: Partial<Record<DType, readonly number[]>> = {
  int32: [0, 1, -1, 2, 3, -7, 31, 32, 33, 65535, 65536, -65537, 2 ** 30, 123456789, -987654321, low, low + 1, high], // prettier-ignore
  uint32: [0, 1, 2, 3, 7, 31, 32, 65535, 65536, 65537, 123456789, high, 2 ** 31, 2 ** 31 + 1, 3123456789, top - 1, top], // prettier-ignore
  float32: [0, -0, 1, -1, 0.5, 1.5, -2.5, 3, 1e-20, -1e20, 1e38, 16777217, Infinity, -Infinity, NaN], // prettier-ignore
  bool: [0, 1],
};
const pairsOf = (dtype: DType): Arr[] => {
  const values = edges[dtype] as readonly number[];
  const make = (f: (x: number, y: number) => number) =>
    array(
      values.flatMap((x) => values.map((y) => f(x, y))),
      { dtype },
    );
  return [make((x) => x), make((_, y) => y)];
};

const binary: Partial<Record<DType, readonly string[]>> = {
  int32: ["add", "sub", "mul", "div", "rem", "pow", "max", "min", "and", "or", "xor", "shiftLeft", "shiftRightLogical", "shiftRightArithmetic", "eq", "lt", "le"], // prettier-ignore
  uint32: ["add", "sub", "mul", "div", "rem", "pow", "max", "min", "and", "or", "xor", "shiftLeft", "shiftRightLogical", "shiftRightArithmetic", "eq", "lt", "le"], // prettier-ignore
  float32: ["add", "sub", "mul", "div", "rem", "pow", "max", "min", "atan2", "eq", "lt", "le"], // prettier-ignore
  bool: ["and", "or", "xor", "eq", "lt", "le"],
};
const unary: Partial<Record<DType, readonly string[]>> = {
  int32: ["neg", "abs", "sign", "not"],
  uint32: ["neg", "abs", "sign", "not"],
  float32: ["neg", "abs", "sign", "exp", "log", "tanh", "logistic", "sqrt", "sin", "asin", "atan", "sinh", "cosh", "asinh", "acosh", "atanh", "log1p", "expm1", "cbrt", "erf", "erfc", "floor", "ceil", "round"], // prettier-ignore
  bool: ["not"],
};
const dtypes = ["int32", "uint32", "float32", "bool"] as const;

/** A float32 result is one rounding an operation away from the reference, which computes in float64. */
const close = (got: number, want: number): boolean =>
  Object.is(got, want) ||
  (Number.isFinite(want) &&
    Math.abs(got - want) <= 2e-6 * Math.max(1e-30, Math.abs(want)));

async function agree(
  f: (...xs: Value[]) => Value,
  args: readonly Arr[],
): Promise<void> {
  const [compiled, reference] = (["tfjs", "js"] as const).map((device) =>
    jit(f, { device }),
  );
  const want = reference(...args) as Arr;
  const got = compiled(...args) as Arr;
  expect(got.type).toEqual(want.type);
  const elements = await got.data();
  want.dataSync().forEach((w, i) => {
    const operands = args.map((x) => x.dataSync()[i]);
    if (!close(elements[i], w))
      expect.fail(`of ${operands.join(", ")}: got ${elements[i]}, want ${w}`);
  });
  await compiled.dispose();
}

describe("at the edges of a dtype it agrees with the reference in", () => {
  const rows = dtypes.flatMap((dtype) =>
    (binary[dtype] ?? []).map((name) => ({ name, dtype })),
  );
  test.each(rows)("$name of every pair of $dtype", async ({ name, dtype }) => {
    await agree(bind(name), pairsOf(dtype));
  });

  const singles = dtypes.flatMap((dtype) =>
    (unary[dtype] ?? []).map((name) => ({ name, dtype })),
  );
  test.each(singles)("$name of $dtype", async ({ name, dtype }) => {
    await agree(bind(name), [
      array([...(edges[dtype] as readonly number[])], { dtype }),
    ]);
  });

  const conversions = dtypes.flatMap((from) =>
    dtypes.map((dtype) => ({ from, dtype })),
  );
  test.each(conversions)("$from as $dtype", async ({ from, dtype }) => {
    const fits = (x: number) =>
      dtype === "bool" || from !== "float32"
        ? true
        : dtype === "int32"
          ? Math.abs(x) < 2 ** 31
          : dtype === "uint32"
            ? x > -1 && x < 2 ** 32
            : true;
    const values = [...(edges[from] as readonly number[]), ...(from === "float32" ? [2 ** 31, 3e9, 4294967040] : [])]; // prettier-ignore
    await agree(bind("convert", { dtype }), [
      array(values.filter(fits), { dtype: from }),
    ]);
  });

  test("an int32 made float32 keeps no digit float32 has not", async () => {
    const f = (x: Value) => np.subtract(np.astype(x, "float32"), 16777216);
    await agree(f, [array([16777217, 16777219], { dtype: "int32" })]);
  });

  test("sums, products, extremes and orders of integers wrap and compare as their dtype does", async () => {
    for (const dtype of ["int32", "uint32"] as const) {
      const x = array([...(edges[dtype] as readonly number[])], { dtype });
      for (const [name, params] of [
        ["sum", { axes: [0] }],
        ["reduceProd", { axes: [0] }],
        ["reduceMax", { axes: [0] }],
        ["reduceMin", { axes: [0] }],
        ["argmax", { axis: 0 }],
        ["argmin", { axis: 0 }],
        ["cumsum", { axis: 0, reverse: true }],
      ] as const)
        await agree(bind(name, params), [x]);
      await agree((v) => np.sort(v), [x]);
      await agree((v) => np.argsort(v), [x]);
    }
  });

  test("a sum of more integers than a double adds exactly wraps", async () => {
    const n = 2 ** 21 + 5;
    const sum = jit((x: Value) => np.sum(x), { device: "tfjs" });
    const x = array(new Int32Array(n).fill(high));
    const want = Number(BigInt.asIntN(32, BigInt(n) * BigInt(high)));
    expect([...(await (sum(x) as Arr).data())]).toEqual([want]);
  });

  test("bits are joined by tables where the backend has no kernel for them", async () => {
    const without = { ...tf, getKernel: () => undefined };
    const [x, y] = pairsOf("int32").map((v) => v.dataSync());
    for (const [joined, want] of [
      [bitAnd, (a: number, b: number) => a & b],
      [bitOr, (a: number, b: number) => a | b],
      [bitXor, (a: number, b: number) => a ^ b],
    ] as const) {
      const [a, b] = [x, y].map((v) => tf.tensor(v, [v.length], "int32"));
      const got = await joined(without, a, b).data();
      expect([...got]).toEqual([...x].map((v, i) => want(v, y[i])));
    }
  });
});

test.each<[string, (x: Value) => Value]>([
  ["transpose", (x) => np.transpose(x, [7, 2, 0, 1, 6, 4, 5, 3])],
  ["broadcast", (x) => np.broadcastTo(x, [2, 2, 1, 2, 2, 1, 2, 2, 2])],
  ["flip", (x) => np.flip(x, [0, 3, 7])],
  ["sum", (x) => np.sum(x, { axis: [0, 2, 5, 7] })],
  ["pad", (x) => np.pad(x, [[1, 0], [0, 0], [0, 2], [0, 0], [1, 1], [0, 0], [0, 0], [0, 1]])], // prettier-ignore
  ["argmax", (x) => np.argmax(x, 3)],
  ["sort", (x) => np.sort(x, { axis: 4 })],
])("%s takes eight axes", async (_name, f) => {
  const x = array(Float32Array.from({ length: 64 }, (_, i) => (i * 37) % 64), { shape: [2, 1, 2, 2, 1, 2, 2, 2] }); // prettier-ignore
  await agree(f, [x]);
});

/** A loop with rows and a carry, a branch, a while loop, rows gathered, a constant. */
function everything(x: Value, index: Value): Value {
  const [carry, ys] = scan(
    (c: Value, row: Value) => {
      const next = np.tanh(np.add(np.multiply(c, 0.5), row));
      return [next, np.sum(next)] as const;
    },
    np.zeros([3]),
    x,
  );
  const chosen = cond(
    np.greater(np.sum(x), 0),
    (v: Value) => np.multiply(v, array([1, 2, 3])),
    (v: Value) => np.negative(v),
    carry,
  );
  const grown = whileLoop(
    (v: Value) => np.less(np.sum(v), 10),
    (v: Value) => np.add(v, 1),
    chosen,
  );
  const rows = np.take(x, index, 0);
  return np.add(np.sum(np.multiply(rows, grown)), np.sum(ys));
}
const x = array([[0.5, -1, 2], [1, 0.25, -0.5], [0, 3, 1], [0.1, 0.2, 0.3]]); // prettier-ignore
const index = array([3, 0, 0, -2], { dtype: "int32" });

describe("memory", () => {
  test("is flat over calls, whose results are freed by delete", async () => {
    const f = jit(everything, { device: "tfjs" });
    const [want] = (everything(x, index) as Arr).dataSync();
    const before: number[] = [];
    for (let i = 0; i < 4; i++) {
      const out = f(x, index) as Arr;
      expect((await out.data())[0]).toBeCloseTo(want, 4);
      out.delete();
      await Promise.resolve();
      before.push(count());
    }
    expect(before.slice(1)).toEqual(Array(3).fill(before[0]));
    await f.dispose();
    expect(count()).toBeLessThan(before[0]);
  });

  test("is flat when a kernel fails in the middle of a loop", async () => {
    const f = jit(
      (v: Value, at: Value) =>
        scan(
          (c: Value, i: Value) => {
            const row = np.multiply(np.take(v, i, 0), 2);
            return [np.add(c, row), row] as const;
          },
          np.zeros([3]),
          at,
        ),
      { device: "tfjs" },
    );
    const good = f(x, index);
    await (good[1] as Arr).data();
    const held = count();
    for (const wrong of [
      [0, 1, 7, 2],
      [-9, 0, 0, 0],
    ]) {
      const [carry] = f(x, array(wrong, { dtype: "int32" }));
      const at = wrong.find((i) => i > 3 || i < -4);
      await expect((carry as Arr).data()).rejects.toThrow(
        new RangeError(`gather: expected an index in -4..3, got ${at}`),
      );
      expect(count()).toBe(held);
    }
    await f.dispose();
  });

  test("of results nothing refers to is freed by the garbage collector", async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const f = jit((v: Value) => np.multiply(v, 2), { device: "tfjs" });
    const make = async (n: number) => {
      for (let i = 0; i < n; i++) await (f(x) as Arr).data();
    };
    await make(1);
    const held = count();
    await make(50);
    const later = async () => {
      collect();
      await new Promise((resolve) => setTimeout(resolve, 10));
      return count();
    };
    await expect.poll(later).toBeLessThanOrEqual(held);
    await f.dispose();
  });

  test("of the user's own tensors stays, and their tidy frees nothing of ours", async () => {
    const own = tfjsCore.tensor([1, 2]);
    const f = jit((v: Value) => np.add(v, array([1, 1, 1])), {
      device: "tfjs",
    });
    const first = f(x) as Arr;
    await first.data();
    let out = first;
    tfjsCore.tidy(() => {
      out = f(x) as Arr;
    });
    expect(toNd(first)).toEqual(await toNdAsync(out));
    expect([...(await own.data())]).toEqual([1, 2]);
    own.dispose();
    await f.dispose();
  });
});

describe("results stay on the device", () => {
  test("and are used there by the next call, without a copy on the host", async () => {
    const f = jit((v: Value) => np.multiply(v, 2), { device: "tfjs" });
    const once = f(x) as Arr;
    const twice = f(once) as Arr;
    const want = (np.multiply(x, 4) as Arr).dataSync();
    expect([...(await twice.data())]).toEqual([...want]);
    expect(once.ready).toBeNull();
    expect(String(once)).toBe("f32[4,3] (on tfjs)");
    await f.dispose();
  });

  test("for another device they are copied", async () => {
    const f = jit((v: Value) => np.multiply(v, 2), { device: "tfjs" });
    const g = jit((v: Value) => np.multiply(v, 3), { device: "cpu", threads: 1 }); // prettier-ignore
    const want = (np.multiply(x, 6) as Arr).dataSync();
    expectClose(
      await toNdAsync(g(f(x))),
      { shape: [4, 3], data: [...want] },
      1e-6,
    );
    await Promise.all([f.dispose(), g.dispose()]);
  });

  test("calls under way together do not meet, and outlive the operand's array", async () => {
    const f = jit(everything, { device: "tfjs" });
    const double = jit((v: Value) => np.multiply(v, 2), { device: "tfjs" });
    const there = double(x) as Arr;
    await there.data();
    const calls = [f(there, index), f(x, index), f(there, index)];
    there.delete();
    const got = await Promise.all(calls.map((out) => (out as Arr).data()));
    const want = [np.multiply(x, 2), x, np.multiply(x, 2)].map((v) =>
      (everything(v, index) as Arr).item(),
    );
    got.forEach(([v], i) => expect(v).toBeCloseTo(want[i], 4));
    await Promise.all([f.dispose(), double.dispose()]);
  });
});

test("the gradient of an mLSTM through a scan is the reference's", async () => {
  const [d, n, steps] = [4, 6, 5];
  let key = 0;
  const draw = (...shape: number[]) =>
    random.uniform(random.key(key++), shape, { minval: -1, maxval: 1 });
  const params = {
    wx: draw(d, 4 * n), wh: draw(n, 4 * n), wmx: draw(d, n), wmh: draw(n, n),
    gx: draw(4 * n), gh: draw(4 * n), gmx: draw(n), gmh: draw(n), b: draw(4 * n),
  }; // prettier-ignore
  const xs = draw(steps, d);
  const loss = (p: typeof params, xs: Value): Value => {
    const weights = normalizeWeights(p);
    const zero = np.zeros([n]);
    const [last] = scan(
      (state: { h: Value; c: Value }, row: Value) =>
        [mlstmCell(weights, state, project(weights, row)), null] as const,
      { h: zero, c: zero },
      xs,
    );
    return np.sum(np.multiply(last.h, last.h));
  };
  const [got, want] = (["tfjs", "js"] as const).map((device) =>
    jit(grad(loss), { device })(params, xs),
  );
  for (const name of Object.keys(params) as (keyof typeof params)[])
    expectClose(await toNdAsync(got[name]), toNd(want[name]), 2e-6);
});

test("random bits are those of the reference, many keys at once", async () => {
  await agree(
    (key) => vmap((k: Value) => random.bits(k, [5]))(random.split(key, 3)),
    [random.key(7) as Arr],
  );
  await agree((key) => random.uniform(key, [3, 4]), [random.key(8) as Arr]);
});

test.each<[string, () => unknown, RegExp]>([
  ["as an argument", () => jit((v: Value) => np.add(v, 1), { device: "tfjs" })(array([1], { dtype: "float64" })), /^jit: device tfjs has no float64, got an argument f64\[1\]; .*device cpu or js/],
  ["inside one elementwise kernel", () => jit((v: Value) => np.astype(np.exp(np.astype(v, "float64")), "float32"), { device: "tfjs" })(array([1])), /no float64, got a result of map f64\[1\]/],
  ["in a loop", () => jit((v: Value) => scan((c: Value) => [np.astype(np.exp(np.astype(c, "float64")), "float32"), null] as const, v, null, { length: 2 })[0], { device: "tfjs" })(array([1])), /no float64, got a result of map f64\[1\]/],
])("float64 %s is refused when the program is compiled", (_where, run, message) => {
  expect(run).toThrow(message);
}); // prettier-ignore

describe("of the installations it takes", () => {
  const missing = (name: string) =>
    Object.assign(
      new Error(`Cannot find package '${name}' imported from here`),
      { code: "ERR_MODULE_NOT_FOUND" },
    );
  /** A world in which these packages are installed. */
  const world =
    (packages: Record<string, unknown>) =>
    (name: string): Promise<unknown> => {
      const found = packages[name];
      if (found instanceof Error) return Promise.reject(found);
      return found === undefined
        ? Promise.reject(missing(name))
        : Promise.resolve(found);
    };
  const fake = (label: string, isGpu = false) => ({
    default: {
      version_core: "4.22.0",
      version: { "tfjs-node": "4.22.0" },
      ready: () => Promise.resolve(),
      getBackend: () => label,
      backend: () => ({ isUsingGpuDevice: isGpu }),
    },
  });
  const [gpu, node, core, cpu] = ["tfjs-node-gpu", "tfjs-node", "tfjs-core", "tfjs-backend-cpu"].map((name) => `@tensorflow/${name}`); // prettier-ignore
  const node22 = { version: "v22.1.0", isNullOrUndefined: () => false };
  const node23 = { version: "v23.0.0" };
  const all = { [gpu]: fake("tensorflow", true), [node]: fake("tensorflow"), [core]: fake("cpu"), [cpu]: {} }; // prettier-ignore

  test.each([
    ["tfjs-node-gpu before all others", all, `${gpu} 4.22.0, backend tensorflow, on the GPU`],
    ["tfjs-node-gpu without a GPU, and says so", { [gpu]: fake("tensorflow") }, `${gpu} 4.22.0, backend tensorflow, on the processor`],
    ["tfjs-node before the JavaScript backend", { ...all, [gpu]: undefined }, `${node} 4.22.0, backend tensorflow, on the processor`],
    ["tfjs-core with the JavaScript backend last", { [core]: fake("cpu"), [cpu]: {} }, `${core} 4.22.0, backend cpu`],
  ])("%s", async (_title, packages, detail) => {
    const found = await findTfjs(world(packages), node22);
    expect(found.detail).toBe(detail);
  }); // prettier-ignore

  test.each([
    ["nothing is installed", {}, node22, `tfjs: no TensorFlow.js is installed; run npm install ${gpu} (Linux or Windows with a GPU), ${node}, or ${core} ${cpu}`],
    ["the JavaScript backend is missing", { [core]: fake("") }, node22, "tfjs: no TensorFlow.js is installed"],
    ["tfjs-node is installed on Node 23", { ...all, [gpu]: undefined }, node23, `tfjs: ${node} does not run on Node v23.0.0, which has no util.isNullOrUndefined; use Node 22 or older, or uninstall it and install ${core} and ${cpu}`],
    ["tfjs-node-gpu does not load", { ...all, [gpu]: new Error("libcudart.so.11.0: cannot open\nmore") }, node22, `tfjs: ${gpu} is installed but does not load (libcudart.so.11.0: cannot open); reinstall it`],
    ["a part of tfjs-node is missing", { ...all, [gpu]: undefined, [node]: missing("@tensorflow/tfjs") }, node22, `tfjs: ${node} is installed but does not load (Cannot find package '@tensorflow/tfjs'`],
  ])("none where %s, in one sentence", async (_title, packages, version, message) => {
    await expect(findTfjs(world(packages), version)).rejects.toThrow(message);
  }); // prettier-ignore

  test("the JavaScript backend on Node 23 as well", async () => {
    const found = await findTfjs(world({ [core]: fake("cpu"), [cpu]: {} }), node23); // prettier-ignore
    expect(found.detail).toContain("backend cpu");
  });

  test("here the one that is installed", async () => {
    const { detail } = await installation();
    expect(detail).toMatch(/^@tensorflow\/tfjs-\S+ \d+\.\d+\.\d+, backend \w+/);
  });
});
