/** @file Queues, flows and workers of any backend: made with the same settings, their errors logged, closed together. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Worker, WorkerOptions } from "bullmq";
import type { ServiceConfig } from "../config.ts";
import type { Log } from "../service.ts";

/** Why BullMQ aborts a job whose lock this process may no longer hold. */
export const lockLost = "lock lost";

/**
 * What every worker runs with. A stall (its worker was killed, stopped, or cut off) is no fault of the job: only
 * `maxStarts` ends one that takes its workers with it.
 */
export const workerSettings = (config: ServiceConfig) =>
  ({
    lockDuration: config.lockSeconds * 1000,
    stalledInterval: (config.lockSeconds * 1000) / 2,
    maxStalledCount: 1_000_000,
  }) satisfies Partial<WorkerOptions>;

/** Without this BullMQ runs a job again beside itself, once for every lock it could not renew. */
export function cancelWhatIsNotOurs(worker: Worker): void {
  worker.on("lockRenewalFailed", (ids) => {
    for (const id of ids) worker.cancelJob(id, lockLost);
  });
}

interface Closable {
  close(force?: boolean): Promise<void>;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** Remembers what it is given, so that closing the backend leaves nothing open. */
export function openThings(log: Log): {
  add<T extends Closable>(thing: T, what: string): T;
  close(): Promise<void>;
} {
  const things = new Set<Closable>();
  return {
    add(thing, what) {
      // An "error" that nobody listens to ends the process; those of a connection that is away come again every second.
      const report = lessOften((error: Error) =>
        log.warn({ what, error: error.message }, "backend: error"),
      );
      thing.on("error", report);
      things.add(thing);
      return thing;
    },
    async close() {
      // A worker that is still at work is not waited for: its jobs are taken over when their locks have run out.
      const closed = Promise.all([...things].map((thing) => thing.close(true)));
      const given = new AbortController();
      const patience = sleep(5000, undefined, { signal: given.signal, ref: false }); // prettier-ignore
      await Promise.race([closed, patience]).finally(() => given.abort());
      things.clear();
    },
  };
}

/** The same error once in 10 seconds. */
export function lessOften(
  report: (error: Error) => void,
): (error: Error) => void {
  let last = { message: "", time: -Infinity };
  return (error) => {
    const time = performance.now();
    if (error.message === last.message && time - last.time < 10_000) return;
    last = { message: error.message, time };
    report(error);
  };
}
