/** @file Cancelling a job in every state it can be in, from another process too, twice, and while it finishes. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ComputeError } from "../../src/workers/compute/compute-error.ts";
import { unitsOf } from "../../src/workers/jobs/units.ts";
import { onBackends } from "./backends.ts";
import { fakeCompute, groupsOf, napping, openRig, owner, type Rig, type StartOptions } from "./rig.ts"; // prettier-ignore

const forever = napping(600_000);

onBackends("cancelling", (opened) => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await openRig(opened());
  });
  afterEach(() => rig.close());

  const unitsRunning = async (id: string) =>
    (await unitsOf(rig.service.backend.store, id)).filter((u) => u.running);
  const isEmpty = () =>
    expect.poll(async () => (await rig.jobs.depth()).embed, { timeout: 5000 }).toEqual({ waiting: 0, active: 0 }); // prettier-ignore

  test("a job that only waits is cancelled at once, and never begins", async () => {
    const { id } = await rig.embed(groupsOf(1));
    expect((await rig.jobs.cancel(id, owner))?.state).toBe("cancelled");
    expect((await rig.jobs.depth()).embed.waiting).toBe(0);
    await rig.start();
    await sleep(300);
    expect(await rig.states(id)).toEqual(["queued", "cancelled"]);
    expect(await unitsOf(rig.service.backend.store, id)).toEqual([]);
  });

  const failing = () => Promise.reject(new ComputeError("compute: the process died", { retryable: true })); // prettier-ignore
  const states: readonly (readonly [string, number, StartOptions, (id: string) => Promise<unknown>])[] = [
    ["running", 1, { range: forever }, async (id) => (await unitsRunning(id)).length === 1],
    ["with units running and waiting", 6, { range: forever, config: { processes: 2 } }, async (id) => (await unitsRunning(id)).length === 2],
    ["waiting for another try", 1, { range: failing }, async (id) => (await unitsOf(rig.service.backend.store, id))[0]?.trouble],
    ["with a unit waiting for another try", 3, { range: failing }, async (id) => (await unitsOf(rig.service.backend.store, id)).find((u) => u.trouble)],
  ]; // prettier-ignore

  test.each(states)(
    "a job %s is cancelled within seconds, and leaves nothing in the queue",
    async (_, count, options, isThere) => {
      await rig.start(options);
      const { id } = await rig.embed(groupsOf(count));
      await expect.poll(() => isThere(id), { timeout: 10_000 }).toBeTruthy();
      const first = await rig.jobs.cancel(id, owner);
      expect(first?.state).toMatch(/^cancell(ing|ed)$/);
      await rig.jobs.cancel(id, owner);
      await rig.until(id, ({ state }) => state === "cancelled", 5);
      expect((await rig.jobs.cancel(id, owner))?.state).toBe("cancelled");
      expect(await rig.states(id)).toEqual(["queued", "running", "cancelling", "cancelled"]); // prettier-ignore
      await isEmpty();
      expect(await unitsRunning(id)).toEqual([]);
    },
  );

  test("a job that runs in another process is cancelled there", async () => {
    const other = opened().backend.kind === "redis" ? await opened().reopen() : opened().backend; // prettier-ignore
    const workers = await rig.start({ backend: other, range: forever });
    const { id } = await rig.embed(groupsOf(1));
    await rig.until(id, ({ state }) => state === "running");
    await rig.jobs.cancel(id, owner);
    await rig.until(id, ({ state }) => state === "cancelled", 5);
    await workers.drain(5);
    if (other !== opened().backend) await other.close();
  });

  test("a job cancelled while it finishes is cancelled or has succeeded, never both", async () => {
    const outcomes = new Set<string>();
    await rig.start({ config: { processes: 2 } });
    for (let n = 0; n < 24; n++) {
      const { id } = await rig.embed(groupsOf(1 + (n % 2)));
      await rig.until(id, ({ state }) => state !== "queued");
      await sleep(n * 2);
      await rig.jobs.cancel(id, owner);
      const record = await rig.until(id);
      expect(record.result === null).toBe(record.state === "cancelled");
      const ends = (await rig.states(id)).filter((state) => state === "succeeded" || state === "cancelled"); // prettier-ignore
      expect(ends).toEqual([record.state]);
      outcomes.add(record.state);
    }
    await isEmpty();
    expect(outcomes.size).toBeGreaterThan(0);
  }, 30_000);

  test("a job whose last unit ends well after the question is cancelled by it", async () => {
    let go = () => {};
    const gate = new Promise<void>((resolve) => (go = resolve));
    // Deaf: it does not look at its signal.
    await rig.start({ compute: fakeCompute(() => gate) });
    const { id } = await rig.embed(groupsOf(2));
    await expect.poll(async () => (await unitsRunning(id)).length, { timeout: 5000 }).toBe(1); // prettier-ignore
    expect((await rig.jobs.cancel(id, owner))?.state).toBe("cancelling");
    go();
    await rig.until(id, ({ state }) => state === "cancelled", 5);
    await isEmpty();
  });
});
