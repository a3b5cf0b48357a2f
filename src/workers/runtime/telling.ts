/** @file Events of running work on their way to the job's log: not too many, in order, and never in the work's way. */
import { logOf } from "../jobs/change.ts";
import type { JobEvent, JobRecord } from "../jobs/record.ts";
import type { Service } from "../service.ts";

/** Milliseconds between two events of one kind, and between two changes of the record, which may be large. */
const eventEvery = 250;
const recordEvery = 1000;

type Rate = Extract<JobEvent, { readonly type: "progress" | "step" }>;

const isRate = (event: JobEvent): event is Rate =>
  event.type === "progress" || event.type === "step";

const keyOf = (event: Rate): string =>
  event.type === "step" ? `step ${event.trial} ${event.fold}` : event.type;

export interface Telling {
  tell(event: JobEvent): Promise<void>;
  /** Writes what still waits; called when the work has ended. */
  flush(): Promise<void>;
}

/** An event that cannot be written is logged and lost: results never hang on it. */
export function openTelling(service: Service, job: string): Telling {
  const { store } = service.backend;
  const lastAt = new Map<string, number>();
  const waiting = new Map<string, Rate>();
  let timer: NodeJS.Timeout | undefined;
  let recordAt = -Infinity;
  let unwritten: Rate | null = null;
  let queue = Promise.resolve();

  const inOrder = (write: () => Promise<unknown>): Promise<void> => {
    queue = queue.then(write).then(
      () => {},
      (error: unknown) =>
        service.log.warn({ job, err: error }, "an event could not be written"),
    );
    return queue;
  };

  const write = (event: JobEvent) =>
    inOrder(async () => {
      await store.appendEvent(logOf(job), event);
      if (event.type === "progress") await record(event, recordEvery);
    });

  const record = async (event: Rate, every: number) => {
    if (event.type !== "progress") return;
    unwritten = event;
    if (performance.now() - recordAt < every) return;
    recordAt = performance.now();
    unwritten = null;
    const { done, total } = event;
    await store.update("job", job, (old) => grown(old, { done, total }));
  };

  const writeWaiting = () => {
    clearTimeout(timer);
    timer = undefined;
    for (const [key, event] of waiting) {
      lastAt.set(key, performance.now());
      void write(event);
    }
    waiting.clear();
    return queue;
  };

  return {
    async tell(event) {
      if (!isRate(event)) {
        void writeWaiting();
        return write(event);
      }
      const key = keyOf(event);
      const since = performance.now() - (lastAt.get(key) ?? -Infinity);
      if (since >= eventEvery && !timer) {
        lastAt.set(key, performance.now());
        return write(event);
      }
      waiting.set(key, event);
      timer ??= setTimeout(() => void writeWaiting(), eventEvery);
    },
    async flush() {
      await writeWaiting();
      await inOrder(async () => {
        if (unwritten) await record(unwritten, 0);
      });
    },
  };
}

/** Units run side by side: what one of them knows may be less than what another has told. */
function grown(old: JobRecord, { done, total }: JobRecord["progress"]) {
  if (old.state !== "running") return old;
  const progress = { done: Math.max(done, old.progress.done), total };
  return { ...old, progress };
}
