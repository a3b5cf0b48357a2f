/** @file Compute processes at work: results, company, lines, warm models, the cache, events and errors. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { rep, type UniRep } from "../../src/unirep/index.ts";
import { ComputeError } from "../../src/workers/compute/compute-error.ts";
import type { ModelFile } from "../../src/workers/compute/tasks.ts";
import { BadInputError } from "../../src/workers/handlers/work.ts";
import { type LoggedPool, closePools, difference, errorOf, openPool, pidOf, proteins, request, small, smallModel } from "./compute-pools.ts"; // prettier-ignore

let model: UniRep;
let file: ModelFile;
const folder = mkdtempSync(path.join(tmpdir(), "unirep-compute-"));
beforeAll(async () => {
  ({ model, file } = await smallModel());
});
afterAll(async () => {
  await model.dispose();
  rmSync(folder, { recursive: true });
});

describe("a shared process", () => {
  afterEach(closePools);

  test("gives what rep gives in this process, in the order asked for, to many small requests at once", async () => {
    const { pool } = openPool({ shared: true });
    const sequences = proteins(Array.from({ length: 200 }, (_, i) => 20 + ((37 * i) % 180))); // prettier-ignore
    const expected = await rep(sequences, { model });
    const requests = sequences.map((_, i) => [sequences[i], sequences[(i + 7) % 200]]); // prettier-ignore
    const answers = await Promise.all(
      requests.map((pair) => pool.run("represent", request(file, pair))),
    );
    answers.forEach(([first, second], i) => {
      expect(difference(first, expected[i])).toBeLessThan(1e-5);
      expect(difference(second, expected[(i + 7) % 200])).toBeLessThan(1e-5);
    });
    expect(pool.facts()).toHaveLength(1);
    const [{ lanesBusy, residues }] = pool.facts();
    expect(residues).toBe(2 * sequences.join("").length);
    expect(lanesBusy).toBe(residues + 400);
  });

  test("gives per-residue states and 8-bit results as well", async () => {
    const { pool } = openPool({ shared: true });
    const sequences = proteins([5, 50]);
    const all = { model, perResidue: true };
    const states = await pool.run("represent", request(file, sequences, { perResidue: true })); // prettier-ignore
    (await rep(sequences, all)).forEach((expected, i) => {
      expect(difference(states[i], expected)).toBeLessThan(1e-5);
      expect(states[i].perResidue).toEqual(expected.perResidue);
    });
    const [coarse] = await pool.run("represent", request(file, sequences, { precision: "int8" })); // prettier-ignore
    const gap = difference(coarse, (await rep(sequences, { model }))[0]);
    expect(gap).toBeGreaterThan(0);
    expect(gap).toBeLessThan(0.2);
  });

  test("answers a short request while a long one runs", async () => {
    const { pool } = openPool({ shared: true });
    await pool.run("represent", request(file, ["MKLV"]));
    let longIsDone = false;
    const long = pool
      .run("represent", request(file, proteins([20_000])))
      .then(() => (longIsDone = true));
    await sleep(100);
    await pool.run("represent", request(file, ["ACDE"]));
    expect(longIsDone).toBe(false);
    await long;
  });

  test("shares lanes: a hundred long requests take much less than a hundred times one", async () => {
    const { pool } = openPool({ shared: true });
    const run = (sequence: string) =>
      pool.run("represent", request(file, [sequence]));
    const [one, ...many] = proteins(Array.from({ length: 101 }, () => 3000));
    await run("MKLV");
    const timed = async (work: () => Promise<unknown>) => {
      const start = performance.now();
      await work();
      return performance.now() - start;
    };
    const alone = await timed(() => run(one));
    const together = await timed(() => Promise.all(many.map(run)));
    expect(together).toBeLessThan(50 * alone);
  });
});

describe("a pool of processes", () => {
  afterEach(closePools);

  test("runs one task a process, and the others in the order they came", async () => {
    const { pool } = openPool({ processes: 2 });
    const ended: number[] = [];
    const sequences = proteins([9000, 10, 20, 30, 40]);
    await Promise.all(
      sequences.map(async (sequence, i) => {
        await pool.run("represent", request(file, [sequence]));
        ended.push(i);
      }),
    );
    expect(pool.facts().map(({ pid }) => pid)).toHaveLength(2);
    expect(ended.filter((i) => i !== 0)).toEqual([1, 2, 3, 4]);
  });

  test("a task that is aborted in line leaves it and never runs", async () => {
    const { pool } = openPool();
    const first = pool.run("represent", request(file, proteins([3000])));
    const stop = new AbortController();
    const waiting = errorOf(pool.run("represent", request(file, ["AAAA"]), { signal: stop.signal })); // prettier-ignore
    const last = pool.run("represent", request(file, ["MKLV"]));
    const reason = new Error("the client is gone");
    stop.abort(reason);
    expect(await waiting).toBe(reason);
    await Promise.all([first, last]);
    expect(pool.facts()[0].residues).toBe(3004);
    const again = pool.run("represent", request(file, ["AAAA"]), stop);
    expect(await errorOf(again)).toBe(reason);
  });

  test("refuses work once it is closed, and what waited in line too", async () => {
    const { pool } = openPool();
    const running = errorOf(pool.run("represent", request(file, proteins([60_000])))); // prettier-ignore
    const waiting = errorOf(pool.run("represent", request(file, ["MKLV"])));
    await pool.close(5000);
    for (const error of [await running, await waiting]) {
      expect(error).toBeInstanceOf(ComputeError);
      expect(error).toMatchObject({ retryable: true });
    }
    const late = await errorOf(pool.run("represent", request(file, ["MKLV"])));
    expect(late.message).toContain("closed");
  });

  test("keeps as many models loaded as asked, the last used ones", async () => {
    const { pool } = openPool({ warmModels: 1 });
    const loaded = async (precision: "f32" | "int8") => {
      await pool.run("represent", request(file, ["MKLV"], { precision }));
      return pool.facts()[0].models;
    };
    expect(await loaded("f32")).toEqual([`${small} f32`]);
    expect(await loaded("int8")).toEqual([`${small} int8`]);
    expect(await loaded("f32")).toEqual([`${small} f32`]);
    // Counters outlive the models they counted for.
    expect(pool.facts()[0]).toMatchObject({ residues: 12, lanesBusy: 15 });
  });

  test("holds none of the service's secrets in its environment", async () => {
    process.env.AWS_SECRET_ACCESS_KEY = "x";
    process.env.REDIS_URL = "redis://:x@127.0.0.1:1";
    const { pool } = openPool();
    await pool.run("represent", request(file, ["MKLV"]));
    delete process.env.AWS_SECRET_ACCESS_KEY;
    delete process.env.REDIS_URL;
    const names = readFileSync(`/proc/${pidOf(pool)}/environ`, "utf8")
      .split("\0")
      .map((entry) => entry.split("=")[0]);
    expect(names).toContain("PATH");
    expect(names).not.toContain("AWS_SECRET_ACCESS_KEY");
    expect(names).not.toContain("REDIS_URL");
  });
});

describe("the cache", () => {
  afterEach(closePools);

  test("computes a sequence once a model and precision", async () => {
    const { pool } = openPool({ cacheSize: 1e6 });
    const ask = (sequences: string[], more = {}) =>
      pool.run("represent", request(file, sequences, more));
    const first = await ask(["MKLV", "ACDE"]);
    const again = await ask(["ACDE", "GGGG", "MKLV"]);
    expect(again[0]).toEqual(first[1]);
    expect(again[2]).toEqual(first[0]);
    expect(difference(again[1], await rep("GGGG", { model }))).toBeLessThan(1e-5); // prettier-ignore
    expect(pool.facts()[0]).toMatchObject({ residues: 12, cacheHits: 2, cacheMisses: 3 }); // prettier-ignore
    await ask(["MKLV"], { precision: "int8" });
    await ask(["MKLV"], { perResidue: true });
    expect(pool.facts()[0]).toMatchObject({ residues: 20, cacheHits: 2, cacheMisses: 4 }); // prettier-ignore
  });

  test("forgets what was used longest ago when its bytes are full", async () => {
    const entry = 1000 + 3 * 4 * 64;
    const { pool } = openPool({ cacheSize: 2 * entry });
    const hits = async (sequence: string) => {
      await pool.run("represent", request(file, [sequence]));
      return pool.facts()[0].cacheHits;
    };
    for (const sequence of ["AAAA", "CCCC", "DDDD"]) await hits(sequence);
    expect(await hits("CCCC")).toBe(1);
    expect(await hits("AAAA")).toBe(1);
  });
});

describe("events", () => {
  afterEach(closePools);

  const ranged = () => {
    const { pool } = openPool();
    const sequences = proteins(Array.from({ length: 300 }, () => 1500));
    const fasta = path.join(folder, "range.fasta");
    writeFileSync(fasta, sequences.map((s, i) => `>${i}\n${s}\n`).join(""));
    const params = {
      model: file,
      file: fasta,
      range: { start: 0, end: 0, first: 0, sequences: 300, residues: 450_000 },
      columns: { kind: "embed", precision: "f32", layers: ["h_avg"], perResidue: false, format: "npy" }, // prettier-ignore
      out: path.join(folder, "part"),
    } as const;
    return { pool, params };
  };

  test("come one at a time, and the task waits until each is dealt with", async () => {
    const { pool, params } = ranged();
    const told: number[] = [];
    let inside = 0;
    const value = await pool.run("range", params, {
      async onEvent({ residues }) {
        expect(++inside).toBe(1);
        await sleep(30);
        told.push(residues);
        inside--;
      },
    });
    expect(value).toMatchObject({ sequences: 300, residues: 450_000 });
    expect(told.length).toBeGreaterThan(0);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(inside).toBe(0);
  });

  test("that cannot be dealt with end the task with that error", async () => {
    const { pool, params } = ranged();
    const refused = new Error("a later activation has begun");
    const onEvent = () => Promise.reject(refused);
    expect(await errorOf(pool.run("range", params, { onEvent }))).toBe(refused);
    await pool.run("represent", request(file, ["MKLV"]));
  });
});

describe("errors", () => {
  afterAll(closePools);
  let opened: LoggedPool | undefined;

  const cases = [
    {
      what: "a letter that is no amino acid is bad input",
      params: () => request(file, ["MKLV", "MK1V"]),
      error: { name: "BadInputError", message: 'sequence 2: expected amino-acid letters, got "1" at position 3' }, // prettier-ignore
      type: BadInputError,
    },
    {
      what: "weights of another hash fail for good",
      params: () => request({ ...file, sha256: "0".repeat(64) }, ["MKLV"]),
      error: { name: "ComputeError", thrown: "TypeError", retryable: false },
      type: ComputeError,
    },
    {
      what: "a file that is not there may be there later",
      params: () => request({ weights: path.join(folder, "none.safetensors"), id: "none", sha256: "1" }, ["MKLV"]), // prettier-ignore
      error: { name: "ComputeError", thrown: "Error" },
      type: ComputeError,
    },
  ];
  test.each(cases)("$what", async ({ params, error, type }) => {
    const { pool } = (opened ??= openPool());
    const got = await errorOf(pool.run("represent", params()));
    expect(got).toBeInstanceOf(type);
    expect(got).toMatchObject(error);
    await pool.run("represent", request(file, ["MKLV"]));
  });
});
