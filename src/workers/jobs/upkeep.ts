/** @file What a process with workers does for all jobs, again and again: reconciling, and removing what is old. */
import type { JobContext } from "./queues.ts";
import { reconcile } from "./reconcile.ts";
import { removeOld } from "./retention.ts";

const reconcileEvery = 30_000;
const removeEvery = 3_600_000;

/** Reconciles before it resolves; the returned function ends it. */
export async function startUpkeep(context: JobContext): Promise<() => void> {
  const { log } = context.service;
  const again = (what: string, act: () => Promise<void>, every: number) => {
    const run = () => act().catch((error: unknown) => log.warn({ err: error }, `${what} failed`)); // prettier-ignore
    let timer: NodeJS.Timeout | undefined;
    let ended = false;
    const plan = (ms: number) => {
      // Processes started together must not do it together.
      timer = setTimeout(() => void run().then(() => ended || plan(every)), ms * (0.8 + 0.4 * Math.random())); // prettier-ignore
      timer.unref();
    };
    plan(every);
    return {
      run,
      end: () => {
        ended = true;
        clearTimeout(timer);
      },
    };
  };
  const reconciling = again("reconciling", () => reconcile(context), reconcileEvery); // prettier-ignore
  const removing = again("removing old jobs", () => removeOld(context), removeEvery); // prettier-ignore
  await reconciling.run();
  void removing.run();
  return () => {
    reconciling.end();
    removing.end();
  };
}
