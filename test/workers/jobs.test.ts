/** @file Jobs from submission to result, on both backends: equal results, order, retries, poison, and what is refused. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ComputeError } from "../../src/workers/compute/compute-error.ts";
import { BadInputError } from "../../src/workers/handlers/work.ts";
import { unitsOf } from "../../src/workers/jobs/units.ts";
import { onBackends } from "./backends.ts";
import { groupsOf, napping, openRig, owner, tableOf, type Rig } from "./rig.ts";

onBackends("jobs", (opened) => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await openRig(opened());
  });
  afterEach(() => rig.close());

  test("a job of one range and one of many come to the same table as their sequences do", async () => {
    await rig.start();
    for (const count of [1, 5]) {
      const records = groupsOf(count);
      const { id } = await rig.embed(records);
      const record = await rig.until(id);
      expect(record).toMatchObject({
        state: "succeeded",
        failure: null,
        progress: { done: record.input.residues, total: record.input.residues },
        result: { key: `jobs/${id}/result.csv`, format: "csv", summary: { sequences: 2 * count } }, // prettier-ignore
      });
      expect(await rig.readFile(`jobs/${id}/result.csv`)).toBe(tableOf(records)); // prettier-ignore
      expect(await rig.states(id)).toEqual(["queued", "running", "succeeded"]);
      const parts = await rig.service.storage.list(`jobs/${id}/parts`);
      expect(parts).toHaveLength(count);
      const units = await unitsOf(rig.service.backend.store, id);
      expect(units).toHaveLength(count === 1 ? 1 : count + 1);
    }
  });

  test("narrow models take several ranges at a time", async () => {
    await rig.start();
    const records = groupsOf(5);
    const { id } = await rig.embed(records, 64);
    await rig.until(id);
    expect(await rig.service.storage.list(`jobs/${id}/parts`)).toHaveLength(2);
    expect(await rig.readFile(`jobs/${id}/result.csv`)).toBe(tableOf(records));
  });

  test("60 jobs of mixed sizes on two workers all come to their results", async () => {
    const second = opened().backend.kind === "redis" ? await opened().reopen() : opened().backend; // prettier-ignore
    await rig.start({ config: { processes: 2 } });
    const other = await rig.start({ backend: second, config: { processes: 2 } }); // prettier-ignore
    const all = Array.from({ length: 60 }, (_, n) => groupsOf(1 + (n % 4)));
    const ids = await Promise.all(all.map(async (records) => (await rig.embed(records)).id)); // prettier-ignore
    for (const [n, id] of ids.entries()) {
      const { state } = await rig.until(id);
      expect(state).toBe("succeeded");
      expect(await rig.readFile(`jobs/${id}/result.csv`)).toBe(tableOf(all[n]));
    }
    expect(rig.warnings).toEqual([]);
    await other.drain(5);
    if (second !== opened().backend) await second.close();
    const depth = await rig.jobs.depth();
    expect(depth.embed).toEqual({ waiting: 0, active: 0 });
  }, 60_000);

  test("a big job's units and its assembly do not wait behind the jobs that came after it", async () => {
    const big = await rig.embed(groupsOf(4));
    const small: string[] = [];
    for (let n = 0; n < 5; n++) small.push((await rig.embed(groupsOf(1))).id);
    await rig.start();
    const records = await Promise.all([big.id, ...small].map((id) => rig.until(id))); // prettier-ignore
    const ends = records.map(({ endedAt }) => Date.parse(endedAt ?? ""));
    expect(ends).toEqual([...ends].sort((a, b) => a - b));
  });

  test("what failed once is begun again, and comes before the jobs that wait", async () => {
    let failures = 0;
    const first = await rig.embed(groupsOf(1));
    const second = await rig.embed(groupsOf(1, 3));
    await rig.start({
      range: ({ range }) => {
        if (range.sequences === 2 && failures++ === 0)
          throw new ComputeError("compute: the process died", { retryable: true }); // prettier-ignore
        return Promise.resolve();
      },
    });
    expect((await rig.until(first.id)).state).toBe("succeeded");
    expect((await rig.until(second.id)).state).toBe("succeeded");
    expect(failures).toBe(2);
    const [unit] = await unitsOf(rig.service.backend.store, first.id);
    // The second start kept its part: it has come further, and starts are counted anew.
    expect(unit).toMatchObject({ fence: 2, starts: 1 });
  });

  test.each([
    ["poison", () => new ComputeError("compute: expected range to finish, got process 1 killed", { retryable: true }), 2, 'job: expected its unit range-1 to end well, got 2 starts that did not, the last with "compute: expected range to finish, got process 1 killed"', false],
    ["bad input", () => new BadInputError("range: expected a protein, got none"), 1, "range: expected a protein, got none", true],
    ["a task that says so", () => new ComputeError("compute: expected less", { retryable: false }), 1, "compute: expected less", false],
  ] as const)("%s fails its job with one sentence and stops its other units", async (_, error, starts, detail, badInput) => {
    let begun = 0;
    await rig.start({
      config: { maxStarts: 2, processes: 4 },
      async range({ range }, signal) {
        if (range.first !== 2) return napping(60_000)(undefined as never, signal);
        begun++;
        throw error();
      },
    });
    const { id } = await rig.embed(groupsOf(4));
    const record = await rig.until(id);
    expect(record).toMatchObject({ state: "failed", failure: { detail, badInput }, result: null });
    expect(begun).toBe(starts);
    await expect.poll(async () => (await rig.jobs.depth()).embed, { timeout: 5000 }).toEqual({ waiting: 0, active: 0 });
    expect(await rig.states(id)).toEqual(["queued", "running", "failed"]);
  }); // prettier-ignore

  test("a repeated submission is the same job", async () => {
    const job = await rig.embed(groupsOf(1));
    const { id, kind, name, options, input } = job;
    const request = { id, kind, owner, name, options, input, model: { ...job.model } as never }; // prettier-ignore
    const again = await Promise.all(Array.from({ length: 20 }, () => rig.jobs.submit(request))); // prettier-ignore
    for (const one of again) expect(one).toEqual(job);
    expect((await rig.jobs.depth()).embed.waiting).toBe(1);
    await expect(rig.jobs.submit({ ...request, owner: "key-2" })).rejects.toThrow(/^job .*: expected an id of no other job, got that of one$/); // prettier-ignore
    expect(await rig.jobs.get(id, "key-2")).toBeNull();
    expect(await rig.jobs.cancel(id, "key-2")).toBeNull();
    expect((await rig.jobs.cancel(id, owner))?.state).toBe("cancelled");
  });

  test("tables in other formats are made once, when asked for", async () => {
    await rig.start();
    const records = groupsOf(3);
    const { id } = await rig.embed(records);
    const record = await rig.until(id);
    const made = await Promise.all([1, 2, 3].map(() => rig.jobs.table(record, "jsonl"))); // prettier-ignore
    for (const { key } of made) expect(key).toBe(`jobs/${id}/result.jsonl`);
    expect(await rig.readFile(made[0].key)).toBe(tableOf(records, "jsonl"));
    await expect(rig.jobs.table({ ...record, state: "failed" }, "npy")).rejects.toThrow(/expected an embedding or score job that succeeded/); // prettier-ignore
  });

  test("lists are of one owner, newest first, by state and kind", async () => {
    const a = await rig.embed(groupsOf(1));
    const b = await rig.embed(groupsOf(1));
    const ids = async (options: object) =>
      (await rig.jobs.list(owner, { limit: 2, ...options })).items.map(({ id }) => id); // prettier-ignore
    expect(await ids({})).toEqual([b.id, a.id]);
    expect(await ids({ kind: "score", limit: 100 })).toEqual([]);
    await rig.jobs.cancel(a.id, owner);
    expect((await ids({ state: "cancelled", limit: 100 }))[0]).toBe(a.id);
    expect((await rig.jobs.list("key-2", { limit: 5 })).items).toEqual([]);
    await rig.jobs.cancel(b.id, owner);
  });

  test("a queue whose jobs are long leaves places to the others", async () => {
    const nap = async () => {
      await sleep(2500);
      return { type: "done" as const, result: { key: "x", format: "csv", bytes: 1, sha256: "", summary: {} } }; // prettier-ignore
    };
    const sampleOptions = { steps: 1, chains: 1, temperature: 1, trustRadius: null, seed: 1 }; // prettier-ignore
    const samples: string[] = [];
    for (let n = 0; n < 3; n++)
      samples.push((await rig.submit("sample", sampleOptions, groupsOf(1))).id);
    await rig.start({ handlers: { sample: { main: nap, unit: nap } } });
    await rig.until(samples[0], ({ state }) => state === "running");
    const { id } = await rig.embed(groupsOf(1));
    const embedded = await rig.until(id);
    const last = await rig.until(samples[2]);
    expect(embedded.endedAt! < last.endedAt!).toBe(true);
  }, 30_000);
});
