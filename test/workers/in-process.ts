/** @file Compute without a process: tasks run where the test does, and end as in a compute process when they are stopped. */
import { loadTask } from "../../src/workers/compute/tasks/index.ts";
import type { Compute } from "../../src/workers/compute/tasks.ts";
import { taskContext } from "./task-context.ts";

/** An event that its caller refuses ends the task with that error, as an abort does with its reason. */
export const inProcess: Compute = {
  async run(name, params, { signal, onEvent } = {}) {
    signal?.throwIfAborted();
    const stop = new AbortController();
    const abort = () => stop.abort(new Error("compute: the task was aborted"));
    signal?.addEventListener("abort", abort);
    let refused: unknown = null;
    try {
      const run = await loadTask(name);
      return await run(params, {
        ...taskContext<typeof name>({ signal: stop.signal }),
        async tell(event) {
          try {
            await onEvent?.(event);
          } catch (error) {
            refused ??= error;
            abort();
          }
        },
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw refused ?? error;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  },
};
