/** @file Figures about all jobs of a service: sums in the store, so that each job counts once on whichever machine it moves on. */
import type { Store } from "../store/store.ts";
import { jobKinds, jobStates, type JobKind, type JobRecord, type JobState } from "./record.ts"; // prettier-ignore

export interface JobFigures {
  readonly kind: JobKind;
  /** Jobs that ever came to each state. */
  readonly states: Readonly<Record<JobState, number>>;
  /** Time from submission to first activation: jobs within each of `waitBuckets` and not in one before, those beyond all last. */
  readonly waits: readonly number[];
  /** Sum of those times. */
  readonly waitedSeconds: number;
}

/** Seconds; upper ends. */
export const waitBuckets = [0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200] as const; // prettier-ignore

/** Longer than any service is kept. */
const seconds = 100 * 365 * 86_400;

const stateCounter = (kind: JobKind, state: JobState) => `figures:${kind}:${state}`; // prettier-ignore
const waitCounter = (kind: JobKind, bucket: number | "ms") => `figures:${kind}:wait:${bucket}`; // prettier-ignore

/** Counts that a job has come to its state. A crash just before loses that count, nothing else. */
export async function countState(
  store: Pick<Store, "count">,
  { kind, state, createdAt, startedAt }: JobRecord,
): Promise<void> {
  const counts: [string, number][] = [];
  if (state === "running" && startedAt !== null) {
    const ms = Math.max(0, Date.parse(startedAt) - Date.parse(createdAt));
    const found = waitBuckets.findIndex((end) => ms <= end * 1000);
    const bucket = found < 0 ? waitBuckets.length : found;
    counts.push([waitCounter(kind, bucket), 1], [waitCounter(kind, "ms"), ms]);
  } else counts.push([stateCounter(kind, state), 1]);
  // A figure is not worth failing a job, or beginning a step of it again.
  await Promise.allSettled(counts.map(([counter, n]) => store.count(counter, n, seconds))); // prettier-ignore
}

/** Rejects where the backend is away. */
export const readFigures = (
  store: Pick<Store, "count">,
): Promise<readonly JobFigures[]> =>
  Promise.all(
    jobKinds.map(async (kind): Promise<JobFigures> => {
      const read = (counter: string) => store.count(counter, 0, seconds);
      const ends = [...waitBuckets.keys(), waitBuckets.length];
      const [waits, waitedMs, counts] = await Promise.all([
        Promise.all(ends.map((bucket) => read(waitCounter(kind, bucket)))),
        read(waitCounter(kind, "ms")),
        Promise.all(jobStates.map((state) => read(stateCounter(kind, state)))),
      ]);
      const states = Object.fromEntries(jobStates.map((state, i) => [state, counts[i]])); // prettier-ignore
      // Each job that runs has waited before, once.
      const running = waits.reduce((sum, n) => sum + n, 0);
      return { kind, states: { ...(states as JobFigures["states"]), running }, waits, waitedSeconds: waitedMs / 1000 }; // prettier-ignore
    }),
  );
