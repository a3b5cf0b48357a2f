/** @file `unirep worker`: works on the queues of a service whose Redis it shares. */
import { type Command, InvalidArgumentError } from "commander";
import type { ServiceConfig, SettingName } from "../workers/index.ts";
import { tell } from "./report.ts";
import { runUntilStopped, serviceCommand } from "./service-command.ts";

/** Settings that mean nothing without an API. */
const ofApi: readonly SettingName[] = [
  "model",
  "maxUpload",
  "maxSequences",
  "maxResidues",
  "maxLength",
  "maxRequestSequences",
  "maxRequestResidues",
  "maxWaitingResidues",
  "maxQueuedJobs",
  "requestsPerMinute",
  "residuesPerDay",
  "trustProxy",
  "bullBoard",
];

export function workerCommand(): Command {
  return serviceCommand(
    "worker",
    "work on the queues of a service, on this or another machine",
    (setting) => !ofApi.includes(setting),
    [
      "REDIS_URL=redis://queue:6379 STORAGE_URL=s3://proteins/unirep unirep worker",
      "unirep worker --redis-url redis://queue:6379 --queues embed,evotune --processes 2",
    ],
    worker,
  );
}

async function worker(
  config: ServiceConfig,
  isGiven: (setting: SettingName) => boolean,
): Promise<void> {
  if (config.redisUrl === null)
    throw new InvalidArgumentError(
      "worker: expected REDIS_URL or --redis-url, got neither: without Redis a service does its work itself and shares it with nobody",
    );
  if (config.queues.length === 0)
    throw new InvalidArgumentError(
      "worker: expected queues to work on, got none",
    );
  if (config.storageUrl === null)
    tell(
      "warning",
      `files are kept in ${config.dataDir}: where that is not the folder of the service itself, set STORAGE_URL to what both share`,
    );
  const { work } = await import("../api/index.ts");
  await runUntilStopped(
    config,
    () => work(config, isGiven("port")),
    ({ url }) =>
      process.stdout.write(
        `unirep worker on the queues ${config.queues.join(", ")}${url === null ? "" : ` (health and metrics: ${url})`}\n`,
      ),
  );
}
