/** @file The embedded backend: queues and records in one PostgreSQL inside this process, for this process alone. */
import path from "node:path";
import { createPostgresBackend, FlowProducer, Queue, withBackend, Worker } from "bullmq"; // prettier-ignore
import type { ServiceConfig } from "../config.ts";
import type { Log } from "../service.ts";
import { postgresStore } from "../store/postgres-store.ts";
import type { Backend } from "./backend.ts";
import { openDatabase } from "./database.ts";
import { lockFolder } from "./data-lock.ts";
import type { Database } from "./pglite-pool.ts";
import { cancelWhatIsNotOurs, openThings, workerSettings } from "./queues.ts";
import { openTelemetry } from "./telemetry.ts";

const postgres = withBackend(createPostgresBackend);

/** Rejects, one sentence, where another process holds the data folder or its database does not open. */
export async function openEmbedded(
  config: ServiceConfig,
  log: Log,
): Promise<Backend> {
  const tracing = await openTelemetry(config);
  const unlock = lockFolder(config.dataDir);
  try {
    const db = await openDatabase(path.join(config.dataDir, "pglite"));
    await releaseJobs(db);
    const store = await postgresStore(db);
    const things = openThings(log);
    const connection = db.pool;
    let closing: Promise<void> | undefined;
    const close = async () => {
      try {
        await things.close();
      } finally {
        await db.close();
        unlock();
      }
    };
    // BullMQ's classes name their datastore in their type; what the service uses of them is the same for both.
    return {
      kind: "embedded",
      store,
      redis: null,
      warnings: [],
      queue: (name, options) =>
        things.add(
          new postgres.Queue(name, { ...tracing, ...options, connection }) as unknown as Queue, // prettier-ignore
          `queue ${name}`,
        ),
      flows: (options) =>
        things.add(
          new postgres.FlowProducer({ ...tracing, ...options, connection }) as unknown as FlowProducer, // prettier-ignore
          "flows",
        ),
      worker: (name, processor, options) => {
        const worker = new postgres.Worker(name, processor, {
          ...workerSettings(config),
          ...tracing,
          ...options,
          connection,
        }) as unknown as Worker;
        cancelWhatIsNotOurs(worker);
        return things.add(worker, `worker ${name}`);
      },
      close: () => (closing ??= close()),
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

/**
 * Jobs that a killed process was running: the lock of the data folder says that it is gone, so the first worker to look
 * takes them back, without waiting until their own locks run out. (BullMQ 6.7 sweeps what was marked on the pass before.)
 */
async function releaseJobs(db: Database): Promise<void> {
  await db.query(`
    UPDATE bullmq.job SET locked_until_ms = 0, stalled_marked = true WHERE state = 'active';
    DELETE FROM bullmq.meta WHERE field = 'stalled-check';`);
}
