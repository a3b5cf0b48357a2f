/** @file Figures about all jobs, on both backends: each job once, whichever of several machines it moves on. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { countState, readFigures, waitBuckets, type JobFigures } from "../../src/workers/jobs/figures.ts"; // prettier-ignore
import type { JobRecord } from "../../src/workers/jobs/record.ts";
import { onBackends } from "./backends.ts";
import { groupsOf, openRig, owner, type Rig } from "./rig.ts";

onBackends("figures", (opened) => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await openRig(opened());
  });
  afterEach(() => rig.close());

  const embed = async (): Promise<JobFigures> =>
    (await readFigures(rig.service.backend.store)).find(({ kind }) => kind === "embed")!; // prettier-ignore

  test("count jobs that succeed, fail and are cancelled, on two machines", async () => {
    const before = await embed();
    const second = opened().backend.kind === "redis" ? await opened().reopen() : opened().backend; // prettier-ignore
    const cancelled = await rig.embed(groupsOf(1));
    await rig.jobs.cancel(cancelled.id, owner);
    await rig.start();
    await rig.start({ backend: second });
    const jobs = await Promise.all(Array.from({ length: 6 }, () => rig.embed(groupsOf(2)))); // prettier-ignore
    for (const { id } of jobs) await rig.until(id);
    const after = await embed();
    const more = (state: keyof JobFigures["states"]) => after.states[state] - before.states[state]; // prettier-ignore
    await expect.poll(async () => (await embed()).states.succeeded - before.states.succeeded).toBe(6); // prettier-ignore
    expect({ queued: more("queued"), running: more("running"), cancelled: more("cancelled"), failed: more("failed") }).toEqual({ queued: 7, running: 6, cancelled: 1, failed: 0 }); // prettier-ignore
    expect(after.waits.reduce((a, b) => a + b)).toBe(after.states.running);
    expect(after.waitedSeconds).toBeGreaterThanOrEqual(before.waitedSeconds);
  });

  test.each([
    [0, 0],
    [50, 0],
    [51, 1],
    [7_200_000, waitBuckets.length - 1],
    [7_200_001, waitBuckets.length],
    // Clocks of two machines differ.
    [-500, 0],
  ])("put a wait of %i ms into bucket %i", async (ms, bucket) => {
    const before = await embed();
    const at = Date.parse("2026-01-01T00:00:00.000Z");
    const job = { kind: "embed", state: "running", createdAt: new Date(at).toISOString(), startedAt: new Date(at + ms).toISOString() } as JobRecord; // prettier-ignore
    await countState(rig.service.backend.store, job);
    const after = await embed();
    const grown = after.waits.map((n, i) => n - before.waits[i]);
    expect(grown).toEqual(grown.map((_, i) => (i === bucket ? 1 : 0)));
    expect(after.waitedSeconds - before.waitedSeconds).toBeCloseTo(Math.max(0, ms) / 1000, 6); // prettier-ignore
  });

  test("that cannot be kept fail no job", async () => {
    const store = { count: () => Promise.reject(new Error("away")) };
    const job = { kind: "embed", state: "failed" } as JobRecord;
    await expect(countState(store, job)).resolves.toBeUndefined();
  });
});
