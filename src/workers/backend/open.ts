/** @file Opens what carries queues and records, as the configuration says. */
import type { ServiceConfig } from "../config.ts";
import type { Log } from "../service.ts";
import type { Backend } from "./backend.ts";
import { openEmbedded } from "./embedded.ts";
import { openRedis } from "./redis.ts";

/**
 * Redis where the configuration names one, else PostgreSQL in `dataDir`. Rejects, one sentence, where it cannot be used.
 * Warnings are logged here and kept in the backend.
 */
export async function openBackend(
  config: ServiceConfig,
  log: Log,
): Promise<Backend> {
  const backend = config.redisUrl === null ? await openEmbedded(config, log) : await openRedis(config, config.redisUrl, log); // prettier-ignore
  for (const warning of backend.warnings)
    log.warn({ backend: backend.kind }, warning);
  return backend;
}
