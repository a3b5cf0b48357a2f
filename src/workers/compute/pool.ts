/** @file The compute processes of a service: started when work comes, replaced when they die or grow too large. */
import type { Log } from "../service.ts";
import { ComputeError } from "./compute-error.ts";
import { startProcess, type ComputeProcess } from "./process.ts";
import type { Compute, ComputeFacts } from "./tasks.ts";
import { addTotals, type ComputeTotals } from "./totals.ts";

export interface ComputeOptions {
  /** Most processes at the same time. */
  readonly processes: number;
  /** Threads of each; 0: one a core. */
  readonly threads: number;
  /** Bytes of resident memory after which a process is replaced; a task that makes it twice as large is killed. */
  readonly memoryLimit: number;
  /** Models that each keeps loaded. */
  readonly warmModels: number;
  /** Bytes of results kept, all processes together; 0: none. */
  readonly cacheSize: number;
  /** Every process takes any number of tasks; by default it is one at a time, and the others wait in line. */
  readonly shared?: boolean;
  /** Milliseconds that an aborted task has before SIGTERM, and again before SIGKILL; by default 10,000. */
  readonly graceMs?: number;
  readonly log: Log;
}

export interface ComputePool extends Compute {
  /** What each process told last. */
  facts(): readonly ComputeFacts[];
  /** What all processes have done since the pool was opened, those that have ended too: never less than before. */
  totals(): ComputeTotals;
  /** Refuses new work, aborts what runs, kills after `graceMs`; resolves when every process is gone. */
  close(graceMs: number): Promise<void>;
}

interface Waiting {
  readonly start: (process: ComputeProcess) => void;
  readonly refuse: (error: ComputeError) => void;
}

export function openCompute(options: ComputeOptions): ComputePool {
  const { memoryLimit, log, shared = false, graceMs = 10_000 } = options;
  const settings = {
    threads: options.threads,
    warmModels: options.warmModels,
    cacheBytes: Math.floor(options.cacheSize / options.processes),
  };
  const processes = new Set<ComputeProcess>();
  /** They finish what they run, and get nothing new. */
  const retired = new Set<ComputeProcess>();
  const line: Waiting[] = [];
  let past = addTotals([]);
  let closed = false;

  const start = (): ComputeProcess => {
    const process: ComputeProcess = startProcess({
      settings,
      memoryLimit,
      graceMs,
      log,
      onEnd() {
        if (process.facts) past = addTotals([past, process.facts]);
        processes.delete(process);
        retired.delete(process);
      },
    });
    processes.add(process);
    return process;
  };

  const free = (): ComputeProcess | null => {
    const [least] = [...processes].sort((a, b) => a.running - b.running);
    if (least?.running === 0) return least;
    if (processes.size < options.processes) return start();
    return shared ? least : null;
  };

  const serve = () => {
    while (line.length > 0) {
      let process: ComputeProcess | null;
      try {
        process = free();
      } catch (error) {
        const sentence = `compute: expected a process to start, got ${(error as Error).message}`;
        line.shift()?.refuse(new ComputeError(sentence, { retryable: true }));
        continue;
      }
      if (!process) return;
      line.shift()?.start(process);
    }
  };

  const afterTask = (process: ComputeProcess) => {
    const tooLarge = (process.facts?.rssBytes ?? 0) > memoryLimit;
    if (tooLarge && processes.delete(process)) retired.add(process);
    if (retired.has(process) && process.running === 0)
      void process.end(graceMs);
    serve();
  };

  const living = () =>
    [...processes, ...retired].flatMap(({ facts }) => facts ?? []);

  return {
    async run(task, params, runOptions = {}) {
      const { signal } = runOptions;
      signal?.throwIfAborted();
      if (closed) throw closedError();
      return new Promise((resolve, reject) => {
        const leave = () => {
          line.splice(line.indexOf(waiting), 1);
          reject(signal?.reason as Error);
        };
        const waiting: Waiting = {
          start(process) {
            signal?.removeEventListener("abort", leave);
            const value = process.run(task, params, runOptions);
            resolve(value.finally(() => afterTask(process)));
          },
          refuse(error) {
            signal?.removeEventListener("abort", leave);
            reject(error);
          },
        };
        signal?.addEventListener("abort", leave, { once: true });
        line.push(waiting);
        serve();
      });
    },
    facts: living,
    totals: () => addTotals([past, ...living()]),
    async close(ms) {
      closed = true;
      for (const { refuse } of line.splice(0)) refuse(closedError());
      const all = [...processes, ...retired];
      await Promise.all(all.map((process) => process.end(ms)));
    },
  };
}

const closedError = () =>
  new ComputeError("compute: expected a pool that is open, got one closed", {
    retryable: true,
  });
