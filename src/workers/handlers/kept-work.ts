/** @file Long work that outlives its activation: a folder kept in storage, restored by the next one, until there is a result. */
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { RunOptions, TaskEvent, TaskParams, TaskValue } from "../compute/tasks.ts"; // prettier-ignore
import type { JobKind } from "../jobs/record.ts";
import { DamagedSnapshotError, removeSuperseded, restoreFolder, saveFolder, snapshotSchema, type Snapshot } from "../storage/snapshots.ts"; // prettier-ignore
import { BadInputError, StaleFenceError, Stop, type Answer, type Work } from "./work.ts"; // prettier-ignore

/** What a unit keeps: the folder as it was last, and the result once there is one. */
const keptSchema = z.union([
  z.strictObject({ snapshot: snapshotSchema }),
  z.strictObject({ result: z.unknown() }),
]);

/** Of the time, saving takes one part in so many. */
const savingShare = 10;

export interface KeptFolder {
  readonly path: string;
  /** Nothing was kept: the work begins. */
  readonly isFresh: boolean;
  /** Runs a task that works in the folder, which is kept at its events with `save`, and when it is stopped. */
  run<T extends "study" | "sample">(
    task: T,
    params: TaskParams<T>,
    onEvent: (event: TaskEvent<T>["event"]) => Promise<void>,
  ): Promise<TaskValue<T>>;
}

/**
 * Does the work of a unit in a folder that is kept. `finish` runs until it has brought a result; an activation after that
 * gives the same result and does nothing.
 */
export async function keptWork<K extends JobKind>(
  work: Work<K>,
  finish: (folder: KeptFolder) => Promise<unknown>,
): Promise<Answer> {
  const { service, job, unit, fence, signal } = work;
  const { storage, log } = service;
  const place = { storage, prefix: `jobs/${job.id}/snapshots/${unit}`, fence };
  const folder = path.join(work.folder, "kept");
  const found = await work.kept();
  const kept = found === null ? null : keptSchema.parse(found);
  if (kept && "result" in kept) return { type: "done", result: kept.result };
  let last: Snapshot | null = kept?.snapshot ?? null;
  if (last && !(await isRestored(last))) last = null;
  if (!last) await mkdir(folder);
  let lookAgainAt = 0;

  /** Without its checkpoint the work begins again, which costs time but not the job. */
  async function isRestored(snapshot: Snapshot): Promise<boolean> {
    try {
      await restoreFolder(storage, snapshot, folder, signal);
      return true;
    } catch (error) {
      if (!(error instanceof DamagedSnapshotError)) throw error;
      log.warn({ err: error, job: job.id, unit, fence }, "work: a checkpoint is damaged, the work begins again"); // prettier-ignore
      await rm(folder, { recursive: true });
      return false;
    }
  }

  /** What could not be kept or told costs a repetition, not the job: only a later activation ends the work. */
  const orLog = (what: string) => (error: unknown) => {
    if (error instanceof StaleFenceError) throw error;
    log.warn({ err: error, job: job.id, unit, fence }, what);
  };

  const save = async () => {
    const begun = performance.now();
    const keep = async () => {
      const snapshot = await saveFolder(place, folder, last);
      // Work that ends each time at the same place has kept nothing new.
      if (isDeepStrictEqual(snapshot, last)) return;
      await work.keep({ snapshot });
      last = snapshot;
      await removeSuperseded(place, snapshot);
    };
    await keep().catch(orLog("work: the folder could not be kept"));
    const end = performance.now();
    lookAgainAt = end + (savingShare - 1) * (end - begun);
  };

  const run: KeptFolder["run"] = async (task, params, onEvent) => {
    const take: RunOptions<typeof task>["onEvent"] = async ({ event, save: isDue }) => {
      if (isDue && !signal.aborted && performance.now() >= lookAgainAt)
        await save();
      await onEvent(event).catch(orLog("work: an event could not be told"));
    }; // prettier-ignore
    try {
      return await work.compute.run(task, params, { signal, onEvent: take });
    } catch (error) {
      if (isWorthKeeping(error, signal)) await save();
      throw error;
    }
  };

  const result = await finish({ path: folder, isFresh: last === null, run });
  await work.keep({ result });
  await storage.remove(place.prefix);
  return { type: "done", result };
}

/** Whether another activation will go on: after a shutdown, and when the process died over work that is not to blame. */
function isWorthKeeping(error: unknown, signal: AbortSignal): boolean {
  if (error instanceof BadInputError || error instanceof StaleFenceError)
    return false;
  const reason: unknown = signal.reason;
  return !signal.aborted || (reason instanceof Stop && reason.why === "shutdown"); // prettier-ignore
}
