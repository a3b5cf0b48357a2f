/** @file The programs of the service: `serve`, the API with workers beside it, and `work`, workers alone. */
import {
  addTotals,
  openCompute,
  openJobs,
  openService,
  startWorkshop,
  type ServiceConfig,
  type Workshop,
} from "../workers/index.ts";
import { ensureAdminKey } from "./keys.ts";
import type { Listening } from "./listening.ts";
import { openLog } from "./logging.ts";
import { startServer, startWorkerServer } from "./server.ts";

export interface Served {
  /** Where the API listens. */
  readonly url: string;
  /** The first admin key, made now; null where there was one. */
  readonly adminKey: string | null;
  readonly warnings: readonly string[];
  /** Ends without losing anything; takes at most about `drainSeconds`. Repeated calls are one. */
  drain(): Promise<void>;
}

/** Uploads are read and results converted here: few at a time, so that they leave the processors to the engine. */
const fileProcesses = 1;

/** Rejects, one sentence, where something that it needs cannot be used. */
export async function serve(config: ServiceConfig): Promise<Served> {
  const log = openLog(config);
  const service = await openService(config, log);
  const { threads, memoryLimit, warmModels, drainSeconds } = config;
  const works = config.queues.length > 0;
  // Requests and jobs each remember what they have seen.
  const cacheSize = works ? config.cacheSize / 2 : config.cacheSize;
  const limits = { threads, memoryLimit, warmModels, log };
  const engine = openCompute({ ...limits, cacheSize, processes: 1, shared: true }); // prettier-ignore
  const files = openCompute({ ...limits, cacheSize: 0, processes: fileProcesses, shared: true }); // prettier-ignore
  const closeAll = async (): Promise<void> => {
    await Promise.all([engine.close(0), files.close(0)]);
    await service.close();
  };
  try {
    const workshop = works ? await startWorkshop(service, cacheSize) : null;
    const pools = [engine, files, ...(workshop ? [workshop] : [])];
    const server = await startServer({
      service,
      engine,
      files,
      jobs: openJobs(service, files),
      compute: {
        facts: () => pools.flatMap((pool) => pool.facts()),
        totals: () => addTotals(pools.map((pool) => pool.totals())),
      },
    });
    // Last: a key made by a start that fails would never be shown.
    const adminKey = await ensureAdminKey(service);
    let drained: Promise<void> | undefined;
    const drain = async () => {
      await Promise.all([
        server.drain(drainSeconds),
        workshop?.drain(drainSeconds),
      ]);
      await closeAll();
    };
    return {
      url: server.url,
      adminKey,
      warnings: service.backend.warnings,
      drain: () => (drained ??= drain()),
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

export interface Working {
  /** Where it tells of itself; null where it listens nowhere. */
  readonly url: string | null;
  readonly warnings: readonly string[];
  /** As `Served.drain`. */
  drain(): Promise<void>;
}

/** Works on queues without an API; `listens` says whether it tells of itself on HOST:PORT. */
export async function work(
  config: ServiceConfig,
  listens: boolean,
): Promise<Working> {
  const service = await openService(config, openLog(config));
  let server: Listening | null = null;
  let workshop: Workshop | null = null;
  const close = async (seconds: number): Promise<void> => {
    await Promise.all([server?.drain(seconds), workshop?.drain(seconds)]);
    await service.close();
  };
  const compute = {
    facts: () => workshop?.facts() ?? [],
    totals: () => workshop?.totals() ?? addTotals([]),
  };
  try {
    // First: a port that is taken must not interrupt work that has begun.
    if (listens) server = await startWorkerServer({ service, compute });
    workshop = await startWorkshop(service, config.cacheSize);
  } catch (error) {
    await close(0);
    throw error;
  }
  let drained: Promise<void> | undefined;
  return {
    url: server?.url ?? null,
    warnings: service.backend.warnings,
    drain: () => (drained ??= close(config.drainSeconds)),
  };
}
