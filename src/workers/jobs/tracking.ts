/** @file Lists of the jobs that have not ended and of those that have, so that looking after them reads no records. */
import type { Page, Store } from "../store/store.ts";
import type { JobKind, JobRecord } from "./record.ts";

export interface TrackedJob {
  readonly job: string;
  readonly kind: JobKind;
  /** ISO 8601: when it was submitted, or when it ended. */
  readonly at: string;
  readonly cancelling: boolean;
}

declare module "../store/store.ts" {
  interface Documents {
    tracked: TrackedJob;
  }
}

type TrackList = "open" | "ended";

const trackId = (list: TrackList, job: string) => `${list}.${job}`;

/** Called before the record is written: a job that is not on a list would never be looked after. */
export async function trackOpen(store: Store, job: JobRecord): Promise<void> {
  const { id, kind, createdAt } = job;
  const value = { job: id, kind, at: createdAt, cancelling: false };
  await store.insert("tracked", trackId("open", id), value, { owner: "open" });
}

export async function trackCancelling(store: Store, job: string) {
  await store.update("tracked", trackId("open", job), (old) => ({
    ...old,
    cancelling: true,
  }));
}

/** May be repeated. */
export async function trackEnded(store: Store, job: JobRecord): Promise<void> {
  const { id, kind, endedAt, createdAt } = job;
  const value = { job: id, kind, at: endedAt ?? createdAt, cancelling: false };
  await store.insert("tracked", trackId("ended", id), value, {
    owner: "ended",
  });
  await untrack(store, "open", id);
}

export const untrack = (store: Store, list: TrackList, job: string) =>
  store.remove("tracked", trackId(list, job));

/** All on a list, newest first. */
export async function* tracked(
  store: Store,
  list: TrackList,
): AsyncGenerator<TrackedJob> {
  let cursor: string | undefined;
  do {
    const page: Page<TrackedJob> = await store.list("tracked", {
      owner: list,
      limit: 1000,
      cursor,
    });
    for (const { value } of page.items) yield value;
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
}
