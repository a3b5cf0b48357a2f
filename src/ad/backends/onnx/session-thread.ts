/** @file A session in a thread of its own: ONNX Runtime's binding for Node computes on the thread that calls it. */
import { once } from "node:events";
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import type { TypedArray } from "../../dtype.ts";
import type { Shape } from "../../shape.ts";
import { oneNode } from "./one-node.ts";
import type { ElementType } from "./proto.ts";
import { runtime, type Encoded } from "./session.ts";

/** An operand on its way to a thread. */
export interface Operand {
  readonly name: string;
  readonly element: ElementType;
  readonly data: TypedArray;
  readonly dims: Shape;
}

export interface SessionThread {
  /** False once the thread has ended, by `close` or by an accident. */
  readonly isOpen: boolean;
  /** Runs one call, and no second one at the same time; `data` of the operands is taken over. Results in the order of the outputs. */
  run(operands: readonly Operand[]): Promise<TypedArray[]>;
  close(): Promise<void>;
}

/** What a thread does, as it tells the one that started it in shared memory. */
const [idle, computing, closed] = [0, 1, 2];

// Text, because a worker's file would have to be found again in whatever a user's bundler makes of this package.
// The first message is the model, each later one the operands of a call; results are moved, not copied.
const script = `
const { parentPort, workerData } = require("node:worker_threads");
const { runtime, state } = workerData;
const ort = require(runtime);
let session = null;
const answer = {
  async open({ model, options }) {
    session = await ort.InferenceSession.create(model, options);
    return [];
  },
  async run({ operands, outputs }) {
    const feeds = {};
    for (const { name, element, data, dims } of operands) feeds[name] = new ort.Tensor(element, data, dims);
    const results = await session.run(feeds);
    return outputs.map((name) => results[name].data);
  },
};
parentPort.on("message", async (message) => {
  if (Atomics.compareExchange(state, 0, ${idle}, ${computing}) === ${closed}) return;
  try {
    const results = await answer[message.type](message);
    parentPort.postMessage({ results }, [...new Set(results.map(({ buffer }) => buffer))]);
  } catch (error) {
    parentPort.postMessage({ error });
  } finally {
    Atomics.store(state, 0, ${idle});
    Atomics.notify(state, 0);
  }
});
`;

/** The states of all threads that are open. */
const open = new Set<Int32Array>();

/**
 * A thread that is stopped inside ONNX Runtime's binding aborts the process: an exit waits for the calls under way. Only
 * waits that block are possible then.
 */
function awaitCalls(): void {
  for (const state of open)
    while (Atomics.compareExchange(state, 0, idle, closed) === computing)
      Atomics.wait(state, 0, computing);
}

interface Answer {
  readonly results?: TypedArray[];
  readonly error?: Error;
}

let prepared: Promise<void> | null = null;

async function prepare(): Promise<void> {
  process.on("exit", awaitCalls);
  // ONNX Runtime has denormals flushed on the thread of the process's first session only; threads started there do as it does.
  const { InferenceSession } = await runtime();
  const model = oneNode("Identity", "float32");
  const session = await InferenceSession.create(model, {
    executionProviders: ["cpu"],
    extra: { session: { set_denormal_as_zero: "1" } },
  });
  await session.release();
}

/** Starts a thread and makes the session in it; the process may end while it has nothing to do. */
export async function openThread({
  model,
  options,
  outputs,
}: Encoded): Promise<SessionThread> {
  await (prepared ??= prepare());
  const state = new Int32Array(new SharedArrayBuffer(4));
  open.add(state);
  const worker = new Worker(script, {
    eval: true,
    workerData: {
      runtime: createRequire(import.meta.url).resolve("onnxruntime-node"),
      state,
    },
    // What loads the caller's TypeScript is of no use there.
    execArgv: [],
  });
  worker.unref();
  let isOpen = true;
  worker.once("exit", () => {
    isOpen = false;
    open.delete(state);
  });
  // An error is told to the call under way by "exit" too; without a listener it would end the process.
  let accident: Error | null = null;
  worker.on("error", (error) => (accident = error));

  const ask = async (
    message: object,
    moved: readonly ArrayBufferLike[],
  ): Promise<TypedArray[]> => {
    const answered = new AbortController();
    const { signal } = answered;
    worker.ref();
    try {
      const answer = Promise.race([
        once(worker, "message", { signal }) as Promise<[Answer]>,
        once(worker, "exit", { signal }).then((): [Answer] => [
          {
            error:
              accident ??
              new Error("jit: expected a worker to answer, got its end"),
          },
        ]),
      ]);
      worker.postMessage(message, moved as ArrayBuffer[]);
      const [{ results, error }] = await answer;
      if (error) throw error;
      return results as TypedArray[];
    } finally {
      answered.abort();
      worker.unref();
    }
  };

  const copies = (options.externalData ?? []).map((file) => {
    const { path, data } = file as { path: string; data: Uint8Array };
    return { path, data: data.slice() };
  });
  const close = async () => void (await worker.terminate());
  try {
    await ask(
      { type: "open", model, options: { ...options, externalData: copies } },
      copies.map(({ data }) => data.buffer),
    );
  } catch (error) {
    await close();
    throw error;
  }
  const names = outputs.map(({ name }) => name);
  return {
    get isOpen() {
      return isOpen;
    },
    run: (operands) =>
      ask(
        { type: "run", operands, outputs: names },
        operands.map(({ data }) => data.buffer),
      ),
    close,
  };
}
