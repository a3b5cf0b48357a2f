/** @file jit with workers: calls in threads of their own give what calls on this one give, side by side, and end with it. */
import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, test, vi } from "vitest";
import {
  array,
  jit,
  numpy as np,
  random,
  scan,
  type Array as Arr,
  type Value,
} from "../../src/ad/index.ts";

/** Threads started so far, and how to fail one. */
const threads = vi.hoisted(() => ({ all: [] as unknown[] }));
vi.mock("node:worker_threads", async (importActual) => {
  const actual = await importActual<typeof import("node:worker_threads")>();
  return {
    ...actual,
    Worker: class extends actual.Worker {
      constructor(...args: ConstructorParameters<typeof actual.Worker>) {
        super(...args);
        threads.all.push(this);
      }
    },
  };
});
afterEach(() => void (threads.all.length = 0));

const data = async (x: Value): Promise<number[]> => [
  ...(await (x as Arr).data()),
];
const key = random.key(0);
const normal = (shape: readonly number[], k: number): Arr =>
  random.normal(random.foldIn(key, k), shape) as Arr;

/** A recurrence against a constant, long enough that calls overlap. */
const weights = normal([48, 48], 1);
const recurrence = (h: Value, xs: Value): Value =>
  scan(
    (state: Value, x: Value): [Value, null] => [
      np.tanh(np.add(np.matmul(state, weights), x)),
      null,
    ],
    h,
    xs,
  )[0];

describe("calls in threads of their own", () => {
  test("give the same bits as calls on this thread, in the order of the calls, however many there are", async () => {
    const symbolicShapes = ["lanes, ...", "steps, lanes, ..."];
    const here = jit(recurrence, { threads: 1, symbolicShapes });
    const there = jit(recurrence, { threads: 1, workers: 3, symbolicShapes });
    const given = Array.from({ length: 11 }, (_, i) => [
      normal([1 + i, 48], 10 + i),
      normal([20 + 9 * ((i * 5) % 11), 1 + i, 48], 30 + i),
    ]);
    const results = await Promise.all(
      given.map(([h, xs]) => data(there(h, xs))),
    );
    for (const [i, [h, xs]] of given.entries()) {
      expect(results[i]).toEqual(await data(here(h, xs)));
      // Operands are copied: they are still there for others.
      expect((await xs.data()).length).toBeGreaterThan(0);
    }
    expect(threads.all).toHaveLength(3);
    await Promise.all([here.dispose(), there.dispose()]);
  });

  test("start threads as calls need them, and stop them all when disposed of", async () => {
    const f = jit((x: Value) => np.add(x, 1), { workers: 4 });
    for (let i = 0; i < 3; i++)
      expect(await data(f(array([i])))).toEqual([i + 1]);
    expect(threads.all).toHaveLength(1);
    const ended = new Promise((resolve) =>
      (threads.all[0] as Worker).once("exit", resolve),
    );
    await f.dispose();
    await ended;
    expect(await data(f(array([7])))).toEqual([8]);
    expect(threads.all).toHaveLength(2);
    await f.dispose();
  });

  test("take operands of every dtype, views, empty ones and the same one twice, and give results back in theirs", async () => {
    const f = jit(
      (a: Value, b: Value, flags: Value, none: Value, doubles: Value) => [
        np.add(a, a),
        np.add(b, 1),
        np.logicalNot(flags),
        np.sum(none),
        np.multiply(doubles, 3),
        a,
        a,
      ],
      { workers: 1 },
    );
    const whole = Float32Array.from({ length: 10 }, (_, i) => i);
    const same = array(whole.subarray(2, 4));
    const out = f(
      same,
      array([3], { dtype: "int32" }),
      array([true, false]),
      array(new Float32Array(0)),
      array([1e-300], { dtype: "float64" }),
    );
    expect(await Promise.all(out.map((x) => (x as Arr).data()))).toEqual([
      Float32Array.of(4, 6),
      Int32Array.of(4),
      Uint8Array.of(0, 1),
      Float32Array.of(0),
      Float64Array.of(3e-300),
      Float32Array.of(2, 3),
      Float32Array.of(2, 3),
    ]);
    expect(await data(same)).toEqual([2, 3]);
    await f.dispose();
  });

  test("do not stop this thread, and run side by side", async () => {
    const f = jit(recurrence, { threads: 1, workers: 2 });
    const [h, xs] = [normal([8, 48], 3), normal([3000, 8, 48], 4)];
    await Promise.all([data(f(h, xs)), data(f(h, xs))]);
    const calls = [f(h, xs), f(h, xs), f(h, xs)];
    let turns = 0;
    let isDone = false;
    const all = Promise.all(calls.map(data)).finally(() => (isDone = true));
    while (!isDone) {
      await new Promise(setImmediate);
      turns++;
    }
    const [a, b, c] = await all;
    expect(a).toEqual(b);
    expect(a).toEqual(c);
    expect(turns).toBeGreaterThan(50);
    await f.dispose();
  });

  test("flush denormals as calls on this thread do", async () => {
    const f = jit((x: Value) => np.multiply(x, 0.5), { workers: 2 });
    const small = array(Float32Array.of(2 ** -126, 2 ** -100));
    const both = await Promise.all([data(f(small)), data(f(small))]);
    expect(both).toEqual([
      [0, 2 ** -101],
      [0, 2 ** -101],
    ]);
    await f.dispose();
  });
});

describe("what goes wrong in a thread", () => {
  test("rejects the call with its reason; the next one is answered", async () => {
    const f = jit((a: Value, i: Value) => np.take(a, i), { workers: 1 });
    const a = array([5, 6, 7]);
    const at = (i: number) => f(a, array(i, { dtype: "int32" }));
    await expect((at(9) as Arr).data()).rejects.toThrow(/out of|bounds|range/i);
    expect(await data(at(2))).toEqual([7]);
    expect(threads.all).toHaveLength(1);
    await f.dispose();
  });

  test("a thread that ends rejects the call that was to run in it, and another takes its place", async () => {
    const f = jit((x: Value) => np.add(x, 1), { workers: 1 });
    await data(f(array([1])));
    const [thread] = threads.all as Worker[];
    // It is asked before it can tell of its end.
    void thread.terminate();
    await expect((f(array([2])) as Arr).data()).rejects.toThrow(
      "jit: expected a worker to answer, got its end",
    );
    expect(await data(f(array([3])))).toEqual([4]);
    expect(threads.all).toHaveLength(2);
    await f.dispose();
  });

  test.each([
    [{ workers: -1 }, "-1 on cpu"],
    [{ workers: 1.5 }, "1.5 on cpu"],
    [{ workers: 2, device: "js" as const }, "2 on js"],
  ])("%j is refused", (options, got) => {
    expect(() => jit(np.tanh, options)).toThrow(
      `jit: expected workers to be a number of threads, on device cpu, got ${got}`,
    );
  });
});

/** The end of a process that runs `lines` on a jitted function of one worker. */
async function processOf(lines: string) {
  const index = path.resolve("src/ad/index.ts");
  const script = `
    const { array, jit, numpy: np, scan } = await import(${JSON.stringify(index)});
    const f = jit((xs) => scan((sum, x) => [np.add(np.tanh(sum), x), null], array(0), xs)[0], { workers: 1 });
    const ones = (n) => array(new Float32Array(n).fill(1));
    ${lines}
  `;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "-e", script],
    { timeout: 50_000 },
  );
  return stdout.trim();
}

test.each([
  [
    "by itself while threads wait for calls",
    "console.log((await f(ones(1)).data())[0]);",
    "1",
  ],
  [
    "not while a call is under way",
    "f(ones(3e5)).data().then(() => console.log('answered'));",
    "answered",
  ],
  [
    "in order when it is told to exit during a call",
    "await f(ones(9)).data(); void f(ones(3e5)).data().finally(() => console.log('answered')); setTimeout(() => process.exit(), 20);",
    "",
  ],
  [
    "in order when it is told to exit while a thread starts",
    "void f(ones(9)).data(); setTimeout(() => process.exit(), 10);",
    "",
  ],
])("a process ends %s", async (_, lines, said) => {
  expect(await processOf(lines)).toBe(said);
});
