/** @file Submitting a job: recorded first, then queued, so that what was acknowledged is found again whatever happens. */
import { changeJob, logOf } from "./change.ts";
import { countState } from "./figures.ts";
import type { JobRequest } from "./jobs.ts";
import { enqueueJob, type JobContext } from "./queues.ts";
import type { JobEvent, JobKind, JobRecord } from "./record.ts";
import { trackOpen, untrack } from "./tracking.ts";

export async function submitJob<K extends JobKind>(
  context: JobContext,
  request: JobRequest<K>,
): Promise<JobRecord<K>> {
  const { store } = context.service.backend;
  const record = newRecord(request);
  await trackOpen(store, record);
  const isNew = await store.insert("job", record.id, record, {
    owner: record.owner,
  });
  if (!isNew) return known(context, record);
  try {
    await store.appendEvent(logOf(record.id), { type: "state", state: "queued" } satisfies JobEvent); // prettier-ignore
    await enqueueJob(context, record);
  } catch (error) {
    // What cannot be removed either, because the backend is away, is queued when it is back: a repeated call finds it.
    await store.remove("job", record.id);
    await store.removeEvents(logOf(record.id));
    await untrack(store, "open", record.id);
    throw error;
  }
  await countState(store, record);
  return record;
}

/** The job that has this id already; its first submission may not have come as far as the queue. */
async function known<K extends JobKind>(
  context: JobContext,
  { id, owner, kind }: JobRecord<K>,
): Promise<JobRecord<K>> {
  const record = await changeJob(context.service, id, (old) => old);
  if (record?.owner !== owner || record.kind !== kind)
    throw new RangeError(
      `job ${id}: expected an id of no other job, got that of one`,
    );
  if (record.state === "queued") await enqueueJob(context, record);
  return record as JobRecord<K>;
}

function newRecord<K extends JobKind>({
  model: { id: model, sha256, licence, units },
  input,
  ...request
}: JobRequest<K>): JobRecord<K> {
  const isTable = request.kind === "embed" || request.kind === "score";
  return {
    ...request,
    state: "queued",
    createdAt: new Date().toISOString(),
    startedAt: null,
    endedAt: null,
    model: { id: model, sha256, licence, units },
    input,
    // What training and sampling amount to, their first progress tells.
    progress: { done: 0, total: isTable ? input.residues : 0 },
    result: null,
    failure: null,
  };
}
