/** @file Compute processes that die, hang, grow, or lose their parent: nothing waits for ever, nothing stays behind. */
import { spawn } from "node:child_process";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { UniRep } from "../../src/unirep/index.ts";
import { ComputeError } from "../../src/workers/compute/compute-error.ts";
import type { ModelFile } from "../../src/workers/compute/tasks.ts";
import { closePools, errorOf, firstPid, isAlive, minute, openPool, pidOf, request, smallModel, until } from "./compute-pools.ts"; // prettier-ignore

let model: UniRep;
let file: ModelFile;
beforeAll(async () => {
  ({ model, file } = await smallModel());
});
afterEach(closePools);
afterAll(() => model.dispose());

const tiny = () => request(file, ["MKLV"]);

describe("a process that dies", () => {
  test.each(["SIGKILL", "SIGSEGV", "SIGABRT"] as const)(
    "of %s rejects its tasks, all to be tried again, and the next task has a new one",
    async (signal) => {
      const { pool, logged } = openPool({ shared: true });
      await pool.run("represent", tiny());
      const pid = pidOf(pool);
      const lost = [1, 2].map(() => errorOf(pool.run("represent", request(file, minute())))); // prettier-ignore
      await sleep(300);
      process.kill(pid, signal);
      for (const error of await Promise.all(lost)) {
        expect(error).toBeInstanceOf(ComputeError);
        expect(error).toMatchObject({ retryable: true, thrown: null });
        expect(error.message).toBe(`compute: expected represent to finish, got process ${pid} killed by ${signal}`); // prettier-ignore
      }
      expect(pool.facts()).toEqual([]);
      await pool.run("represent", tiny());
      expect(pidOf(pool)).not.toBe(pid);
      expect(logged.some(({ message }) => message === "compute process ended by itself")).toBe(true); // prettier-ignore
    },
  );

  test("with no task is replaced without anyone noticing", async () => {
    const { pool } = openPool();
    await pool.run("represent", tiny());
    const pid = pidOf(pool);
    process.kill(pid, "SIGKILL");
    await until(() => pool.facts().length === 0);
    await pool.run("represent", tiny());
    expect(pidOf(pool)).not.toBe(pid);
  });

  test("leaves what it did in the totals, which never fall", async () => {
    const { pool } = openPool();
    expect(pool.totals()).toMatchObject({ residues: 0, lanesAll: 0 });
    await pool.run("represent", tiny());
    const before = pool.totals();
    expect(before.residues).toBe(4);
    process.kill(pidOf(pool), "SIGKILL");
    await until(() => pool.facts().length === 0);
    expect(pool.totals()).toEqual(before);
    await pool.run("represent", tiny());
    expect(pool.totals()).toMatchObject({ residues: 8, lanesAll: 2 * before.lanesAll }); // prettier-ignore
  });

  test("while it is sent megabytes breaks nothing but its task", async () => {
    const { pool } = openPool();
    await pool.run("represent", tiny());
    const lost = errorOf(pool.run("represent", request(file, minute())));
    process.kill(pidOf(pool), "SIGKILL");
    expect(await lost).toMatchObject({ retryable: true, thrown: null });
    await pool.run("represent", tiny());
  });

  test("of SIGTERM lets go of its tasks first", async () => {
    const { pool } = openPool({ shared: true });
    const lost = errorOf(pool.run("represent", request(file, minute())));
    const pid = await firstPid(pool);
    process.kill(pid, "SIGTERM");
    expect(await lost).toMatchObject({ retryable: true, thrown: "Error", message: "compute: the process was asked to end" }); // prettier-ignore
    await until(() => !isAlive(pid));
  });

  test("does not die of Ctrl-C, which its parent answers", async () => {
    const { pool } = openPool();
    await pool.run("represent", tiny());
    const pid = pidOf(pool);
    process.kill(pid, "SIGINT");
    await pool.run("represent", tiny());
    expect(pidOf(pool)).toBe(pid);
  });
});

describe("an abort", () => {
  const reason = new Error("cancelled by its owner");

  test("ends the task with the signal's reason within two seconds, and the process goes on", async () => {
    const { pool } = openPool();
    await pool.run("represent", tiny());
    const pid = pidOf(pool);
    const stop = new AbortController();
    const task = errorOf(pool.run("represent", request(file, minute()), stop));
    await sleep(500);
    const start = performance.now();
    stop.abort(reason);
    expect(await task).toBe(reason);
    expect(performance.now() - start).toBeLessThan(2000);
    await pool.run("represent", tiny());
    expect(pidOf(pool)).toBe(pid);
  });

  test("of one request leaves the others of a shared process alone", async () => {
    const { pool } = openPool({ shared: true });
    const stop = new AbortController();
    const task = errorOf(pool.run("represent", request(file, minute()), stop));
    const others = [1, 2, 3].map(() => pool.run("represent", tiny()));
    await firstPid(pool);
    stop.abort(reason);
    expect(await task).toBe(reason);
    expect(await Promise.all(others)).toHaveLength(3);
  });

  test("kills a process that does not answer, and still ends with the signal's reason", async () => {
    const { pool } = openPool({ graceMs: 300 });
    await pool.run("represent", tiny());
    const pid = pidOf(pool);
    const stop = new AbortController();
    const task = errorOf(pool.run("represent", request(file, minute()), stop));
    await sleep(200);
    process.kill(pid, "SIGSTOP");
    const start = performance.now();
    stop.abort(reason);
    expect(await task).toBe(reason);
    expect(performance.now() - start).toBeGreaterThan(500);
    expect(isAlive(pid)).toBe(false);
    await pool.run("represent", tiny());
  });

  test("reaches a process that is not up yet", async () => {
    const { pool } = openPool();
    const stop = new AbortController();
    const task = errorOf(pool.run("represent", request(file, minute()), stop));
    stop.abort(reason);
    expect(await task).toBe(reason);
  });
});

describe("memory", () => {
  test("a process above its limit is replaced after its task", async () => {
    const roomy = openPool().pool;
    await roomy.run("represent", tiny());
    const memoryLimit = 0.75 * roomy.facts()[0].rssBytes;
    const { pool } = openPool({ memoryLimit, shared: true });
    await pool.run("represent", tiny());
    const pid = pidOf(pool);
    await until(() => !isAlive(pid));
    await pool.run("represent", tiny());
  });

  test("a task that takes twice the limit is killed, and one sentence says so", async () => {
    const { pool } = openPool({ memoryLimit: 50e6 });
    const error = await errorOf(pool.run("represent", request(file, minute())));
    expect(error).toMatchObject({ name: "ComputeError", retryable: false });
    expect(error.message).toMatch(/^compute: expected represent to stay below 0\.10 GB, twice the memory limit, got 0\.\d\d GB in process \d+$/); // prettier-ignore
  });
});

test("no compute process outlives a parent that is killed, whatever it computes", async () => {
  const parent = spawn(
    process.execPath,
    ["--import", "tsx", path.join(import.meta.dirname, "compute-parent.child.ts")], // prettier-ignore
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const pid = await new Promise<number>((resolve) =>
    createInterface({ input: parent.stdout }).once("line", (line) =>
      resolve(Number(line.split(" ")[0])),
    ),
  );
  await sleep(500);
  expect(isAlive(pid)).toBe(true);
  parent.kill("SIGKILL");
  await until(() => !isAlive(pid), 5000);
});
