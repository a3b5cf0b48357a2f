/** @file Donated arguments: what a call deletes, when the memory is freed, what must stay, and what is refused. */
import { describe, expect, test } from "vitest";
import {
  Array as Arr,
  array,
  grad,
  jit,
  makeJaxpr,
  numpy as np,
  vmap,
  type JitOptions,
  type TypedArray,
  type Value,
} from "../../src/ad/index.ts";

const first = { threads: 1, donateArgnums: [0] } as const;
/** Large enough to be freed at once. */
const size = 2 ** 18;
const wide = (value: number) => array(new Float32Array(size).fill(value));
const twice = (x: Value): Value => np.multiply(x, 2);
const elements = async (x: Value): Promise<TypedArray> =>
  (await (x as Arr).on("cpu")) as TypedArray;
const settle = () => new Promise((resolve) => setTimeout(resolve, 20));
const all = async (x: Value, value: number) => {
  const data = await x.data();
  expect(data.length).toBe(x.size);
  expect(data.every((v) => v === value)).toBe(true);
};

describe("a donated argument", () => {
  test.each(["cpu", "js"] as const)(
    "on %s is deleted by the call, and says so when it is used again",
    async (device) => {
      const f = jit(
        (t: { a: Value }, y: Value) => [np.add(t.a, y), np.tanh(y)],
        { ...first, device },
      );
      const [a, y] = [array([1, 2]), array([3, 4])];
      const [sum] = f({ a }, y);
      const sentence =
        "this f32[2] was deleted or donated to a call; keep another array, or do not donate it";
      expect(() => a.dataSync()).toThrow(sentence);
      expect(() => np.tanh(a)).toThrow(sentence);
      expect(() => f({ a }, y)).toThrow(sentence);
      await expect(a.data()).rejects.toThrow(sentence);
      expect([...(await sum.data())]).toEqual([4, 6]);
      expect([...y.dataSync()]).toEqual([3, 4]);
      await f.dispose();
    },
  );

  test("that came out of a call is freed when the next has run", async () => {
    const f = jit(twice, first);
    const state = f(wide(1));
    const memory = await elements(state);
    expect(memory.length).toBe(size);
    const next = f(state);
    expect(memory.length).toBe(size);
    await elements(next);
    await settle();
    expect(memory.length).toBe(0);
    await all(next, 4);
    await f.dispose();
  });

  test("on a device is freed after the call has read it", async () => {
    const log: string[] = [];
    const x = new Arr(
      { shape: [2], dtype: "float32" },
      {
        device: "webgpu",
        read: async () => {
          await settle();
          log.push("read");
          return Float32Array.of(1, 2);
        },
        free: () => void log.push("free"),
      },
    );
    const f = jit(twice, first);
    expect([...(await f(x).data())]).toEqual([2, 4]);
    await settle();
    expect(log).toEqual(["read", "free"]);
    x.delete();
    await settle();
    expect(log).toEqual(["read", "free"]);
    await f.dispose();
  });

  test("does not pile up: a loop holds the state before and after a step, and no more", async () => {
    const n = 2 ** 22;
    const f = jit((x: Value) => np.add(x, 1), first);
    let state: Value = array(new Float32Array(n));
    const start = process.memoryUsage().arrayBuffers - 4 * n;
    let most = 0;
    for (let i = 0; i < 40; i++) {
      state = f(state);
      await elements(state);
      await settle();
      most = Math.max(most, process.memoryUsage().arrayBuffers - start);
    }
    // The first state is the caller's, and goes when the garbage collector comes by.
    expect(most / (4 * n)).toBeLessThan(3.5);
    await all(state, 40);
    await f.dispose();
  });

  test("in a loop gives the results of a loop without", async () => {
    const step = (s: { x: Value; n: Value }, y: Value) => ({
      x: np.tanh(np.add(np.multiply(s.x, y), s.n)),
      n: np.add(s.n, 1),
    });
    const y = array(Float32Array.from({ length: size }, (_, i) => Math.sin(i)));
    const run = async (options: JitOptions) => {
      const f = jit(step, { threads: 1, ...options });
      let s: ReturnType<typeof step> = { x: wide(0.5), n: array(0) };
      // Calls are made before those they wait for have run.
      for (let i = 0; i < 10; i++) s = f(s, y);
      const out = await Promise.all([s.x.data(), s.n.data()]);
      await f.dispose();
      return out;
    };
    expect(await run(first)).toEqual(await run({}));
  });
});

describe("what stays as it is when an array is donated", () => {
  /** An array that came out of a call, and something that must not change with it. */
  const kept: [string, (x: Value) => unknown, (kept: never) => Promise<void>][] =
    [
      [
        "elements that were read before",
        (x) => x.data(),
        async (before: Promise<TypedArray>) => expect((await before)[size - 1]).toBe(2),
      ],
      [
        "an eager result that shares the memory",
        (x) => np.reshape(x, [2, -1]),
        (y: Value) => all(y, 2),
      ],
      [
        "a result on js that shares the memory",
        (x) => jit((v: Value) => np.reshape(v, [2, -1]), { device: "js" })(x),
        (y: Value) => all(y, 2),
      ],
      [
        "the result of a call that was made before and still compiles",
        (x) => jit((v: Value) => np.exp(np.multiply(v, 0)), { threads: 1 })(x),
        (y: Value) => all(y, 1),
      ],
    ]; // prettier-ignore
  test.each(kept)(
    "%s, asked for while it is pending",
    async (_t, use, check) => {
      const f = jit(twice, first);
      await f(wide(0)).data();
      const x = f(wide(1));
      const used = use(x);
      const next = f(x);
      await all(next, 4);
      await check(used as never);
      await settle();
      await check(used as never);
      await f.dispose();
    },
  );

  test.each(kept)("%s, asked for when it is there", async (_t, use, check) => {
    const f = jit(twice, first);
    const x = f(wide(1));
    await elements(x);
    const used = use(x);
    await all(f(x), 4);
    await check(used as never);
    await settle();
    await check(used as never);
    await f.dispose();
  });

  test("the caller's own typed array", async () => {
    const mine = new Float32Array(size).fill(3);
    const f = jit(twice, first);
    await all(f(f(array(mine))), 12);
    await settle();
    expect(mine.length).toBe(size);
    expect(mine.every((v) => v === 3)).toBe(true);
    await f.dispose();
  });

  test("a constant of another program", async () => {
    const w = jit(twice, { threads: 1 })(wide(1));
    const g = jit((x: Value) => np.add(x, w), { threads: 1 });
    await all(g(wide(1)), 3);
    const f = jit(twice, first);
    await all(f(w), 4);
    await settle();
    await all(g(wide(2)), 4);
    await Promise.all([f.dispose(), g.dispose()]);
  });

  test.each<[string, (f: (x: Value) => Value, x: Value) => unknown]>([
    ["grad", (f, x) => grad((v: Value) => np.sum(f(v)))(x)],
    ["vmap", (f, x) => vmap(f)(x)],
    ["makeJaxpr", (f, x) => makeJaxpr(f)(x)],
    ["another jit", (f, x) => jit((v: Value) => f(v), { device: "js" })(x)],
  ])("all arguments under %s, where the function is inlined", (_t, under) => {
    const x = array([1, 2]);
    under(jit(twice, first), x);
    expect([...x.dataSync()]).toEqual([1, 2]);
  });
});

describe("donation is refused", () => {
  const x = array([1, 2]);
  const add = (a: Value, b: Value) => np.add(a, b);
  test.each<[string, number[], unknown[], string]>([
    [
      "of one array twice",
      [0, 1],
      [x, x],
      "jit: one f32[2] is passed in argument 0 and in argument 1, of which 1 is donated; pass a copy in one of them, or donate neither",
    ],
    [
      "of an array that a later argument passes too",
      [0],
      [x, x],
      "jit: one f32[2] is passed in argument 0 and in argument 1, of which 0 is donated",
    ],
    [
      "of an array that an earlier argument passes too",
      [1],
      [x, x],
      "argument 0 and in argument 1, of which 1 is donated",
    ],
    [
      "of an argument the call does not have",
      [2],
      [x, array([3, 4])],
      "jit: donateArgnums names argument 2 of a call with 2 arguments, counted from 0",
    ],
  ])("%s", (_title, donateArgnums, args, sentence) => {
    let runs = 0;
    const f = jit((...both: unknown[]) => (runs++, add(both[0] as Value, both[1] as Value)), { donateArgnums }); // prettier-ignore
    expect(() => f(...args)).toThrow(sentence);
    expect(runs).toBe(0);
    expect([...x.dataSync()]).toEqual([1, 2]);
  });

  test.each<[string, JitOptions, string]>([
    ["of a static argument", { donateArgnums: [0], staticArgnums: [0] },
      "jit: argument 0 is in staticArgnums and cannot be donated; it is no array"],
    ["of what is no argument's number", { donateArgnums: [-1] },
      "jit: expected donateArgnums to be numbers of arguments, got -1"],
  ])("%s", (_title, options, sentence) => {
    expect(() => jit(twice, options)).toThrow(sentence);
  }); // prettier-ignore

  test("of nothing: a call that fails to trace leaves its arguments", () => {
    const y = array([1, 2]);
    const f = jit((v: Value) => np.add(v, array([1, 2, 3])), first);
    expect(() => f(y)).toThrow("do not broadcast");
    expect([...y.dataSync()]).toEqual([1, 2]);
  });
});
