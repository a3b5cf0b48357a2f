/** @file The working half of a service in a process: compute processes, handlers of every kind of job, workers. */
import { openCompute } from "./compute/pool.ts";
import type { ComputeFacts } from "./compute/tasks.ts";
import type { ComputeTotals } from "./compute/totals.ts";
import { evotuneHandlers } from "./handlers/evotune.ts";
import { sampleHandlers } from "./handlers/sample.ts";
import { tableHandlers } from "./handlers/table-job.ts";
import { startWorkers } from "./runtime/workers.ts";
import type { Service } from "./service.ts";

export interface Workshop {
  facts(): readonly ComputeFacts[];
  totals(): ComputeTotals;
  /** Hands running work back and ends the compute processes; after `seconds` they are killed. Repeated calls are one. */
  drain(seconds: number): Promise<void>;
}

/** Starts to work on the queues of the configuration. `cacheSize` is in bytes. */
export async function startWorkshop(
  service: Service,
  cacheSize: number,
): Promise<Workshop> {
  const { config, log } = service;
  const { processes, threads, memoryLimit, warmModels } = config;
  const compute = openCompute({ processes, threads, memoryLimit, warmModels, cacheSize, log }); // prettier-ignore
  const workers = await startWorkers(service, compute, {
    embed: tableHandlers,
    score: tableHandlers,
    evotune: evotuneHandlers,
    sample: sampleHandlers,
  });
  let drained: Promise<void> | undefined;
  const drain = async (seconds: number) => {
    await workers.drain(seconds);
    await compute.close(0);
  };
  return {
    facts: () => compute.facts(),
    totals: () => compute.totals(),
    drain: (seconds) => (drained ??= drain(seconds)),
  };
}
