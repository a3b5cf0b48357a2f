/** @file Units of work in the store: who may commit one, how often it was begun, and what it has come to. */
import type { Page, Store } from "../store/store.ts";
import { StaleFenceError } from "../handlers/work.ts";

export interface UnitRecord {
  readonly job: string;
  readonly unit: string;
  /** Number of the latest activation; no other may commit. */
  readonly fence: number;
  /** Activations that began and were not handed back: what kills its workers is stopped by this number. */
  readonly starts: number;
  /** Whether the latest activation has not let go, as far as is known: its process may have died. */
  readonly running: boolean;
  /** What the last activation that failed said. */
  readonly trouble: string | null;
  readonly kept: unknown;
  /** Units it asked for last. */
  readonly waitsFor: readonly string[];
  readonly outcome: { readonly result: unknown } | null;
}

declare module "../store/store.ts" {
  interface Documents {
    unit: UnitRecord;
  }
}

export const mainUnit = "main";

/** Also the id of its BullMQ job, which must hold no ":" and not be a number. */
export const unitId = (job: string, unit: string): string => `${job}.${unit}`;

/**
 * Begins an activation: its fence is higher than all before. A unit that has ended is given as it is. The caller reads the
 * job's record afterwards, never before: whoever ends the job looks at `running` after it has changed the record, so that
 * one of the two sees the other.
 */
export async function takeUnit(
  store: Store,
  job: string,
  unit: string,
): Promise<UnitRecord> {
  const id = unitId(job, unit);
  const first = { job, unit, fence: 1, starts: 1, running: true, trouble: null, kept: null, waitsFor: [], outcome: null }; // prettier-ignore
  if (await store.insert("unit", id, first, { owner: job })) return first;
  const taken = await store.update("unit", id, (old) =>
    old.outcome
      ? old
      : { ...old, fence: old.fence + 1, starts: old.starts + 1, running: true },
  );
  if (taken) return taken;
  throw new StaleFenceError(
    `unit ${id}: expected a job that is kept, got one removed meanwhile`,
  );
}

type OwnChange = Pick<UnitRecord, "fence"> & Partial<UnitRecord>;

/** Changes what only the holder of the highest fence may change; a StaleFenceError for anyone else. */
export async function changeUnit(
  store: Store,
  id: string,
  { fence, ...change }: OwnChange,
): Promise<UnitRecord> {
  const unit = await store.update("unit", id, (old) =>
    old.fence === fence && !old.outcome ? { ...old, ...change } : old,
  );
  // The commit's answer may have been lost and asked for again: then it is there, under the same fence.
  if (unit?.fence === fence && (!unit.outcome || change.outcome)) return unit;
  throw new StaleFenceError(
    `unit ${id}: expected to be its latest activation, number ${unit?.fence}, got number ${fence}`,
  );
}

/** Lets go of a unit without an outcome; `spent` is false where the unit is not to blame for its end. */
export async function releaseUnit(
  store: Store,
  id: string,
  fence: number,
  end: { readonly spent: boolean; readonly trouble?: string },
): Promise<void> {
  await store.update("unit", id, (old) => ({
    ...old,
    starts: end.spent ? old.starts : Math.max(0, old.starts - 1),
    // A later activation has its own say.
    running: old.fence === fence ? false : old.running,
    trouble: end.trouble ?? old.trouble,
  }));
}

/** Every unit of a job that was ever begun. */
export async function unitsOf(
  store: Store,
  job: string,
): Promise<readonly UnitRecord[]> {
  const units: UnitRecord[] = [];
  let cursor: string | undefined;
  do {
    const page: Page<UnitRecord> = await store.list("unit", {
      owner: job,
      limit: 1000,
      cursor,
    });
    units.push(...page.items.map(({ value }) => value));
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return units;
}
