/** @file Draining: running work is handed back without spending a start, within its time, and goes on elsewhere. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Stop } from "../../src/workers/handlers/work.ts";
import { mainUnit, unitId, unitsOf } from "../../src/workers/jobs/units.ts";
import type { Handler } from "../../src/workers/handlers/work.ts";
import { onBackends } from "./backends.ts";
import { fakeCompute, groupsOf, napping, openRig, tableOf, type Rig } from "./rig.ts"; // prettier-ignore

const sampleOptions = { steps: 1, chains: 1, temperature: 1, trustRadius: null, seed: 1 }; // prettier-ignore

onBackends("draining", (opened) => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await openRig(opened());
  });
  afterEach(() => rig.close());

  test("work that runs goes back to the queue, spends no start, and is done by the next worker before what waits", async () => {
    const workers = await rig.start({ range: napping(600_000), config: { processes: 2 } }); // prettier-ignore
    const records = groupsOf(4);
    const { id } = await rig.embed(records);
    const { store } = rig.service.backend;
    await expect.poll(async () => (await unitsOf(store, id)).filter((u) => u.running && u.unit !== mainUnit).length, { timeout: 10_000 }).toBe(2); // prettier-ignore
    const later = await rig.embed(groupsOf(1));
    const begun = performance.now();
    await workers.drain(5);
    expect(performance.now() - begun).toBeLessThan(4000);
    for (const { running, starts } of await unitsOf(store, id))
      expect({ running, starts }).toEqual({ running: false, starts: 0 });
    expect((await rig.jobs.depth()).embed).toEqual({ waiting: 5, active: 0 });
    await rig.start();
    const record = await rig.until(id);
    expect(await rig.readFile(record.result!.key)).toBe(tableOf(records));
    expect((await rig.until(later.id)).endedAt! >= record.endedAt!).toBe(true);
  });

  test("what a unit keeps while it is drained is there for the next activation", async () => {
    const seen: unknown[] = [];
    const main: Handler<"sample"> = async (work) => {
      seen.push(await work.kept());
      if (work.fence > 1)
        return { type: "done", result: { key: "x", format: "csv", bytes: 1, sha256: "", summary: {} } }; // prettier-ignore
      await new Promise((resolve) => work.signal.addEventListener("abort", resolve)); // prettier-ignore
      expect(work.signal.reason).toEqual(new Stop("shutdown"));
      await work.keep({ snapshot: 7 });
      throw work.signal.reason;
    };
    const handlers = { sample: { main, unit: main } };
    const workers = await rig.start({ handlers });
    const { id } = await rig.submit("sample", sampleOptions, groupsOf(1));
    await expect.poll(() => seen.length, { timeout: 5000 }).toBe(1);
    await workers.drain(5);
    await rig.start({ handlers });
    expect((await rig.until(id)).state).toBe("succeeded");
    expect(seen).toEqual([null, { snapshot: 7 }]);
  });

  test("work that does not stop is left behind in time, and what it does later does not count", async () => {
    let go = () => {};
    const gate = new Promise<void>((resolve) => (go = resolve));
    const deaf = fakeCompute(() => gate);
    const second = opened().backend.kind === "redis" ? await opened().reopen() : opened().backend; // prettier-ignore
    const workers = await rig.start({ compute: deaf, backend: second });
    const { id } = await rig.embed(groupsOf(1));
    const { store } = rig.service.backend;
    await expect.poll(async () => (await store.get("unit", unitId(id, mainUnit)))?.running, { timeout: 5000 }).toBe(true); // prettier-ignore
    const begun = performance.now();
    await workers.drain(1);
    expect(performance.now() - begun).toBeLessThan(3000);
    await rig.start();
    expect((await rig.until(id, undefined, 30)).state).toBe("succeeded");
    const before = await store.get("unit", unitId(id, mainUnit));
    expect(before?.fence).toBeGreaterThan(1);
    go();
    await sleep(500);
    expect((await store.get("unit", unitId(id, mainUnit)))?.outcome).toEqual(before?.outcome); // prettier-ignore
    expect(await rig.states(id)).toEqual(["queued", "running", "succeeded"]);
    if (second !== opened().backend) await second.close();
  }, 60_000);

  test("a drain with nothing to do is quick, and may be repeated", async () => {
    const workers = await rig.start();
    await Promise.all([workers.drain(5), workers.drain(5)]);
  });
}, { LOCK_SECONDS: "2" }); // prettier-ignore
