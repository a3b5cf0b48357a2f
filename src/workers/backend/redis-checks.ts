/** @file What a Redis must be like to carry a queue: it evicts nothing, is new enough, and should keep what it has on disk. */
import type { Redis } from "ioredis";

const oldest = [6, 2] as const;

export interface RedisFacts {
  readonly warnings: readonly string[];
  /** Whether it lets us read INFO, which BullMQ's workers ask for too. */
  readonly tellsInfo: boolean;
}

/**
 * Looks at a Redis before anything is put into it. Rejects, one sentence that says what to set, for one that may evict
 * keys (a queue would lose jobs without a trace) or is older than 6.2.
 */
export async function checkRedis(
  redis: Pick<Redis, "info" | "config">,
): Promise<RedisFacts> {
  const facts = await info(redis);
  const [version, policy, disk] = [
    facts?.get("redis_version") ?? null,
    facts?.get("maxmemory_policy") ?? (await setting(redis, "maxmemory-policy")), // prettier-ignore
    facts?.get("aof_enabled") === "1" ? "log" : await setting(redis, "save"),
  ];
  if (version !== null && isTooOld(version))
    throw new Error(
      `backend: expected Redis ${oldest.join(".")} or newer, got ${version}`,
    );
  if (policy !== null && policy !== "noeviction")
    throw new Error(
      `backend: expected a Redis that evicts nothing, got maxmemory-policy ${policy}, which drops jobs when memory is short: set maxmemory-policy noeviction`,
    );
  const warnings = [
    version === null && `Redis does not tell its version: make sure that it is ${oldest.join(".")} or newer`,
    policy === null && "Redis does not tell its maxmemory-policy: make sure that it is noeviction",
    disk === null && "Redis does not tell how it keeps data on disk: make sure that appendonly is on",
    disk === "" && "Redis keeps nothing on disk: jobs and records are gone when it restarts; set appendonly yes",
    disk !== null && disk !== "" && disk !== "log" && "Redis keeps snapshots only: what came after the last one is gone when it is killed; set appendonly yes",
  ].filter((warning) => warning !== false); // prettier-ignore
  return { warnings, tellsInfo: facts !== null };
}

function isTooOld(version: string): boolean {
  const [major, minor] = version.split(".").map(Number);
  return major < oldest[0] || (major === oldest[0] && minor < oldest[1]);
}

async function info(
  redis: Pick<Redis, "info">,
): Promise<Map<string, string> | null> {
  const text = await redis.info().catch(unlessForbidden);
  if (text === null) return null;
  return new Map(
    text
      .split(/\r?\n/)
      .filter((line) => line.includes(":"))
      .map((line) => line.split(/:(.*)/s) as unknown as [string, string]),
  );
}

/** Null where CONFIG is forbidden, as hosted services do. */
async function setting(
  redis: Pick<Redis, "config">,
  name: string,
): Promise<string | null> {
  const reply: unknown = await redis.config("GET", name).catch(unlessForbidden);
  return Array.isArray(reply) ? String(reply[1]) : null;
}

function unlessForbidden(error: Error): null {
  if (/NOPERM|unknown command|not allowed|disabled/i.test(error.message))
    return null;
  throw error;
}
