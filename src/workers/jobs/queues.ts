/** @file What goes into a queue and out of it: one BullMQ job for each unit that has to be worked on. */
import type { Job, JobsOptions, Queue } from "bullmq";
import type { Service } from "../service.ts";
import { jobKinds, type JobKind, type JobRecord } from "./record.ts";
import { mainUnit, unitId, unitsOf } from "./units.ts";

/** All that a queue knows of the work. */
export interface QueueData {
  readonly job: string;
  readonly unit: string;
}

export type Queues = Readonly<Record<JobKind, Queue>>;

/** What the functions of this folder work with. */
export interface JobContext {
  readonly service: Service;
  readonly queues: Queues;
}

export const openQueues = (service: Service): JobContext => ({
  service,
  queues: Object.fromEntries(
    jobKinds.map((kind) => [kind, service.backend.queue(kind)]),
  ) as Record<JobKind, Queue>,
});

/**
 * Jobs run in the order they came. What has begun goes first (lower numbers do): a job's units do not wait behind the jobs
 * that came after it, and a job whose units have ended, or that was interrupted, does not wait behind anyone's units.
 */
export const priorities = { begun: 1, unit: 2, job: 3 } as const;

/**
 * The store counts starts and says how a unit ended, so that nothing stays in a queue and a unit can always be added again.
 * BullMQ's own attempts are for its processor failing, as where the store is away: those wait and go on.
 */
const always = {
  removeOnComplete: true,
  removeOnFail: true,
  attempts: 1_000_000,
  backoff: { type: "fixed", delay: 5000 },
} as const satisfies JobsOptions;

/** Queues a job's main unit; what is queued already stays as it is. */
export async function enqueueJob(
  { queues }: JobContext,
  { id, kind, state }: Pick<JobRecord, "id" | "kind" | "state">,
): Promise<void> {
  const data: QueueData = { job: id, unit: mainUnit };
  await queues[kind].add(kind, data, {
    ...always,
    jobId: unitId(id, mainUnit),
    priority: state === "queued" ? priorities.job : priorities.begun,
  });
}

/** Queues units that the main unit waits for; those queued already are linked to it. */
export async function enqueueUnits(
  { queues }: JobContext,
  { id, kind }: Pick<JobRecord, "id" | "kind">,
  units: readonly string[],
): Promise<void> {
  const queue = queues[kind];
  const parent = { id: unitId(id, mainUnit), queue: queue.qualifiedName };
  await queue.addBulk(
    units.map((unit) => ({
      name: kind,
      data: { job: id, unit } satisfies QueueData,
      opts: { ...always, jobId: unitId(id, unit), priority: priorities.unit, parent }, // prettier-ignore
    })),
  );
}

/** Few enough that whoever else asks the backend need not wait. */
const removedAtOnce = 20;

/** Takes a job's units out of the queue, but for those being worked on, which end by themselves. */
export async function dequeueJob(
  { service, queues }: JobContext,
  { id, kind }: Pick<JobRecord, "id" | "kind">,
): Promise<void> {
  const queue = queues[kind];
  const units = await unitsOf(service.backend.store, id);
  const asked = units.find(({ unit }) => unit === mainUnit)?.waitsFor ?? [];
  const ended = new Set(units.filter((u) => u.outcome).map(({ unit }) => unit));
  const others = new Set([...asked, ...units.map(({ unit }) => unit)].filter((unit) => unit !== mainUnit && !ended.has(unit))); // prettier-ignore
  const remove = (unit: string) =>
    queue.remove(unitId(id, unit), { removeChildren: false });
  // The main unit first, else the last of the others would send it back to work.
  await remove(mainUnit);
  const names = [...others];
  while (names.length > 0)
    await Promise.all(names.splice(0, removedAtOnce).map(remove));
}

/** Ids of all that a queue holds, by whether they wait for others. */
export async function idsInQueue(queue: Queue): Promise<{
  readonly all: ReadonlySet<string>;
  readonly waitingForUnits: ReadonlySet<string>;
}> {
  const range = (type: "waiting-children" | "wait" | "prioritized" | "delayed" | "active") => queue.getRanges([type], 0, -1); // prettier-ignore
  const waitingForUnits = await range("waiting-children");
  // In the order that work goes through them, so that what moves meanwhile is found where it goes.
  const others = [await range("delayed"), await range("prioritized"), await range("wait"), await range("active")]; // prettier-ignore
  return {
    all: new Set([waitingForUnits, ...others].flat()),
    waitingForUnits: new Set(waitingForUnits),
  };
}

export type QueueJob = Job<QueueData>;
