/** @file The end of ended jobs: after a time their files, events, units and records are removed. */
import { logOf } from "./change.ts";
import type { JobContext } from "./queues.ts";
import { tracked, untrack } from "./tracking.ts";
import { unitId, unitsOf } from "./units.ts";

/** May be interrupted anywhere and run anywhere: a job leaves the list last. */
export async function removeOld({ service }: JobContext): Promise<void> {
  const { config, storage } = service;
  const { store } = service.backend;
  const before = Date.now() - config.retentionDays * 86_400_000;
  for await (const { job, at } of tracked(store, "ended")) {
    if (Date.parse(at) >= before) continue;
    await storage.remove(`jobs/${job}`);
    await store.removeEvents(logOf(job));
    for (const { unit } of await unitsOf(store, job))
      await store.remove("unit", unitId(job, unit));
    await store.remove("job", job);
    await untrack(store, "ended", job);
    service.log.info({ job }, "a job was removed after its time");
  }
}
