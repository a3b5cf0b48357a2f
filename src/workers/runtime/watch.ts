/** @file Looks at the records of running work, so that it stops where its job was cancelled or its unit begun elsewhere. */
import { Stop } from "../handlers/work.ts";
import { isEnded } from "../jobs/record.ts";
import { unitId } from "../jobs/units.ts";
import type { Service } from "../service.ts";

/** Milliseconds between two looks. */
const every = 500;

/** An activation as long as it runs in this process. */
export interface Running {
  readonly job: string;
  readonly unit: string;
  /** 0 until it has one. */
  fence: number;
  readonly stop: (why: Stop["why"]) => void;
}

/** Returns what ends the watch. */
export function watchRunning(
  { backend: { store }, log }: Service,
  running: ReadonlyMap<string, Running>,
): () => void {
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    const now = [...running.values()];
    const jobs = [...new Set(now.map(({ job }) => job))];
    const cancelled = new Set<string>();
    await Promise.all([
      ...jobs.map(async (job) => {
        const record = await store.get("job", job);
        const goesOn = record && record.state !== "cancelling" && !isEnded(record.state); // prettier-ignore
        if (!goesOn) cancelled.add(job);
      }),
      ...now.map(async ({ job, unit, fence, stop }) => {
        const latest = await store.get("unit", unitId(job, unit));
        if (fence > 0 && latest && latest.fence > fence) stop("lock lost");
      }),
    ]);
    for (const { job, stop } of now) if (cancelled.has(job)) stop("cancelled");
  }

  const plan = () => {
    timer = setTimeout(() => {
      const looked = running.size > 0 ? look() : Promise.resolve();
      void looked
        // A backend that is away says nothing of the work; locks are what it may lose by then.
        .catch((error: unknown) =>
          log.debug({ err: error }, "running work could not be watched"),
        ) // prettier-ignore
        .finally(() => {
          if (timer) plan();
        });
    }, every);
  };
  plan();
  return () => {
    clearTimeout(timer);
    timer = undefined;
  };
}
