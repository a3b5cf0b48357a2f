/** @file Refusing new jobs while too many wait: before anything of them is read. */
import type { Api } from "./api.ts";
import { Problem } from "./problems.ts";

/** Depths are asked for once in so long, however many requests come. */
const freshMs = 250;

interface Depth {
  readonly at: number;
  readonly waiting: Promise<number>;
}

const known = new WeakMap<Api["jobs"], Depth>();

/** A 503 with Retry-After where more than `maxQueuedJobs` pieces of work wait. */
export async function admit(api: Api): Promise<void> {
  const most = api.service.config.maxQueuedJobs;
  const waiting = await depthOf(api.jobs);
  if (waiting >= most)
    throw new Problem("overloaded", `api: expected fewer than ${most} waiting jobs, got ${waiting}`, { retryAfter: 30 }); // prettier-ignore
}

function depthOf(jobs: Api["jobs"]): Promise<number> {
  const last = known.get(jobs);
  if (last && performance.now() - last.at < freshMs) return last.waiting;
  const waiting = jobs
    .depth()
    .then((depth) =>
      Object.values(depth).reduce((sum, queue) => sum + queue.waiting, 0),
    );
  known.set(jobs, { at: performance.now(), waiting });
  return waiting;
}
