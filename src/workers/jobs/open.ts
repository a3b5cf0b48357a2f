/** @file Opens the jobs of a service, as the API uses them. */
import type { Compute } from "../compute/tasks.ts";
import type { Service } from "../service.ts";
import { cancelJob } from "./cancel.ts";
import { logOf } from "./change.ts";
import type { Jobs, QueueDepth } from "./jobs.ts";
import { listJobs } from "./list.ts";
import { openQueues } from "./queues.ts";
import { jobKinds, type JobKind } from "./record.ts";
import { submitJob } from "./submit.ts";
import { openTables } from "./table.ts";

/** `compute` makes tables in other formats. */
export function openJobs(service: Service, compute: Compute): Jobs {
  const context = openQueues(service);
  const { store } = service.backend;
  const owned = async (id: string, owner: string) => {
    const record = await store.get("job", id);
    return record?.owner === owner ? record : null;
  };
  const depthOf = async (kind: JobKind): Promise<QueueDepth> => {
    const count = await context.queues[kind].getJobCounts("wait", "prioritized", "delayed", "active"); // prettier-ignore
    const { wait = 0, waiting = 0, prioritized = 0, delayed = 0, active = 0 } = count; // prettier-ignore
    return { waiting: wait + waiting + prioritized + delayed, active };
  };
  return {
    submit: (request) => submitJob(context, request),
    get: owned,
    list: (owner, options) => listJobs(store, owner, options),
    cancel: async (id, owner) =>
      (await owned(id, owner)) && cancelJob(context, id),
    events: (id, after, limit) => store.readEvents(logOf(id), after, limit),
    table: openTables(service, compute),
    depth: async () =>
      Object.fromEntries(
        await Promise.all(
          jobKinds.map(async (kind) => [kind, await depthOf(kind)] as const),
        ),
      ) as Record<JobKind, QueueDepth>,
  };
}
