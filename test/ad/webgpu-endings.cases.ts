/** @file A program that ends in one of several ways while WebGPU sessions and buffers live; started by webgpu.test.ts. */
import { setTimeout } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import {
  jit,
  numpy as np,
  type Array,
  type Value,
} from "../../src/ad/index.ts";

const device = "webgpu";
const kept: unknown[] = [];

/** Programs, their results and results of those, all referred to until the end. */
async function fill(programs: number): Promise<void> {
  for (let i = 0; i < programs; i++) {
    const f = jit((x: Value) => [np.tanh(x), np.add(x, i), np.sum(x)], {
      device,
    });
    let out = f(np.ones([100 + i]));
    kept.push(f, out);
    for (let k = 0; k < 5; k++) {
      out = f(out[1]);
      kept.push(out);
    }
    await (out[0] as Array).data();
  }
}

export const endings = {
  "after the last line": () => fill(5),
  async "by process.exit"() {
    await fill(5);
    process.exit(0);
  },
  async "by process.exit with calls under way"() {
    await fill(2);
    const f = jit((x: Value) => np.exp(x), { device });
    kept.push(f(f(np.ones([1000]))));
    process.exit(0);
  },
  "with a call under way"() {
    const f = jit((x: Value) => np.exp(x), { device });
    kept.push(f(np.ones([1000])));
  },
  async "after an error nobody caught but the process"() {
    process.once("uncaughtException", () => (process.exitCode = 0));
    await fill(2);
    throw new Error("uncaught");
  },
  async "after a failed call"() {
    await fill(1);
    const take = jit((i: Value) => np.take(np.ones([3]), i), { device });
    const reason = await (take(np.full([1], 2e9, "int32")) as Array)
      .data()
      .then(String, (error: Error) => error.message);
    if (!/out of data bounds/.test(reason)) throw new Error(reason);
  },
  async "after every program was disposed of and the next one made"() {
    for (let i = 0; i < 3; i++) {
      const f = jit((x: Value) => np.add(x, i), { device });
      (f(np.ones([3])) as Array).delete();
      await f.dispose();
      await setTimeout(5);
    }
    await fill(1);
  },
  /** The native handles free nothing by themselves: 1.6 GB would stay. */
  async "with nothing left of results that were let go"() {
    const f = jit((x: Value) => np.add(x, 1), { device });
    const x = np.ones([2 ** 22]);
    for (let i = 0; i < 100; i++) {
      f(x);
      if (i % 5 > 0) continue;
      await setTimeout(5);
      globalThis.gc?.();
    }
    const megabytes = process.memoryUsage().rss / 2 ** 20;
    if (megabytes > 900) throw new Error(`${megabytes} MB are in use`);
  },
  async "beside a worker thread that tried it too"() {
    await fill(1);
    const url = new URL("../../src/ad/index.ts", import.meta.url).href;
    const worker = new Worker(
      `import("tsx/esm/api")
        .then(({ tsImport }) => tsImport("${url}", "${url}"))
        .then(async ({ jit, numpy }) => {
          const f = jit((x) => numpy.exp(x), { device: "webgpu" });
          await f(numpy.ones([3])).data();
        })
        .catch(({ message }) => require("node:worker_threads").parentPort.postMessage(message));`,
      { eval: true },
    );
    const [message] = await new Promise<unknown[]>((resolve) => {
      worker.once("message", (...args) => resolve(args));
      worker.once("exit", (code) => resolve([`exit code ${code}`]));
    });
    if (!/on the main thread only/.test(String(message)))
      throw new Error(String(message));
    await worker.terminate();
    await fill(1);
  },
} satisfies Record<string, () => void | Promise<void>>;

// Vitest imports this file for the names.
if (process.argv[1] === import.meta.filename)
  await endings[process.argv[2] as keyof typeof endings]();
