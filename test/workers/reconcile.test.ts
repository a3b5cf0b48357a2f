/** @file What is put right after something was lost: queues emptied behind our back, dead workers, and what is past its time. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { cancelJob } from "../../src/workers/jobs/cancel.ts";
import { dequeueJob, openQueues, type JobContext } from "../../src/workers/jobs/queues.ts"; // prettier-ignore
import { reconcile } from "../../src/workers/jobs/reconcile.ts";
import { removeOld } from "../../src/workers/jobs/retention.ts";
import { tracked } from "../../src/workers/jobs/tracking.ts";
import { takeUnit, unitId, unitsOf } from "../../src/workers/jobs/units.ts";
import { onBackends } from "./backends.ts";
import { groupsOf, napping, openRig, owner, tableOf, type Rig } from "./rig.ts";

onBackends("reconciling", (opened) => {
  let rig: Rig;
  let context: JobContext;
  beforeEach(async () => {
    rig = await openRig(opened());
    context = openQueues(rig.service);
  });
  afterEach(() => rig.close());

  const obliterate = async () => {
    await context.queues.embed.obliterate({ force: true });
    await context.queues.embed.resume();
  };

  test("jobs whose queue was emptied are put back and come to their results", async () => {
    const workers = await rig.start({ range: napping(150) });
    const records = groupsOf(4);
    const begun = await rig.embed(records);
    const waiting = await rig.embed(groupsOf(1));
    await expect.poll(async () => (await unitsOf(rig.service.backend.store, begun.id)).some((u) => u.outcome), { timeout: 10_000 }).toBe(true); // prettier-ignore
    await workers.drain(5);
    await obliterate();
    expect((await rig.jobs.depth()).embed).toEqual({ waiting: 0, active: 0 });
    await rig.start(); // reconciles
    const record = await rig.until(begun.id);
    expect(await rig.readFile(record.result!.key)).toBe(tableOf(records));
    expect((await rig.until(waiting.id)).state).toBe("succeeded");
  });

  test("units that were lost while others wait for them are put back", async () => {
    const workers = await rig.start({ range: napping(600_000) });
    const records = groupsOf(3);
    const { id } = await rig.embed(records);
    await expect.poll(async () => (await unitsOf(rig.service.backend.store, id)).length, { timeout: 10_000 }).toBe(2); // prettier-ignore
    await workers.drain(5);
    const { embed } = context.queues;
    const main = await embed.getJob(unitId(id, "main"));
    expect(await main!.getState()).toBe("waiting-children");
    await embed.remove(unitId(id, "range-1"));
    await reconcile(context);
    expect(await embed.getJob(unitId(id, "range-1"))).toBeDefined();
    await rig.start();
    const record = await rig.until(id);
    expect(await rig.readFile(record.result!.key)).toBe(tableOf(records));
  });

  test("a job that was being cancelled when its worker died is cancelled", async () => {
    const { id } = await rig.embed(groupsOf(1));
    const { store } = rig.service.backend;
    await takeUnit(store, id, "main");
    await store.update("job", id, (old) => ({
      ...old,
      state: "running" as const,
    }));
    await dequeueJob(context, { id, kind: "embed" });
    expect((await cancelJob(context, id))?.state).toBe("cancelling");
    await reconcile(context);
    expect((await rig.jobs.get(id, owner))?.state).toBe("cancelled");
  });

  test("a job whose result was kept, but not its end, has succeeded", async () => {
    await rig.start();
    const { id } = await rig.embed(groupsOf(1));
    const { result } = await rig.until(id);
    const { store } = rig.service.backend;
    await store.update("job", id, (old) => ({ ...old, state: "running" as const, endedAt: null, result: null })); // prettier-ignore
    await store.insert("tracked", `open.${id}`, { job: id, kind: "embed", at: "", cancelling: false }, { owner: "open" }); // prettier-ignore
    await reconcile(context);
    expect(await rig.jobs.get(id, owner)).toMatchObject({ state: "succeeded", result }); // prettier-ignore
  });

  test("many at once, beside workers, do no harm", async () => {
    await rig.start({ range: napping(20) });
    const all = Array.from({ length: 6 }, (_, n) => groupsOf(1 + n));
    const jobs = await Promise.all(all.map((records) => rig.embed(records)));
    let ended = false;
    const again = async () => {
      for (; !ended; await sleep(20)) await reconcile(context);
    };
    const going = Promise.all([again(), again(), again()]);
    for (const [n, { id }] of jobs.entries()) {
      const record = await rig.until(id, undefined, 60);
      expect(await rig.readFile(record.result!.key)).toBe(tableOf(all[n]));
      expect(await rig.states(id)).toEqual(["queued", "running", "succeeded"]);
    }
    ended = true;
    await going;
    for await (const { job } of tracked(rig.service.backend.store, "open"))
      expect.fail(`job ${job} is still looked after`);
  }, 90_000);

  test("ended jobs past their time lose files, events, units and record; others keep them", async () => {
    await rig.start();
    const { store } = rig.service.backend;
    const old = await rig.embed(groupsOf(2));
    const fresh = await rig.embed(groupsOf(1));
    await rig.until(old.id);
    await rig.until(fresh.id);
    await expect.poll(() => store.get("tracked", `ended.${old.id}`), { timeout: 5000 }).toBeTruthy(); // prettier-ignore
    await store.update("tracked", `ended.${old.id}`, (track) => ({ ...track, at: "2026-01-01T00:00:00Z" })); // prettier-ignore
    await removeOld(context);
    expect(await rig.jobs.get(old.id, owner)).toBeNull();
    expect(await unitsOf(store, old.id)).toEqual([]);
    expect(await rig.jobs.events(old.id, null, 10)).toEqual([]);
    expect(await rig.service.storage.list(`jobs/${old.id}`)).toEqual([]);
    expect((await rig.jobs.get(fresh.id, owner))?.state).toBe("succeeded");
    expect(await rig.service.storage.list(`jobs/${fresh.id}`)).not.toEqual([]);
  });
});
