/** @file The Redis backend: queues and records in a Redis that several machines share. */
import { FlowProducer, Queue, Worker } from "bullmq";
import { Redis, type RedisOptions } from "ioredis";
import type { ServiceConfig } from "../config.ts";
import type { Log } from "../service.ts";
import { redisStore } from "../store/redis-store.ts";
import type { Backend } from "./backend.ts";
import { cancelWhatIsNotOurs, lessOften, openThings, workerSettings } from "./queues.ts"; // prettier-ignore
import { checkRedis } from "./redis-checks.ts";
import { openTelemetry } from "./telemetry.ts";

const common = {
  lazyConnect: true,
  // A restart takes seconds, so the next attempt comes soon.
  retryStrategy: (attempt: number) => Math.min(50 * 2 ** attempt, 1000),
} satisfies RedisOptions;

/** Rejects at once while Redis is away. */
const forProducers = {
  ...common,
  enableOfflineQueue: false,
  // Nothing is sent twice: what was under way when the connection broke may have happened, and an addition must not happen again.
  maxRetriesPerRequest: 0,
  // Milliseconds without an answer. A connection that swallows commands looks alive to the system for minutes.
  socketTimeout: 5000,
} satisfies RedisOptions;

/** Waits while Redis is away. Its longest silence is a blocking command of 10 s. */
const forWorkers = {
  ...common,
  maxRetriesPerRequest: null,
  socketTimeout: 15_000,
} satisfies RedisOptions;

/** Rejects, one sentence, where Redis does not answer or would lose what it is given. */
export async function openRedis(
  config: ServiceConfig,
  url: string,
  log: Log,
): Promise<Backend> {
  const tracing = await openTelemetry(config);
  const producers = new Redis(url, forProducers);
  const workers = new Redis(url, forWorkers);
  const disconnect = () => {
    producers.disconnect();
    workers.disconnect();
  };
  try {
    await connect(producers, url);
    const { warnings, tellsInfo } = await checkRedis(producers);
    await connect(workers, url);
    report(producers, "producers", log);
    report(workers, "workers", log);
    const things = openThings(log);
    let closing: Promise<void> | undefined;
    // The version was checked above. BullMQ would ask again, and a queue made while Redis is away would never recover.
    const producing = { connection: producers, skipWaitingForReady: true, skipVersionCheck: true }; // prettier-ignore
    return {
      kind: "redis",
      store: redisStore(producers),
      redis: producers,
      warnings,
      queue: (name, options) =>
        things.add(new Queue(name, { ...tracing, ...options, ...producing }), `queue ${name}`), // prettier-ignore
      flows: (options) =>
        things.add(
          new FlowProducer({ ...tracing, ...options, ...producing }),
          "flows",
        ),
      worker: (name, processor, options) => {
        const worker = new Worker(name, processor, {
          ...workerSettings(config),
          ...tracing,
          ...options,
          connection: workers,
          skipVersionCheck: !tellsInfo,
        });
        cancelWhatIsNotOurs(worker);
        return things.add(worker, `worker ${name}`);
      },
      close: () => (closing ??= things.close().finally(disconnect)),
    };
  } catch (error) {
    disconnect();
    throw error;
  }
}

async function connect(redis: Redis, url: string): Promise<void> {
  // ioredis rejects with "Connection is closed." and tells why in an event before.
  let reason: Error | undefined;
  redis.on("error", (error) => (reason ??= error));
  try {
    await redis.connect();
  } catch (error) {
    const { message, code } = (reason ?? error) as NodeJS.ErrnoException;
    // The address may hold a password, which must not reach a log.
    throw new Error(
      `backend: expected Redis at ${new URL(url).host} (REDIS_URL), got "${message || code}"`,
      { cause: error },
    );
  }
}

function report(redis: Redis, who: string, log: Log): void {
  const away = lessOften((error) =>
    log.warn({ who, error: error.message }, "backend: Redis is away"),
  );
  redis.on("error", away);
  redis.on("ready", () => log.info({ who }, "backend: Redis is there again"));
}
