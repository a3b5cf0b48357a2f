/** @file A task in a compute process as its caller waits for it: events in turn, an abort that insists, one outcome. */
import type { ToProcess } from "./protocol.ts";
import type { RunOptions, TaskEvent, TaskName, TaskValue } from "./tasks.ts";

/** What its process tells of a task. */
export interface RunningTask {
  readonly name: TaskName;
  event(event: number, value: unknown): void;
  done(value: unknown): void;
  failed(error: unknown): void;
  /** Whatever its process may still say, this is what it ends with. */
  doom(reason: unknown): void;
}

export interface Reach {
  readonly send: (message: ToProcess) => void;
  readonly kill: (signal: "SIGTERM" | "SIGKILL") => void;
  /** Milliseconds from an abort to SIGTERM, and from there to SIGKILL. */
  readonly graceMs: number;
}

export function followTask<T extends TaskName>(
  id: number,
  name: T,
  { signal, onEvent }: RunOptions<T>,
  { send, kill, graceMs }: Reach,
): { readonly task: RunningTask; readonly outcome: Promise<TaskValue<T>> } {
  let doom: { readonly reason: unknown } | null = null;
  let events = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;

  const stop = (reason: unknown) => {
    if (doom) return;
    doom = { reason };
    send({ type: "abort", id });
    timer = setTimeout(() => {
      kill("SIGTERM");
      timer = setTimeout(() => kill("SIGKILL"), graceMs);
    }, graceMs);
  };
  const onAbort = () => stop(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });

  let resolve!: (value: TaskValue<T>) => void;
  let reject!: (error: unknown) => void;
  const outcome = new Promise<TaskValue<T>>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  const end = (finish: () => void) => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    // The caller may still deal with an event, in a folder that it removes after the outcome.
    void events.then(() => {
      if (doom) reject(doom.reason);
      else finish();
    });
  };
  const task: RunningTask = {
    name,
    event(event, value) {
      const ack = (refused: string | null) =>
        send({ type: "ack", id, event, refused });
      events = events
        .then(() => onEvent?.(value as TaskEvent<T>))
        .then(
          () => ack(null),
          (error: unknown) => {
            stop(error);
            ack(error instanceof Error ? error.message : String(error));
          },
        );
    },
    done: (value) => end(() => resolve(value as TaskValue<T>)),
    failed: (error) => end(() => reject(error)),
    doom: (reason) => (doom ??= { reason }),
  };
  return { task, outcome };
}
