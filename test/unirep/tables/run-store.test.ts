/** @file A run loses nothing that was computed and gives the same file, however often and wherever it is killed. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { runBytes } from "../../../src/unirep/tables/disk.ts";
import { firstDifference } from "../../../src/unirep/tables/fingerprint.ts";
import { firstOccurrences } from "../../../src/unirep/tables/run-ingest.ts";
import { createRun, openRun } from "../../../src/unirep/tables/run-store.ts";
import { memoryTable } from "../../../src/unirep/tables/table.ts";
import { writeTable } from "../../../src/unirep/tables/write-table.ts";
import {
  collect,
  columns,
  compute,
  expectedRows,
  ingested,
  records,
  spec,
} from "./fake-run.ts";

const folder = mkdtempSync(join(tmpdir(), "unirep-run-"));
afterAll(() => rmSync(folder, { recursive: true }));
const freshOut = () => join(mkdtempSync(join(folder, "run-")), "out.npz");

const distinct = records
  .map(({ sequence }) => sequence)
  .filter((sequence, k, all) => all.indexOf(sequence) === k);
const sha256 = (path: string) =>
  createHash("sha256").update(readFileSync(path)).digest("hex");

/** What an undisturbed process writes without any run store. */
const expectedFile = join(folder, "expected.npz");
const meta = { summary: { records: records.length } };
const expectedHash = writeTable(
  expectedFile,
  memoryTable(columns, expectedRows, meta),
).then(() => sha256(expectedFile));

/** Computes what is pending, writes the table, and returns how many records it had to compute. */
async function finish(out: string): Promise<number> {
  const run = await ingested(out);
  const pending = await collect(run.pending());
  await Promise.all(
    pending.map(({ index, sequence }) => run.put(index, compute(sequence))),
  );
  await writeTable(out, run.table({ summary: run.summary }));
  await run.remove();
  return pending.length;
}

/** A run whose first `count` pending records are computed, in reverse order, then left as a kill would leave it. */
async function interrupted(out: string, count: number): Promise<void> {
  const run = await ingested(out);
  const pending = (await collect(run.pending())).slice(0, count).reverse();
  for (const { index, sequence } of pending)
    await run.put(index, compute(sequence));
  await run.close();
}

describe("a run", () => {
  test("computes each distinct sequence once and gives copies the same results", async () => {
    expect(distinct.length).toBeLessThan(records.length);
    const out = freshOut();
    expect(await finish(out)).toBe(distinct.length);
    expect(sha256(out)).toBe(await expectedHash);
    expect(readdirSync(join(out, ".."))).toEqual(["out.npz"]);
  });

  test("reads back every record and value, any selection of columns, and any number of times", async () => {
    const out = freshOut();
    const run = await ingested(out);
    for (const { index, sequence } of await collect(run.pending()))
      await run.put(index, compute(sequence));
    const table = run.table({ a: 1 });
    expect(await collect(table.rows())).toEqual(expectedRows);
    expect(await collect(table.rows([columns[3], columns[1]]))).toEqual(
      expectedRows.map((row) => ({
        ...row,
        values: [row.values[3], row.values[1]],
      })),
    );
    expect(await collect(table.rows([]))).toEqual(
      expectedRows.map((row) => ({ ...row, values: [] })),
    );
    await run.remove();
  });

  test("offers ids and lengths before any result, and refuses results that are not there", async () => {
    const run = await ingested(freshOut());
    expect((await collect(run.table({}).rows([]))).map(({ id }) => id)).toEqual(
      records.map(({ id }) => id),
    );
    await expect(collect(run.table({}).rows())).rejects.toThrow(
      `${distinct.length} of ${distinct.length} records have no results yet`,
    );
    await run.remove();
  });

  test("counts its progress in records and residues, copies left out", async () => {
    const run = await ingested(freshOut());
    const totalResidues = distinct.join("").length;
    expect(run.progress()).toEqual({
      done: 0,
      total: distinct.length,
      doneResidues: 0,
      totalResidues,
    });
    for (const { index, sequence } of await collect(run.pending()))
      await run.put(index, compute(sequence));
    expect(run.progress()).toMatchObject({
      done: distinct.length,
      doneResidues: totalResidues,
    });
    await run.remove();
  });

  test("refuses values of the wrong width and indices that are not pending records", async () => {
    const run = await ingested(freshOut());
    const [first] = await collect(run.pending());
    const values = compute(first.sequence);
    const copy = records.findIndex(
      ({ sequence }, k) =>
        records.findIndex((r) => r.sequence === sequence) < k,
    );
    await expect(run.put(first.index, values.slice(1))).rejects.toThrow(
      "must have 4 values, got 3",
    );
    await expect(
      run.put(first.index, [...values.slice(0, 3), new Float32Array(99)]),
    ).rejects.toThrow("got 99 float32 values");
    await run.put(first.index, values);
    for (const index of [copy, first.index, -1, 0.5, 1e6]) {
      await expect(run.put(index, values)).rejects.toThrow(
        `put expects the index of a pending record, got ${index}`,
      );
    }
    await run.remove();
  });

  test("keeps to the disk space that runBytes announces", async () => {
    const out = freshOut();
    const run = await ingested(out);
    for (const { index, sequence } of await collect(run.pending()))
      await run.put(index, compute(sequence));
    const sizes = ["rows.bin", "states.bin", "done.log"].map(
      (name) => statSync(join(`${out}.partial`, name)).size,
    );
    const bytes = sizes.reduce((a, b) => a + b);
    const announced = runBytes(run.table({}));
    expect(bytes).toBeLessThanOrEqual(announced);
    expect(bytes).toBeGreaterThan(0.9 * announced);
    await run.remove();
  });

  test("an empty input is a table without rows", async () => {
    const out = freshOut();
    const run = await (await createRun(out, spec)).finishInput(null);
    expect(await collect(run.pending())).toEqual([]);
    await writeTable(out, run.table({}));
    await run.remove();
    expect(existsSync(out)).toBe(true);
  });
});

describe("resuming", () => {
  test("computes only what was not done", async () => {
    const out = freshOut();
    await interrupted(out, 7);
    expect(await finish(out)).toBe(distinct.length - 7);
    expect(sha256(out)).toBe(await expectedHash);
  });

  const files = [
    "run.json",
    "input.json",
    "records.jsonl",
    "index.bin",
    "rows.bin",
    "states.bin",
    "done.log",
  ];

  test("gives the same file after any of its files was cut at any byte", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(distinct.length),
        fc.array(
          fc.tuple(
            fc.constantFrom(...files.slice(4), ...files),
            fc.double({ min: 0, max: 1, noNaN: true }),
          ),
          {
            minLength: 1,
            maxLength: 3,
          },
        ),
        async (count, cuts) => {
          const out = freshOut();
          await interrupted(out, count);
          for (const [file, share] of cuts) {
            const path = join(`${out}.partial`, file);
            truncateSync(path, Math.floor(share * statSync(path).size));
          }
          await finish(out);
          expect(sha256(out)).toBe(await expectedHash);
        },
      ),
      { numRuns: 100 },
    );
  });

  test("recomputes exactly the records whose stored bytes were changed", async () => {
    const out = freshOut();
    await interrupted(out, distinct.length);
    const path = join(`${out}.partial`, "rows.bin");
    const bytes = readFileSync(path);
    const rowBytes = 8 + 4 * 5;
    bytes[3 * rowBytes + 9] ^= 1;
    writeFileSync(path, bytes);
    const run = await ingested(out);
    expect((await collect(run.pending())).map(({ index }) => index)).toEqual([
      3,
    ]);
    await run.remove();
  });

  test("keeps what is journaled after a torn entry, also over several kills", async () => {
    const out = freshOut();
    for (const count of [3, 4, 5]) {
      await interrupted(out, count);
      const journal = join(`${out}.partial`, "done.log");
      truncateSync(journal, statSync(journal).size - 7);
    }
    expect(await finish(out)).toBe(distinct.length - (2 + 3 + 4));
    expect(sha256(out)).toBe(await expectedHash);
  });

  test("a run that was killed after its file was written, before its folder went, writes the same file again", async () => {
    const out = freshOut();
    const run = await ingested(out);
    for (const { index, sequence } of await collect(run.pending()))
      await run.put(index, compute(sequence));
    await writeTable(out, run.table({ summary: run.summary }));
    await run.close();
    expect(await finish(out)).toBe(0);
    expect(sha256(out)).toBe(await expectedHash);
  });

  test("an input that was not read to its end is read again", async () => {
    const out = freshOut();
    const ingest = await createRun(out, spec);
    await ingest.addRecord(records[0]);
    await ingest.close();
    const opened = await openRun(out, spec);
    expect(opened.state).toBe("ingest");
    if (opened.state === "ingest") await opened.ingest.close();
    expect(await finish(out)).toBe(distinct.length);
  });

  test.each([
    [
      "a model",
      { ...spec, fingerprint: { ...spec.fingerprint, model: "1900" } },
      'model was "64", now "1900"',
    ],
    [
      "an input",
      { ...spec, fingerprint: { model: "64", inputs: [] } },
      "inputs.0 was",
    ],
    ["a column", { ...spec, columns: columns.slice(0, 3) }, "columns.3 was"],
  ])(
    "refuses another run, naming the first difference: %s",
    async (_, other, message) => {
      const out = freshOut();
      await interrupted(out, 3);
      await expect(openRun(out, other)).rejects.toThrow(
        `${out}.partial holds another run: ${message}`,
      );
      expect(await finish(out)).toBe(distinct.length - 3);
    },
  );

  test("says so when a damaged folder makes it start over", async () => {
    const out = freshOut();
    await interrupted(out, 3);
    truncateSync(join(`${out}.partial`, "records.jsonl"), 10);
    const opened = await openRun(out, spec);
    expect(opened).toMatchObject({
      state: "ingest",
      note: expect.stringMatching(/records\.jsonl is damaged/) as string,
    });
    if (opened.state === "ingest") await opened.ingest.remove();
    expect(existsSync(`${out}.partial`)).toBe(false);
  });

  test("removes the temporary outputs that a killed process left, and nothing else", async () => {
    const out = freshOut();
    await interrupted(out, 1);
    for (const name of [".0123456789ab.tmp", ".other.tmp", ".bak"])
      writeFileSync(out + name, "");
    await finish(out);
    expect(readdirSync(join(out, "..")).sort()).toEqual([
      "out.npz",
      "out.npz.bak",
      "out.npz.other.tmp",
    ]);
  });
});

describe("an output path", () => {
  test("that exists is refused, and so is its sidecar, for a new run and for a resume without a folder", async () => {
    const out = freshOut();
    writeFileSync(out, "");
    await expect(createRun(out, spec)).rejects.toThrow(
      `${out} exists: delete it or choose another output`,
    );
    await expect(openRun(out, spec)).rejects.toThrow(`${out} exists`);
    const npy = join(folder, "x.npy");
    writeFileSync(join(folder, "x.ids.json"), "");
    await expect(createRun(npy, spec)).rejects.toThrow("x.ids.json exists");
    expect(existsSync(`${out}.partial`)).toBe(false);
  });

  test("with an unfinished run beside it is refused unless the run is resumed", async () => {
    const out = freshOut();
    await interrupted(out, 2);
    await expect(createRun(out, spec)).rejects.toThrow(
      `${out}.partial holds an unfinished run of ${out}: resume it`,
    );
    expect(await finish(out)).toBe(distinct.length - 2);
  });

  test("in use is refused until it is closed", async () => {
    const out = freshOut();
    const run = await ingested(out);
    await expect(openRun(out, spec)).rejects.toThrow(
      `is held by running process ${process.pid}`,
    );
    await run.close();
    await run.close();
    await (await ingested(out)).remove();
  });

  test("wanted by five at once goes to exactly one", async () => {
    const out = freshOut();
    const tries = await Promise.allSettled(
      Array.from({ length: 5 }, () => createRun(out, spec)),
    );
    const winners = tries.filter((outcome) => outcome.status === "fulfilled");
    expect(winners).toHaveLength(1);
    await winners[0].value.remove();
  });

  test.each([
    ["a dead process", JSON.stringify({ pid: 2 ** 22 + 1, host: hostname() })],
    [
      "an earlier process with our own id",
      JSON.stringify({ pid: process.pid, host: hostname() }),
    ],
    ["a process killed while it took the lock", ""],
  ])("whose lock was left by %s is taken over", async (_, content) => {
    const out = freshOut();
    await interrupted(out, 2);
    writeFileSync(join(`${out}.partial`, "lock.7"), content);
    expect(await finish(out)).toBe(distinct.length - 2);
  });

  test("locked from another machine is refused, because nobody can tell whether that process lives", async () => {
    const out = freshOut();
    await interrupted(out, 2);
    writeFileSync(
      join(`${out}.partial`, "lock.1"),
      JSON.stringify({ pid: 5, host: "elsewhere" }),
    );
    await expect(openRun(out, spec)).rejects.toThrow(
      "is held by process 5 on elsewhere: delete it if that process is gone",
    );
  });

  test("in a folder that does not exist is one sentence", async () => {
    const out = join(folder, "none", "x.npz");
    await expect(createRun(out, spec)).rejects.toThrow(
      `cannot write ${out}: its folder does not exist (ENOENT)`,
    );
  });
});

describe("kill -9", () => {
  const child = join(import.meta.dirname, "run-child.ts");
  /** Runs the child and kills it at its `lines`-th line of output; false when it ended by itself. */
  const runUntil = (out: string, lines: number) =>
    new Promise<boolean>((resolve, reject) => {
      const running = spawn(process.execPath, ["--import", "tsx", child, out], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let seen = 0;
      running.stdout.on("data", (data: Buffer) => {
        seen += data.toString().split("\n").length - 1;
        if (seen >= lines) running.kill("SIGKILL");
      });
      running.on("error", reject);
      running.on("exit", (code, signal) => {
        if (code === 0 || signal === "SIGKILL") resolve(signal === "SIGKILL");
        else reject(new Error(`child exited with ${code}`));
      });
    });

  test("at three moments loses no reported record and ends in the same file", async () => {
    const out = freshOut();
    expect(await runUntil(out, 1)).toBe(true);
    expect(await runUntil(out, 6)).toBe(true);
    expect(await runUntil(out, 9)).toBe(true);
    // "ready" is a line too: 5 and 8 records were reported as done.
    const run = await ingested(out);
    expect(run.progress().done).toBeGreaterThanOrEqual(13);
    await run.close();
    expect(await runUntil(out, Infinity)).toBe(false);
    expect(sha256(out)).toBe(await expectedHash);
    expect(readdirSync(join(out, ".."))).toEqual(["out.npz"]);
  });
});

describe("parts of the store", () => {
  test("a sequence beyond the remembered ones is its own first occurrence, the remembered ones stay known", () => {
    const first = firstOccurrences(2);
    expect(["A", "B", "A", "C", "C", "B"].map(first)).toEqual([
      0, 1, 0, 3, 4, 1,
    ]);
  });

  test.each([
    [{ a: 1, b: { c: [1, 2] } }, { a: 1, b: { c: [1, 2] } }, undefined],
    [{ a: 1 }, { a: 2 }, "a was 1, now 2"],
    [{ b: { c: [1, 2] } }, { b: { c: [1, 3] } }, "b.c.1 was 2, now 3"],
    [{ a: 1 }, {}, "a was 1, now absent"],
    [{}, { a: undefined }, undefined],
    [{ a: [] }, { a: {} }, "a was [], now {}"],
    [{ a: { b: 1 }, c: 1 }, { c: 1, a: { b: 1 } }, undefined],
  ])("the first difference of %j and %j is %s", (was, is, difference) => {
    expect(firstDifference(was, is)).toBe(difference);
  });
});
