/** @file The webgpu device beyond the conformance suite: residency, lifetimes, errors, and processes that end. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import type { DeviceBuffer } from "../../src/ad/backends/backend.ts";
import {
  whyNot,
  type Outcome,
} from "../../src/ad/backends/onnx/webgpu-probe.ts";
import {
  array,
  devices,
  grad,
  jit,
  numpy as np,
  random,
  scan,
  type Array as Arr,
  type DType,
  type Value,
} from "../../src/ad/index.ts";
import {
  mlstmCell,
  normalizeWeights,
  project,
} from "../../src/unirep/mlstm.ts";
import { expectClose, toNd, toNdAsync } from "./naive.cases.ts";
import { endings } from "./webgpu-endings.cases.ts";

const adapterError =
  "/onnxruntime/webgpu_context.cc:136 was false. Failed to get a WebGPU adapter: No supported adapters\n";
const ended = (outcome: Partial<Outcome>): Outcome => ({
  stdout: "",
  stderr: "",
  end: "exit code 0",
  ...outcome,
});

describe("why a machine has no WebGPU", () => {
  test.each<[what: string, outcome: Partial<Outcome>, why: string | null]>([
    ["is nothing where the device computes", { stdout: '{"y":[4,0,2.5]}\n' }, null],
    ["is nothing, whatever the driver says beside it", { stdout: '{"y":[4,0,2.5]}', stderr: "MESA-INTEL: warning: incomplete support\n" }, null],
    ["is a package without the provider", { stdout: '{"missing":true}' }, `onnxruntime-node has no WebGPU provider for ${process.platform} ${process.arch}`],
    ["is a missing loader", { stdout: JSON.stringify({ error: adapterError }), stderr: "Warning: Couldn't load Vulkan: libvulkan.so.1: cannot open shared object file\n" }, "no Vulkan loader: libvulkan.so.1 is not on the library path"],
    ["is a missing driver, in the loader's words", { stdout: JSON.stringify({ error: adapterError }), stderr: "Warning: vkCreateInstance: Found no drivers!\nWarning: more\n" }, "no WebGPU adapter: No supported adapters (vkCreateInstance: Found no drivers!)"],
    ["is a missing adapter", { stdout: JSON.stringify({ error: adapterError }) }, "no WebGPU adapter: No supported adapters"],
    ["is a device that computes wrongly", { stdout: '{"y":[0,0,0]}' }, "the device computes the absolutes of -4, 0, 2.5 as 0, 0, 0"],
    ["is another error, its first line", { stdout: JSON.stringify({ error: "device lost\nat a" }) }, "a process that tried it failed: device lost"],
    ["is a crash", { end: "SIGSEGV" }, "a process that tried it ended with SIGSEGV"],
    ["is a crash with a last word", { end: "SIGABRT", stderr: "\nterminate called\n" }, "a process that tried it ended with SIGABRT: terminate called"],
  ])("%s", (_what, outcome, why) => {
    expect(whyNot(ended(outcome))).toBe(why);
  }); // prettier-ignore
});

const { available, detail } = (await devices()).filter(
  ({ device }) => device === "webgpu",
)[0];

test.skipIf(available)(
  "where it does not work a call fails in the words of devices()",
  async () => {
    const f = jit((x: Value) => np.exp(x), { device: "webgpu" });
    await expect((f(np.ones([2])) as Arr).data()).rejects.toThrow(
      `jit: device webgpu does not work here: ${detail}; devices() lists what does`,
    );
  },
);

const onDevice = async (x: Value): Promise<DeviceBuffer> =>
  (await (x as Arr).on("webgpu")) as DeviceBuffer;
const elements = async (x: Value): Promise<number[]> => [
  ...(await (x as Arr).data()),
];

describe.skipIf(!available)(`on WebGPU (${detail})`, () => {
  const webgpu = <A extends readonly unknown[], R>(f: (...args: A) => R) =>
    jit(f, { device: "webgpu" });

  test("a result stays on the device and is the next call's operand as it is", async () => {
    const f = webgpu((x: Value) => np.multiply(x, 2));
    const once = f(array([1, 2, 3])) as Arr;
    const buffer = await onDevice(once);
    expect(buffer.device).toBe("webgpu");
    const read = vi.spyOn(buffer, "read");
    const twice = f(once);
    expect(await elements(twice)).toEqual([4, 8, 12]);
    expect(read).not.toHaveBeenCalled();
    expect(await onDevice(once)).toBe(buffer);
    expect(once.ready).toBeNull();
    expect(await elements(once)).toEqual([2, 4, 6]);
    expect(read).toHaveBeenCalledOnce();
  });

  test.each<[DType, readonly number[]]>([
    ["float32", [0, -0, 1.5, NaN, Infinity, -Infinity, 3.4e38]],
    ["int32", [0, -1, 2 ** 31 - 1, -(2 ** 31), 5]],
    ["uint32", [0, 1, 2 ** 32 - 1]],
    ["bool", [1, 0, 0, 1, 1]],
  ])("%s comes back as it went, of any size", async (dtype, values) => {
    const f = webgpu((...xs: Value[]) => xs);
    const all = [values, values.slice(0, 1), []].map((v) =>
      array([...v], { dtype }),
    );
    const scalar = np.reshape(all[1], []);
    const moved = f(...f(...all, scalar));
    for (const [i, x] of [...all, scalar].entries()) {
      expect(moved[i].type).toEqual(x.type);
      expect(await elements(moved[i])).toEqual([...(x as Arr).dataSync()]);
    }
  });

  test("an operand handed through as a result outlives the operand", async () => {
    const f = webgpu((x: Value) => [x, np.reshape(x, [3, 1])]);
    const [x] = f(array([1, 2, 3]));
    const [same, column] = f(x);
    (x as Arr).delete();
    const others = f(array([7, 8, 9]));
    expect(await elements(same)).toEqual([1, 2, 3]);
    expect(await elements(column)).toEqual([1, 2, 3]);
    expect(await elements(others[0])).toEqual([7, 8, 9]);
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
    const descend = (p: typeof params, xs: Value): typeof params => {
      const loss = (p: typeof params): Value => {
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
      const slopes = grad(loss)(p);
      return Object.fromEntries(
        Object.entries(p).map(([name, w]) => [
          name,
          np.subtract(w, np.multiply(slopes[name as keyof typeof p], 0.1)),
        ]),
      ) as typeof params;
    };
    const xs = draw(steps, d);
    const [got, want] = (["webgpu", "js"] as const).map((device) => {
      const step = jit(descend, { device });
      return step(step(params, xs), xs);
    });
    for (const name of Object.keys(params) as (keyof typeof params)[])
      expectClose(await toNdAsync(got[name]), toNd(want[name]), 1e-5);
  });

  test.each(["float32", "int32", "uint32", "bool"] as const)(
    "%s are sorted by every value, ties and the ends of the dtype included",
    async (dtype) => {
      const values = {
        float32: [Infinity, NaN, 3, -Infinity, -0, 0, Infinity, NaN, -Infinity],
        int32: [2 ** 31 - 1, 0, -(2 ** 31), 5, -1, 5, 2 ** 31 - 1, -(2 ** 31)],
        uint32: [2 ** 32 - 1, 0, 2 ** 31, 5, 5, 2 ** 31 - 1, 2 ** 32 - 1],
        bool: [1, 0, 1, 0, 0],
      };
      const orders = (x: Value): Value[] => [
        np.argsort(x),
        np.argsort(x, { descending: true }),
        np.argmax(x),
        np.argmin(x),
      ];
      const x = array(values[dtype], { dtype });
      const want = orders(x).map((v) => [...(v as Arr).dataSync()]);
      expect(await Promise.all(webgpu(orders)(x).map(elements))).toEqual(want);
    },
  );

  test("many programs called at once take turns and agree", async () => {
    const programs = [1, 2, 3, 4, 5, 6].map((k) =>
      webgpu((x: Value) => np.add(np.multiply(x, k), np.sum(x))),
    );
    const x = array([1, 2, 3]);
    const out = programs.flatMap((f) => [f(x), f(f(x))]);
    const got = await Promise.all(out.map(elements));
    got.forEach((values, i) => {
      const apply = (v: number[]) => {
        const sum = v[0] + v[1] + v[2];
        return v.map((e) => e * (1 + (i >> 1)) + sum);
      };
      const once = apply([1, 2, 3]);
      expect(values).toEqual(i % 2 ? apply(once) : once);
    });
    await Promise.all(programs.map((f) => f.dispose()));
  });

  test("a program disposed of ends the calls under way first, and its results live on", async () => {
    const f = webgpu((x: Value) => np.add(x, 1));
    const out = f(f(array([1])));
    const done = f.dispose();
    expect(await elements(out)).toEqual([3]);
    await done;
    expect(await elements(webgpu((x: Value) => np.negative(x))(out))).toEqual([-3]); // prettier-ignore
    expect(await elements(f(out))).toEqual([4]);
  });

  test("an operand deleted after the call is read before it is freed", async () => {
    const f = webgpu((x: Value) => np.add(x, 1));
    const x = f(array([1])) as Arr;
    const first = f(x);
    const reading = x.data();
    x.delete();
    expect(await elements(first)).toEqual([3]);
    expect([...(await reading)]).toEqual([2]);
    await expect(x.data()).rejects.toThrow(/was deleted/);
    expect(() => f(x)).toThrow(/was deleted/);
  });

  test("a buffer freed twice is freed once, and not read again", async () => {
    const f = webgpu((x: Value) => np.add(x, 1));
    const buffer = await onDevice(f(array([1])));
    buffer.free();
    buffer.free();
    expect(() => buffer.read()).toThrow(/^webgpu: these elements were freed/);
  });

  test("a donated operand is used up", async () => {
    const f = jit((x: Value) => np.add(x, 1), {
      device: "webgpu",
      donateArgnums: [0],
    });
    let x = f(np.zeros([3]));
    for (let i = 0; i < 5; i++) {
      const next = f(x);
      await expect((x as Arr).data()).rejects.toThrow(/donated/);
      x = next;
    }
    expect(await elements(x)).toEqual([6, 6, 6]);
  });

  test.each<[what: string, f: (x: Value) => Value, x: Arr, message: RegExp]>([
    ["an argument", (x) => np.exp(x), array([1, 2], { dtype: "float64" }), /^jit: device webgpu has no float64, got f64\[2\] as argument 0; convert/],
    ["a result", (x) => np.astype(x, "float64"), array([1, 2]), /^jit: device webgpu has no float64, got f64\[2\] as result 0; convert/],
  ])("float64 as %s is refused when the program is compiled", (_what, f, x, message) => {
    expect(() => webgpu(f)(x)).toThrow(message);
  }); // prettier-ignore

  test.each<[what: string, f: (i: Value) => Value]>([
    ["gathered", (i) => np.take(np.arange(5), i)],
    ["gathered by rows", (i) => np.takeAlongAxis(np.ones([2, 5]), np.broadcastTo(i, [2, 1]), 1)],
    ["scattered to", (i) => grad((x: Value) => np.sum(np.take(x, i)))(np.ones([5]))],
    ["gathered in a loop", (i) => scan((c: Value, k: Value) => [np.add(c, np.take(np.ones([5]), k)), null] as const, np.zeros([]), i)[0]],
  ])("an index out of range is an error of the call when %s", async (_what, f) => {
    const compiled = webgpu(f);
    const at = (i: number) => compiled(array([i], { dtype: "int32" }));
    for (const wrong of [5, -6, 2e9, -2e9])
      await expect((at(wrong) as Arr).data()).rejects.toThrow(
        `idx=${wrong} must be within the inclusive range [-5,4]`,
      );
    for (const right of [4, -5])
      expect(await elements(at(right))).toEqual([...(f(array([right], { dtype: "int32" })) as Arr).dataSync()]);
  }); // prettier-ignore

  test("more memory than there is is an error of the call, and the next call works", async () => {
    const f = webgpu((x: Value) => np.broadcastTo(x, [200_000, 200_000]));
    const tooMuch = f(np.ones([200_000])) as Arr;
    await expect(tooMuch.data()).rejects.toThrow();
    expect(await elements(webgpu((x: Value) => np.add(x, 1))(array([1])))).toEqual([2]); // prettier-ignore
  });

  test.each(Object.keys(endings))("a process ends well %s", (ending) => {
    const script = fileURLToPath(
      new URL("./webgpu-endings.cases.ts", import.meta.url),
    );
    const { status, signal, stderr } = spawnSync(
      process.execPath,
      ["--expose-gc", "--import", "tsx", script, ending],
      { encoding: "utf8", timeout: 60_000 },
    );
    expect({ status, signal }, stderr).toEqual({ status: 0, signal: null });
  });
});
