/** @file A program in threads of its own: calls run side by side, and the calling thread goes on meanwhile. */
import type { TypedArray } from "../../dtype.ts";
import type { Executable } from "../backend.ts";
import type { Encoded } from "./session.ts";
import { openThread, type SessionThread } from "./session-thread.ts";

/** An executable nobody refers to any more takes its threads with it. */
const collected = new FinalizationRegistry<readonly SessionThread[]>((idle) => {
  for (const thread of idle) void thread.close();
});

/** At most `most` threads, the first started now, the others when as many calls are under way; more calls wait in line. */
export async function openPool(
  encoded: Encoded,
  most: number,
): Promise<Executable> {
  const { inputs } = encoded;
  const idle = [await openThread(encoded)];
  const line: (() => void)[] = [];
  let free = most;

  const enter = async (): Promise<void> => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => line.push(resolve));
  };
  const leave = (): void => {
    const next = line.shift();
    if (next) next();
    else free++;
  };

  const executable: Executable = {
    async run(given, sizes) {
      await enter();
      try {
        const thread = idle.pop() ?? (await openThread(encoded));
        try {
          return await thread.run(
            inputs.map((port, i) => ({
              name: port.name,
              element: port.element,
              // A copy of its own: moving it takes it from whoever holds it here.
              data: (given[i] as TypedArray).slice(),
              dims: port.shape(sizes),
            })),
          );
        } finally {
          if (thread.isOpen) idle.push(thread);
        }
      } finally {
        leave();
      }
    },
    dispose() {
      for (const thread of idle.splice(0)) void thread.close();
    },
  };
  collected.register(executable, idle);
  return executable;
}
