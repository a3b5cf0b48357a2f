/** @file Progress of a job whose units run side by side: it grows, and the time left is judged by the whole job. */
import type { JobEvent } from "../jobs/record.ts";
import type { Work } from "./work.ts";

/**
 * Tells events of a unit that counts as if it ran alone. What another unit has told of the job already, or this one
 * before it was stopped, is not told again; the time left follows from the time since the job began.
 */
export function tellGrowing({
  job,
  service,
  tell,
}: Pick<Work, "job" | "service" | "tell">): (event: JobEvent) => Promise<void> {
  const { store } = service.backend;
  return async (event) => {
    if (event.type !== "progress") return tell(event);
    const record = await store.get("job", job.id);
    if (record === null || event.done < record.progress.done) return;
    const { startedAt } = record;
    const seconds = startedAt === null ? 0 : (Date.now() - Date.parse(startedAt)) / 1000; // prettier-ignore
    const etaSeconds = seconds > 0 && event.done > 0 ? (seconds * (event.total - event.done)) / event.done : null; // prettier-ignore
    return tell({ ...event, etaSeconds });
  };
}
