/** @file A whole service for a test: Redis or none, an API, any number of workers, each a process to be harmed. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePort, startRedis, type RedisServer } from "../workers/redis-server.ts"; // prettier-ignore
import type { BuiltCommand } from "./build.ts";
import { clientOf, type Client } from "./client.ts";
import { startService, type ServiceProcess } from "./service-process.ts";

export type Env = Readonly<Record<string, string>>;

export interface Fleet {
  /** Holds the embedded database, files and working copies. */
  readonly folder: string;
  readonly client: Client;
  /** Null where the service is embedded. */
  readonly redis: RedisServer | null;
  /** Starts the API, on the same port each time. */
  readonly serve: (env?: Env) => Promise<ServiceProcess>;
  /** Starts a worker of the Redis. */
  readonly work: (env?: Env) => Promise<ServiceProcess>;
  /** Kills all that was started, and removes the folder. */
  close(): Promise<void>;
}

/** Little to wait for, and nothing that hides work done twice. */
const quick = {
  LOCK_SECONDS: "3",
  DRAIN_SECONDS: "10",
  CACHE_SIZE: "0",
  THREADS: "1",
  REQUESTS_PER_MINUTE: "1000000",
};

export async function openFleet(
  { file }: BuiltCommand,
  kind: "embedded" | "redis",
  env: Env = {},
): Promise<Fleet> {
  const folder = mkdtempSync(path.join(tmpdir(), "unirep-fleet-"));
  const redis = kind === "redis" ? await startRedis() : null;
  const port = await freePort();
  const started: ServiceProcess[] = [];
  let key = "";
  const base = {
    ...quick,
    DATA_DIR: folder,
    ...(redis && { REDIS_URL: redis.url, QUEUES: "none" }),
    ...env,
  };
  const start = async (args: readonly string[], more: Env) => {
    const one = await startService({ file, args, env: { ...base, ...more } });
    started.push(one);
    return one;
  };
  return {
    folder,
    redis,
    client: clientOf(() => ({ url: `http://127.0.0.1:${port}`, key })),
    async serve(more = {}) {
      const one = await start(["serve"], { PORT: String(port), ...more });
      key = /admin key, shown only this once: (\S+)/.exec(one.announced)?.[1] ?? key; // prettier-ignore
      return one;
    },
    work: (more = {}) => start(["worker"], { QUEUES: "all", ...more }),
    async close() {
      await Promise.all(started.map((one) => one.remove()));
      await redis?.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
