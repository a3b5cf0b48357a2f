/** @file A job's result in another format than it was made in: from the parts that were kept, once. */
import { mkdtemp, rm } from "node:fs/promises";
import path from "node:path";
import type { Compute } from "../compute/tasks.ts";
import { keptParts } from "../handlers/table-job.ts";
import { storeTable, tableKey, type TableKind } from "../handlers/tables.ts";
import type { Service } from "../service.ts";
import type { Jobs } from "./jobs.ts";
import type { JobRecord, TableName } from "./record.ts";
import { mainUnit, unitId } from "./units.ts";

/** Rejects with a RangeError for a job that has no table; calls for the same table at the same time make it once. */
export function openTables(service: Service, compute: Compute): Jobs["table"] {
  const making = new Map<string, Promise<number>>();

  async function make(job: JobRecord<TableKind>, format: TableName) {
    const { store } = service.backend;
    const unit = await store.get("unit", unitId(job.id, mainUnit));
    const parts = keptParts(unit?.kept).map(({ key }) => key);
    const folder = await mkdtemp(path.join(service.scratch, "table-"));
    try {
      const made = await storeTable(service, compute, { job, parts, format, folder }); // prettier-ignore
      return made.bytes;
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  return async (job, format, signal) => {
    if (!hasTable(job))
      throw new RangeError(
        `job ${job.id}: expected an embedding or score job that succeeded, for its table, got a ${job.kind} job that is ${job.state}`,
      );
    const key = tableKey(job.id, format);
    const bytes = await service.storage.size(key);
    if (bytes !== null) return { key, bytes };
    let made = making.get(key);
    if (!made) {
      made = make(job, format).finally(() => making.delete(key));
      making.set(key, made);
    }
    return { key, bytes: await unlessAborted(made, signal) };
  };
}

const hasTable = (job: JobRecord): job is JobRecord<TableKind> =>
  job.state === "succeeded" && (job.kind === "embed" || job.kind === "score");

/** One who leaves does not stop the others. */
async function unlessAborted<T>(
  made: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  if (!signal) return made;
  signal.throwIfAborted();
  let leave = () => {};
  const left = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason as Error);
    signal.addEventListener("abort", leave, { once: true });
  });
  try {
    return await Promise.race([made, left]);
  } finally {
    signal.removeEventListener("abort", leave);
    made.catch(() => {}); // where everyone has left, nobody hears that it failed
  }
}
