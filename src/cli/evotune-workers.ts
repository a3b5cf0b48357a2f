/** @file The other processes of `evotune --parallel`: the same command, once for each of the trials at the same time. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";

/** Set in a worker to its number. */
const workerVariable = "UNIREP_EVOTUNE_WORKER";

/** Number of this process, from its environment; 0 leads. */
export const workerNumber = (): number =>
  Number(process.env[workerVariable] ?? 0);

/**
 * Starts workers 1 to `count` - 1 with the arguments of this process; `onFailure` hears of one that ends badly. They end
 * when this process does, however it ends. Returns what asks them to stop after a checkpoint and waits until they have.
 */
export function startWorkers(
  count: number,
  onFailure: (error: Error) => void,
): () => Promise<void> {
  let stopping = false;
  const children: ChildProcess[] = [];
  for (let worker = 1; worker < count; worker++) {
    const child = fork(process.argv[1], process.argv.slice(2), {
      env: { ...process.env, [workerVariable]: String(worker) },
      // Ctrl-C on a terminal is for the leader, which passes it on by closing the channel.
      detached: true,
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    children.push(child);
    child.on("exit", (code, signal) => {
      if (code !== 0 && !stopping)
        onFailure(
          new Error(
            `evotune: worker ${worker} ended with ${signal ?? `exit code ${code}`}; its trial is kept, --resume goes on`,
          ),
        );
    });
  }
  return async () => {
    stopping = true;
    await Promise.all(
      children.map(async (child) => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const ended = once(child, "exit");
        if (child.connected) child.disconnect();
        await ended;
      }),
    );
  };
}

/** Runs a worker's `work` with a signal that aborts when the leader is gone, which is no error of the worker's. */
export async function whileLed(
  stop: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const gone = new AbortController();
  process.once("disconnect", () => gone.abort());
  try {
    await work(AbortSignal.any([stop, gone.signal]));
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  }
  // The channel would keep the process alive.
  if (process.connected) process.disconnect();
}
