/** @file One activation of a unit: it takes a fence, runs the handler, and commits, hands back, or fails. */
import { mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import { DelayedError, WaitingChildrenError, WaitingError } from "bullmq";
import type { Compute } from "../compute/tasks.ts";
import { StaleFenceError, Stop, type Handler, type Handlers } from "../handlers/work.ts"; // prettier-ignore
import { beginJob, failJob, settleCancelled, settleIfCancelling, succeedJob } from "../jobs/change.ts"; // prettier-ignore
import { dequeueJob, enqueueUnits, priorities, type JobContext, type QueueJob } from "../jobs/queues.ts"; // prettier-ignore
import { isEnded, type JobFailure, type JobKind, type JobRecord, type JobResult } from "../jobs/record.ts"; // prettier-ignore
import { changeUnit, mainUnit, releaseUnit, takeUnit, unitId, unitsOf, type UnitRecord } from "../jobs/units.ts"; // prettier-ignore
import { backoff, failureOf, isRetryable, messageOf, poisoned } from "./failure.ts"; // prettier-ignore
import { makeWork } from "./make-work.ts";
import { patiently } from "./patiently.ts";
import { openTelling } from "./telling.ts";
import type { Running } from "./watch.ts";

export interface ActivationContext extends JobContext {
  readonly compute: Compute;
  readonly handlers: { readonly [K in JobKind]: Handlers<K> };
}

interface Activation {
  readonly context: ActivationContext;
  /** What BullMQ holds for it, under a lock that `token` owns. */
  readonly queued: QueueJob;
  readonly token: string;
  readonly signal: AbortSignal;
  readonly running: Running;
}

/**
 * Resolves where the unit has nothing more to do in the queue; rejects with one of BullMQ's errors where it was moved
 * elsewhere in it, or where the lock is another's.
 */
export async function activate(activation: Activation): Promise<void> {
  const { context, running, queued, signal } = activation;
  const { service } = context;
  const { store } = service.backend;
  const { job: id, unit: name } = queued.data;
  const before = await patiently(() => store.get("job", id), signal);
  if (!before || isEnded(before.state)) return;
  const unit = await patiently(() => takeUnit(store, id, name), signal);
  if (unit.outcome) return unit.unit === mainUnit ? finish(context, unit) : undefined; // prettier-ignore
  running.fence = unit.fence;
  const begun = await patiently(() => beginJob(service, id), signal);
  if (!begun || begun.state !== "running")
    return letGo(activation, unit, "cancelled");
  const { maxStarts } = service.config;
  if (unit.starts > maxStarts)
    return fail(activation, unit, poisoned(name, maxStarts, unit.trouble));
  try {
    await work(activation, begun, unit);
  } catch (error) {
    await endBadly(activation, unit, error);
  }
}

async function work(
  activation: Activation,
  job: JobRecord,
  unit: UnitRecord,
): Promise<void> {
  const { context, signal } = activation;
  const { service, compute } = context;
  const { store } = service.backend;
  const id = unitId(job.id, unit.unit);
  const handlers = context.handlers[job.kind] as unknown as Handlers;
  const handler: Handler = unit.unit === mainUnit ? handlers.main : handlers.unit; // prettier-ignore
  const run = async () => {
    const folder = await mkdtemp(path.join(service.scratch, "work-"));
    const telling = openTelling(service, job.id);
    try {
      return await handler(makeWork({ service, compute, job, unit, folder, signal, telling })); // prettier-ignore
    } finally {
      await telling.flush();
      await rm(folder, { recursive: true, force: true });
    }
  };
  let asked: readonly string[] = [];
  let answer = await run();
  while (answer.type === "children") {
    if (await waitForUnits(activation, job, unit, answer.units)) {
      await patiently(() => releaseUnit(store, id, unit.fence, { spent: false })); // prettier-ignore
      await settleIfCancelling(service, job.id);
      throw new WaitingChildrenError();
    }
    // They ended before this one could wait for them.
    if (answer.units.join() === asked.join())
      throw new RangeError(
        `job ${job.id}: expected its unit ${unit.unit} to ask for units that have not ended, got ${asked.join(", ")} twice`,
      );
    asked = answer.units;
    answer = await run();
  }
  const outcome = { result: answer.result ?? null };
  const ended = await patiently(
    () => changeUnit(store, id, { fence: unit.fence, outcome, running: false }),
    signal,
  );
  if (unit.unit === mainUnit) await patiently(() => finish(context, ended));
  else await patiently(() => settleIfCancelling(service, job.id));
}

/** Whether it waits now; false where all of them have ended. */
async function waitForUnits(
  { context, signal, queued, token }: Activation,
  job: JobRecord,
  unit: UnitRecord,
  asked: readonly string[],
): Promise<boolean> {
  const { store } = context.service.backend;
  const id = unitId(job.id, unit.unit);
  await patiently(() => changeUnit(store, id, { fence: unit.fence, waitsFor: asked }), signal); // prettier-ignore
  const units = await patiently(() => unitsOf(store, job.id), signal);
  const ended = new Set(units.filter((u) => u.outcome).map((u) => u.unit));
  const open = asked.filter((name) => !ended.has(name));
  if (open.length === 0) return false;
  await enqueueUnits(context, job, open);
  await queued.changePriority({ priority: priorities.begun });
  return queued.moveToWaitingChildren(token);
}

/** The main unit has a result: so has the job, unless it was cancelled first. May be repeated. */
export async function finish(
  { service }: JobContext,
  { job, outcome }: UnitRecord,
): Promise<void> {
  const record = await succeedJob(service, job, outcome?.result as JobResult);
  if (record?.state === "cancelling") await settleCancelled(service, job);
}

async function endBadly(
  activation: Activation,
  unit: UnitRecord,
  error: unknown,
): Promise<void> {
  if (isBullMove(error)) throw error;
  const { context, signal, queued, token } = activation;
  const { service } = context;
  const { store } = service.backend;
  const fields = { job: unit.job, unit: unit.unit, fence: unit.fence };
  const reason: unknown = signal.reason;
  if (signal.aborted && reason instanceof Stop)
    return letGo(activation, unit, reason.why);
  if (error instanceof StaleFenceError) {
    service.log.warn(fields, error.message);
    throw new WaitingError();
  }
  service.log.warn({ ...fields, err: error }, "an activation failed");
  if (!isRetryable(error)) return fail(activation, unit, failureOf(error));
  const trouble = messageOf(error);
  if (unit.starts >= service.config.maxStarts)
    return fail(activation, unit, poisoned(unit.unit, unit.starts, trouble));
  await patiently(() => releaseUnit(store, unitId(unit.job, unit.unit), unit.fence, { spent: true, trouble })); // prettier-ignore
  await settleIfCancelling(service, unit.job);
  await queued.changePriority({ priority: priorities.begun });
  await queued.moveToDelayed(Date.now() + backoff(unit.starts), token);
  throw new DelayedError();
}

const isBullMove = (error: unknown): boolean =>
  error instanceof WaitingError ||
  error instanceof DelayedError ||
  error instanceof WaitingChildrenError;

/** Ends an activation that was stopped, which is not the unit's fault. */
async function letGo(
  { context: { service }, queued, token }: Activation,
  { job, unit, fence }: UnitRecord,
  why: Stop["why"],
): Promise<void> {
  const { store } = service.backend;
  await patiently(() => releaseUnit(store, unitId(job, unit), fence, { spent: false })); // prettier-ignore
  if (why === "cancelled") {
    await patiently(() => settleCancelled(service, job));
    return;
  }
  // Without the lock there is nothing to move; it is another's to go on with.
  if (why === "shutdown") await queued.moveToWait(token);
  throw new WaitingError();
}

/** The job has failed, and what is left of it stops. */
async function fail(
  { context }: Activation,
  { job, unit, fence }: UnitRecord,
  failure: JobFailure,
): Promise<void> {
  const { service } = context;
  const { store } = service.backend;
  await patiently(() => changeUnit(store, unitId(job, unit), { fence, running: false, trouble: failure.detail })); // prettier-ignore
  const record = await patiently(() => failJob(service, job, failure));
  if (record?.state === "cancelling") await settleCancelled(service, job);
  if (record) await dequeueJob(context, record);
}
