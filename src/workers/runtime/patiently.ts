/** @file Calls to a store that may be away for a while, made until it answers. */
import { setTimeout as sleep } from "node:timers/promises";
import { StaleFenceError } from "../handlers/work.ts";

/** Milliseconds between two tries, and for all of them: a Redis that restarts is back long before. */
const pause = 250;
const patience = 60_000;

/** Tries again until `signal` aborts; a first try is always made, since a shutdown must still keep what it can. */
export async function patiently<T>(
  call: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const deadline = performance.now() + patience;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      const over = signal?.aborted || performance.now() > deadline;
      if (over || error instanceof StaleFenceError) throw error;
      // A process that has nothing else left may end.
      await sleep(pause, undefined, { ref: false });
    }
  }
}
