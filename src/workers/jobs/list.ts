/** @file Listing an owner's jobs, newest first, by state and kind. */
import type { Page, Store } from "../store/store.ts";
import type { Jobs } from "./jobs.ts";
import type { JobRecord } from "./record.ts";

/** Pages looked through for one that holds a job asked for. */
const maxPages = 20;

/** See `Jobs.list`: an owner's thousands of jobs are not all read to fill a page with the few asked for. */
export async function listJobs(
  store: Store,
  owner: string,
  { limit, cursor, state, kind }: Parameters<Jobs["list"]>[1],
): Promise<Page<JobRecord>> {
  const wanted = ({ value }: { readonly value: JobRecord }) =>
    (state === undefined || value.state === state) &&
    (kind === undefined || value.kind === kind);
  let next = cursor ?? null;
  for (let pages = 0; pages < maxPages; pages++) {
    const page = await store.list("job", { owner, limit, cursor: next ?? undefined }); // prettier-ignore
    const items = page.items.filter(wanted);
    if (items.length > 0 || page.next === null)
      return { items, next: page.next };
    next = page.next;
  }
  return { items: [], next };
}
