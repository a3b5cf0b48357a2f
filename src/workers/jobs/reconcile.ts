/** @file Compares records with queues: what a queue has lost is put back, and what nobody works on any more is ended. */
import { changeJob, settleCancelled, succeedJob } from "./change.ts";
import { dequeueJob, enqueueJob, enqueueUnits, idsInQueue, type JobContext } from "./queues.ts"; // prettier-ignore
import { isEnded, jobKinds, type JobKind, type JobRecord, type JobResult } from "./record.ts"; // prettier-ignore
import { trackEnded, tracked, untrack, type TrackedJob } from "./tracking.ts";
import { mainUnit, unitId, unitsOf } from "./units.ts";

/** Milliseconds in which a submission that wrote no record must have failed. */
const abandonedAfter = 3_600_000;

type Ids = Awaited<ReturnType<typeof idsInQueue>>;

/**
 * May run in several processes at once, and beside everything else: each step is one that anyone may take at any time.
 * Only records of jobs that something is wrong with are read.
 */
export async function reconcile(context: JobContext): Promise<void> {
  const { service } = context;
  // Queues first: work that leaves one afterwards has written its outcome before.
  const queued = new Map<JobKind, Ids>();
  for (const kind of jobKinds)
    queued.set(kind, await idsInQueue(context.queues[kind]));
  for await (const track of tracked(service.backend.store, "open")) {
    const ids = queued.get(track.kind) as Ids;
    const main = unitId(track.job, mainUnit);
    const isWaiting = ids.waitingForUnits.has(main);
    if (ids.all.has(main) && !isWaiting && !track.cancelling) continue;
    await mend(context, track, ids).catch(
      (error: unknown) =>
      service.log.warn({ job: track.job, err: error }, "a job could not be looked after"), // prettier-ignore
    );
  }
}

async function mend(
  context: JobContext,
  track: TrackedJob,
  ids: Ids,
): Promise<void> {
  const { service } = context;
  const { store } = service.backend;
  const record = await store.get("job", track.job);
  if (!record) {
    if (Date.now() - Date.parse(track.at) > abandonedAfter)
      await untrack(store, "open", track.job);
    return;
  }
  if (isEnded(record.state)) {
    await dequeueJob(context, record);
    return trackEnded(store, record);
  }
  if (record.state === "cancelling") return endCancelled(context, record);
  const units = await unitsOf(store, record.id);
  const main = units.find(({ unit }) => unit === mainUnit);
  if (main?.outcome) {
    await succeedJob(service, record.id, main.outcome.result as JobResult);
    return;
  }
  if (!ids.waitingForUnits.has(unitId(record.id, mainUnit)))
    return putBack(context, record);
  const ended = new Set(units.filter((u) => u.outcome).map(({ unit }) => unit));
  const open = (main?.waitsFor ?? []).filter((unit) => !ended.has(unit));
  const lost = open.filter((unit) => !ids.all.has(unitId(record.id, unit)));
  if (lost.length > 0) {
    service.log.warn({ job: record.id, units: lost.length }, "units that the queue had lost were put back"); // prettier-ignore
    return enqueueUnits(context, record, lost);
  }
  if (open.length > 0) return;
  // It waits for nothing: what should have woken it is gone.
  const removed = await context.queues[record.kind].remove(unitId(record.id, mainUnit), { removeChildren: false }); // prettier-ignore
  if (removed > 0) await putBack(context, record);
}

async function putBack(context: JobContext, { id }: JobRecord): Promise<void> {
  const { service } = context;
  // It may have ended since the queue was read.
  const record = await changeJob(service, id, (old) => old);
  if (!record || isEnded(record.state)) return;
  await enqueueJob(context, record);
  service.log.warn({ job: id }, "a job that the queue had lost was put back");
}

/** Those who seem to work on it count only where the queue says so too: a killed worker says nothing. */
async function endCancelled(
  context: JobContext,
  record: JobRecord,
): Promise<void> {
  await dequeueJob(context, record);
  const queue = context.queues[record.kind];
  const active = new Set(await queue.getRanges(["active"], 0, -1));
  await settleCancelled(context.service, record.id, (unit) => active.has(unitId(record.id, unit))); // prettier-ignore
}
