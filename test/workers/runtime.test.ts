/** @file The worker runtime where things go wrong: lost locks, zombies, lost answers; and how it shares places and tells events. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StaleFenceError, Stop, type Handler } from "../../src/workers/handlers/work.ts"; // prettier-ignore
import { openQueues } from "../../src/workers/jobs/queues.ts";
import type { JobEvent } from "../../src/workers/jobs/record.ts";
import { changeUnit, releaseUnit, takeUnit, unitId, unitsOf } from "../../src/workers/jobs/units.ts"; // prettier-ignore
import type { Store } from "../../src/workers/store/store.ts";
import { openSlots } from "../../src/workers/runtime/slots.ts";
import { onBackends, openTestBackend } from "./backends.ts";
import { noRedisServer } from "./redis-server.ts";
import { fakeCompute, groupsOf, napping, openRig, tableOf, type Rig } from "./rig.ts"; // prettier-ignore

const sampleOptions = { steps: 1, chains: 1, temperature: 1, trustRadius: null, seed: 1 }; // prettier-ignore
const done = { type: "done", result: { key: "x", format: "csv", bytes: 1, sha256: "", summary: {} } } as const; // prettier-ignore

onBackends("the runtime", (opened) => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await openRig(opened());
  });
  afterEach(() => rig.close());

  /** As a lock that ran out: the queue gives the unit away while its worker still computes. */
  const takeAway = async (job: string, unit: string) => {
    const { embed } = openQueues(rig.service).queues;
    const queued = await embed.getJob(unitId(job, unit));
    await queued!.moveToWait("0");
  };

  test("only the latest activation of a unit may commit, and committing twice is committing once", async () => {
    const { store } = rig.service.backend;
    const first = await takeUnit(store, "job-a", "main");
    const second = await takeUnit(store, "job-a", "main");
    expect([first.fence, second.fence, second.starts]).toEqual([1, 2, 2]);
    const id = unitId("job-a", "main");
    const commit = (fence: number, result: unknown) => changeUnit(store, id, { fence, outcome: { result }, running: false }); // prettier-ignore
    await expect(commit(1, "zombie")).rejects.toThrow(StaleFenceError);
    await releaseUnit(store, id, 1, { spent: false });
    expect(await store.get("unit", id)).toMatchObject({ running: true, starts: 1 }); // prettier-ignore
    await commit(2, "good");
    expect((await commit(2, "again")).outcome).toEqual({ result: "good" });
    await expect(commit(1, "zombie")).rejects.toThrow(StaleFenceError);
    expect((await takeUnit(store, "job-a", "main")).outcome).toEqual({ result: "good" }); // prettier-ignore
    await Promise.all(Array.from({ length: 20 }, () => takeUnit(store, "job-b", "main"))); // prettier-ignore
    expect((await store.get("unit", unitId("job-b", "main")))?.fence).toBe(20);
  });

  test("a zombie's result does not count", async () => {
    let go = () => {};
    const gate = new Promise<void>((resolve) => (go = resolve));
    const other = opened().backend.kind === "redis" ? await opened().reopen() : opened().backend; // prettier-ignore
    let zombies = 0;
    const zombie = await rig.start({
      backend: other,
      compute: fakeCompute(async ({ range }) => {
        if (range.first === 2 && zombies++ === 0) await gate;
      }),
    });
    const records = groupsOf(2);
    const { id } = await rig.embed(records);
    await expect.poll(() => zombies, { timeout: 5000 }).toBe(1);
    await takeAway(id, "range-1");
    await rig.start();
    const record = await rig.until(id);
    go();
    await zombie.drain(5);
    expect(await rig.readFile(record.result!.key)).toBe(tableOf(records));
    const { store } = rig.service.backend;
    const unit = await store.get("unit", unitId(id, "range-1"));
    const kept = (unit?.outcome?.result as { key: string }).key;
    expect(kept).toBe(`jobs/${id}/parts/1.${unit?.fence}`);
    expect(unit?.fence).toBeGreaterThan(1);
    expect(await rig.states(id)).toEqual(["queued", "running", "succeeded"]);
    if (other !== opened().backend) await other.close();
  });

  test("work whose unit was begun elsewhere stops within a second, and the loss of its lock costs no start", async () => {
    const reasons: unknown[] = [];
    const other = opened().backend.kind === "redis" ? await opened().reopen() : opened().backend; // prettier-ignore
    const range = async (_: unknown, signal?: AbortSignal) => {
      await napping(600_000)(undefined as never, signal).catch((reason: unknown) => void reasons.push(reason)); // prettier-ignore
      throw signal?.reason as Error;
    };
    const first = await rig.start({ backend: other, range });
    const { id } = await rig.embed(groupsOf(1));
    await rig.until(id, ({ state }) => state === "running");
    await expect.poll(async () => (await unitsOf(rig.service.backend.store, id)).length, { timeout: 5000 }).toBe(1); // prettier-ignore
    // A unit that another process has taken.
    await takeUnit(rig.service.backend.store, id, "main");
    await expect.poll(() => reasons, { timeout: 3000 }).toEqual([new Stop("lock lost")]); // prettier-ignore
    await expect.poll(async () => (await unitsOf(rig.service.backend.store, id))[0].starts, { timeout: 3000 }).toBe(1); // prettier-ignore
    await first.drain(5);
    await rig.jobs.cancel(id, "key-1");
    if (other !== opened().backend) await other.close();
  });

  test("a unit that kills every worker is stopped by its starts, whatever the queue counts", async () => {
    const { store } = rig.service.backend;
    const { id } = await rig.embed(groupsOf(1));
    // Workers that took it and were never heard of again.
    for (let n = 0; n < 3; n++) await takeUnit(store, id, "main");
    await rig.start({ config: { maxStarts: 3 } });
    const { state, failure } = await rig.until(id);
    expect(state).toBe("failed");
    expect(failure?.detail).toBe("job: expected its unit main to end well, got 3 starts that did not, the last with its worker gone"); // prettier-ignore
  });

  test("a store that is away for a moment costs nothing", async () => {
    const { backend } = rig.service;
    let refusals = 0;
    const refuse = () => Promise.reject(new Error("Connection is closed."));
    const store: Store = {
      ...backend.store,
      update: (kind, id, change) =>
        kind !== "tracked" && refusals++ % 2 === 0
          ? refuse()
          : backend.store.update(kind, id, change),
    };
    await rig.start({ backend: { ...backend, store } });
    const records = groupsOf(2);
    const { id } = await rig.embed(records);
    const record = await rig.until(id);
    expect(await rig.readFile(record.result!.key)).toBe(tableOf(records));
    expect(refusals).toBeGreaterThan(6);
    for (const { starts } of await unitsOf(backend.store, id))
      expect(starts).toBeLessThanOrEqual(1);
  });

  test("groups of units are asked for one after the other, and a handler that asks for ended ones again fails", async () => {
    const groups = [["a-1", "a-2"], ["b-1"]];
    const main: Handler<"sample"> = async (work) => {
      const results = await work.results();
      const next = groups.find((group) => !group.every((unit) => results.has(unit))); // prettier-ignore
      if (next) return { type: "children", units: next };
      const stubborn = work.job.options.seed === 2;
      return stubborn ? { type: "children", units: groups[0] } : { ...done, result: { ...done.result, summary: Object.fromEntries(results) } }; // prettier-ignore
    };
    const unit: Handler<"sample"> = (work) => Promise.resolve({ type: "done", result: work.unit.toUpperCase() }); // prettier-ignore
    await rig.start({ handlers: { sample: { main, unit } }, config: { processes: 2 } }); // prettier-ignore
    const { id } = await rig.submit("sample", sampleOptions, groupsOf(1));
    expect((await rig.until(id)).result?.summary).toEqual({ "a-1": "A-1", "a-2": "A-2", "b-1": "B-1" }); // prettier-ignore
    const stubborn = await rig.submit("sample", { ...sampleOptions, seed: 2 }, groupsOf(1)); // prettier-ignore
    expect((await rig.until(stubborn.id)).failure?.detail).toMatch(/expected its unit main to ask for units that have not ended, got a-1, a-2 twice$/); // prettier-ignore
  });

  test("of many steps the log holds four a second and the last; everything else, whole and in order", async () => {
    const step = (n: number): JobEvent => ({ type: "step", trial: null, step: n, epoch: 1, loss: n, learningRate: 1 }); // prettier-ignore
    const main: Handler<"sample"> = async (work) => {
      for (let n = 1; n <= 60; n++) {
        await work.tell(step(n));
        await work.tell({ type: "progress", done: n, total: 100, residuesPerSecond: null, etaSeconds: null }); // prettier-ignore
        if (n === 30) await work.tell({ type: "checkpoint", step: 30 });
        await sleep(10);
      }
      return done;
    };
    await rig.start({ handlers: { sample: { main, unit: main } } });
    const { id } = await rig.submit("sample", sampleOptions, groupsOf(1));
    expect((await rig.until(id)).progress).toEqual({ done: 100, total: 100 });
    const events = (await rig.jobs.events(id, null, 1000)).map(({ event }) => event as JobEvent); // prettier-ignore
    const steps = events.flatMap((event) => (event.type === "step" ? [event.step] : [])); // prettier-ignore
    expect(steps.length).toBeLessThan(15);
    expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
    expect(steps).toContain(60);
    const at = events.findIndex(({ type }) => type === "checkpoint");
    expect(events.slice(0, at)).toContainEqual(step(30));
    expect(events.slice(at)).not.toContainEqual(step(30));
    expect(events.at(-1)).toEqual({ type: "state", state: "succeeded" });
  });
});

describe.skipIf(noRedisServer !== null)(`Redis away${noRedisServer === null ? "" : ` (skipped: ${noRedisServer})`}`, () => {
  test.each([["shorter", 800], ["longer", 5000]])("for %s than a lock: every job comes to its result, once", async (_, ms) => {
    const opened = await openTestBackend("redis", { LOCK_SECONDS: "2" });
    const rig = await openRig(opened);
    try {
      const workers = await rig.start({ range: napping(300), config: { processes: 2 } });
      const all = Array.from({ length: 8 }, (_unused, n) => groupsOf(1 + (n % 3)));
      const jobs = await Promise.all(all.map((records) => rig.embed(records)));
      await sleep(500);
      await opened.server!.kill();
      await sleep(ms);
      await opened.server!.start();
      await expect.poll(() => rig.jobs.depth().then(() => true, () => false), { timeout: 10_000 }).toBe(true);
      for (const [n, { id }] of jobs.entries()) {
        const record = await rig.until(id, undefined, 60);
        expect(record.failure).toBeNull();
        expect(await rig.readFile(record.result!.key)).toBe(tableOf(all[n]));
        expect((await rig.states(id)).filter((state) => state === "succeeded")).toHaveLength(1);
      }
      await workers.drain(5);
    } finally {
      await rig.close();
      await opened.close();
    }
  }, 120_000);
}); // prettier-ignore

describe("places", () => {
  const never = new AbortController().signal;

  test("are given in order, at most as many as there are, and not after an abort", async () => {
    const slots = openSlots(2);
    const [a, b] = [await slots.take("x", 10, never), await slots.take("y", 10, never)]; // prettier-ignore
    expect(await slots.take("x", 10, never)).toBeNull();
    const next = slots.take("x", 1000, never);
    const abort = new AbortController();
    const left = slots.take("y", 1000, abort.signal);
    abort.abort();
    expect(await left).toBeNull();
    a?.();
    a?.();
    expect(await next).toBeTypeOf("function");
    expect(await slots.take("x", 10, never)).toBeNull();
    b?.();
    expect(await slots.take("x", 10, AbortSignal.abort())).toBeNull();
    expect(await slots.take("x", 10, never)).toBeTypeOf("function");
  });

  test("are held for a queue that was parked, and go to others where it has nothing", async () => {
    const slots = openSlots(1);
    const first = await slots.take("busy", 10, never);
    let woken = 0;
    slots.park("quiet", () => void woken++);
    expect(woken).toBe(0);
    first?.();
    expect(woken).toBe(1);
    const busy = slots.take("busy", 5000, never);
    const quiet = await slots.take("quiet", 100, never);
    expect(quiet).toBeTypeOf("function");
    slots.park("quiet", () => void woken++);
    quiet?.();
    expect(woken).toBe(2);
    expect(await busy).toBeTypeOf("function"); // after a second without the quiet one
  });

  test("wake a queue parked while one is free at once", () => {
    let woken = 0;
    openSlots(1).park("late", () => void woken++);
    expect(woken).toBe(1);
  });
});
