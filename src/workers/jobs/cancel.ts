/** @file Cancelling a job: its record says so, its units leave the queue, and whoever works on it sees it within a second. */
import { askToCancel, settleCancelled } from "./change.ts";
import { dequeueJob, type JobContext } from "./queues.ts";
import { isEnded, type JobRecord } from "./record.ts";

/** May be repeated, and is where a backend went away half-way: every step is done again. Null where there is no such job. */
export async function cancelJob(
  context: JobContext,
  id: string,
): Promise<JobRecord | null> {
  const { service } = context;
  const before = await service.backend.store.get("job", id);
  if (!before || isEnded(before.state)) return before;
  const asked = await askToCancel(service, id);
  if (asked?.state !== "cancelling" && asked?.state !== "cancelled")
    return asked;
  await dequeueJob(context, asked);
  return settleCancelled(service, id);
}
