/** @file Changes of a job's state: each is one atomic step of its record, followed by an event in its log. */
import type { Service } from "../service.ts";
import { countState } from "./figures.ts";
import { isEnded, type JobEvent, type JobFailure, type JobRecord, type JobResult } from "./record.ts"; // prettier-ignore
import { trackCancelling, trackEnded } from "./tracking.ts";
import { unitsOf } from "./units.ts";

/** Name of a job's log in the store. */
export const logOf = (job: string): string => `job.${job}`;

/** Applies `change` to the record; where that moves its state, the log says so. */
export async function changeJob(
  { backend: { store } }: Pick<Service, "backend">,
  id: string,
  change: (record: JobRecord) => JobRecord,
): Promise<JobRecord | null> {
  let moved = false;
  const record = await store.update("job", id, (old) => {
    const next = change(old);
    moved = next.state !== old.state;
    return next;
  });
  if (!record || !moved) return record;
  const { state } = record;
  const event: JobEvent = { type: "state", state };
  await Promise.all([
    store.appendEvent(logOf(id), event),
    countState(store, record),
  ]);
  if (state === "cancelling") await trackCancelling(store, id);
  if (isEnded(state)) await trackEnded(store, record);
  return record;
}

const now = () => new Date().toISOString();

/** queued → running */
export const beginJob = (service: Service, id: string) =>
  changeJob(service, id, (old) =>
    old.state === "queued"
      ? { ...old, state: "running", startedAt: now() }
      : old,
  );

/** queued, running → succeeded; a job that is being cancelled is not. */
export const succeedJob = (service: Service, id: string, result: JobResult) =>
  changeJob(service, id, (old) =>
    old.state === "running" || old.state === "queued"
      ? { ...old, state: "succeeded", endedAt: now(), result, progress: { done: old.progress.total, total: old.progress.total } } // prettier-ignore
      : old,
  );

/** queued, running → failed */
export const failJob = (service: Service, id: string, failure: JobFailure) =>
  changeJob(service, id, (old) =>
    old.state === "running" || old.state === "queued"
      ? { ...old, state: "failed", endedAt: now(), failure }
      : old,
  );

/** queued → cancelled, running → cancelling */
export const askToCancel = (service: Service, id: string) =>
  changeJob(service, id, (old) => {
    if (old.state === "queued")
      return { ...old, state: "cancelled", endedAt: now() };
    return old.state === "running" ? { ...old, state: "cancelling" } : old;
  });

/** cancelling → cancelled, once nobody works on it: `isWorkedOn` may know that one who seems to does not. */
export async function settleCancelled(
  service: Service,
  id: string,
  isWorkedOn: (unit: string) => boolean = () => true,
): Promise<JobRecord | null> {
  const units = await unitsOf(service.backend.store, id);
  if (units.some(({ running, unit }) => running && isWorkedOn(unit)))
    return service.backend.store.get("job", id);
  return changeJob(service, id, (old) =>
    old.state === "cancelling"
      ? { ...old, state: "cancelled", endedAt: now() }
      : old,
  );
}

/** For whoever lets go of a unit without having been stopped: the last one to let go makes the job cancelled. */
export async function settleIfCancelling(
  service: Service,
  id: string,
): Promise<void> {
  const record = await service.backend.store.get("job", id);
  if (record?.state === "cancelling") await settleCancelled(service, id);
}
