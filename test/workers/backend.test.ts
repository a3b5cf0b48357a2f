/** @file The backends' contract with BullMQ on both, and what is particular to each when it is damaged, away or wrong. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs"; // prettier-ignore
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Job, type Queue, WaitingChildrenError, WaitingError } from "bullmq"; // prettier-ignore
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Backend } from "../../src/workers/backend/backend.ts";
import { openBackend } from "../../src/workers/backend/open.ts";
import { lockLost } from "../../src/workers/backend/queues.ts";
import { checkRedis } from "../../src/workers/backend/redis-checks.ts";
import { readConfig } from "../../src/workers/config.ts";
import { backends, onBackends, openTestBackend, silent, type OpenedBackend } from "./backends.ts"; // prettier-ignore
import { freePort, noRedisServer, startRedis } from "./redis-server.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Resolves when `condition` holds. */
async function until(condition: () => unknown, seconds = 20): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${seconds} s`);
    await sleep(20);
  }
}

let queues = 0;
const newName = () => `test-${(queues += 1)}`;

async function stateOf(queue: Queue, id: string) {
  return (await queue.getJob(id))?.getState();
}

onBackends(
  "a backend",
  (opened) => {
    const backend = () => opened().backend;

    test("runs each job once, in order, and keeps what it returned", async () => {
      const name = newName();
      const queue = backend().queue(name);
      const ran: number[] = [];
      const worker = backend().worker(name, (job: Job<number>) => {
        ran.push(job.data);
        return Promise.resolve({ half: job.data / 2 });
      });
      await queue.addBulk(Array.from({ length: 50 }, (_, n) => ({ name: "n", data: n, opts: { jobId: `job-${n}` } }))); // prettier-ignore
      await until(async () => (await queue.getCompletedCount()) === 50);
      expect(ran).toEqual(Array.from({ length: 50 }, (_, n) => n));
      expect((await queue.getJob("job-7"))?.returnvalue).toEqual({ half: 3.5 });
      await worker.close();
    });

    test("makes one job of 50 additions with one id", async () => {
      const queue = backend().queue(newName());
      const add = () => queue.add("n", {}, { jobId: "the-one" });
      await Promise.all(Array.from({ length: 50 }, add));
      expect(await queue.getWaitingCount()).toBe(1);
    });

    test("runs the parent of a flow after its children, with their values", async () => {
      const [parents, children] = [newName(), newName()];
      const order: string[] = [];
      const parent = backend().worker(parents, async (job: Job) => {
        order.push("parent");
        return Object.values(await job.getChildrenValues<number>()).toSorted();
      });
      const child = backend().worker(children, (job: Job<number>) => {
        order.push("child");
        return Promise.resolve(job.data);
      });
      await backend()
        .flows()
        .add({
          name: "p",
          queueName: parents,
          opts: { jobId: "parent" },
          children: [1, 2, 3].map((data) => ({ name: "c", queueName: children, data })), // prettier-ignore
        });
      const queue = backend().queue(parents);
      await until(async () => (await stateOf(queue, "parent")) === "completed");
      expect(order).toEqual(["child", "child", "child", "parent"]);
      expect((await queue.getJob("parent"))?.returnvalue).toEqual([1, 2, 3]);
      await Promise.all([parent.close(), child.close()]);
    });

    test("lets a running job add children and run again after them", async () => {
      const [parents, children] = [newName(), newName()];
      const starts: number[] = [];
      const childQueue = backend().queue(children);
      const parent = backend().worker(parents, async (job: Job, token) => {
        const group = starts.push(job.attemptsMade);
        if (group > 3) return group;
        const opts = { parent: { id: job.id!, queue: job.queueQualifiedName }, jobId: `child-${group}` }; // prettier-ignore
        await childQueue.add("c", {}, opts);
        if (await job.moveToWaitingChildren(token!)) throw new WaitingChildrenError(); // prettier-ignore
        return -1;
      });
      const queue = backend().queue(parents);
      // A child that ended before its parent waits would leave nothing to wait for.
      const child = backend().worker(children, () =>
        until(
          async () => (await stateOf(queue, "parent")) === "waiting-children",
        ),
      );
      await queue.add("p", {}, { jobId: "parent" });
      await until(async () => (await stateOf(queue, "parent")) === "completed");
      expect((await queue.getJob("parent"))?.returnvalue).toBe(4);
      // Waiting for children spends no attempt.
      expect(starts).toEqual([0, 0, 0, 0]);
      await Promise.all([parent.close(), child.close()]);
    });

    test("takes back a job that its worker hands back, without spending an attempt", async () => {
      const name = newName();
      const queue = backend().queue(name);
      let started = false;
      const first = backend().worker(name, async (job: Job, token, signal) => {
        started = true;
        await once(signal!, "abort");
        await job.moveToWait(token);
        throw new WaitingError();
      });
      await queue.add("n", {}, { jobId: "long" });
      await until(() => started);
      first.cancelAllJobs("shutdown");
      await first.close();
      expect(await stateOf(queue, "long")).toBe("waiting");
      const second = backend().worker(name, (job: Job) => Promise.resolve(job.attemptsMade)); // prettier-ignore
      await until(async () => (await stateOf(queue, "long")) === "completed");
      expect((await queue.getJob("long"))?.returnvalue).toBe(0);
      await second.close();
    });

    test("gives a job to another worker each time one goes silent, as often as it takes", async () => {
      const name = newName();
      const queue = backend().queue(name);
      const options = { lockDuration: 300, stalledInterval: 150 };
      await queue.add("n", {}, { jobId: "unlucky" });
      for (let round = 1; round <= 3; round++) {
        let started = false;
        const dead = backend().worker(name, () => {
          started = true;
          return new Promise<never>(() => {});
        }, { ...options, skipLockRenewal: true, skipStalledCheck: true }); // prettier-ignore
        const rescuer = backend().worker(name, undefined as never, { ...options, autorun: false }); // prettier-ignore
        await until(() => started);
        await dead.close(true);
        await rescuer.startStalledCheckTimer();
        await until(async () => (await stateOf(queue, "unlucky")) === "waiting"); // prettier-ignore
        await rescuer.close();
      }
      const living = backend().worker(name, () => Promise.resolve("done"), options); // prettier-ignore
      await until(async () => (await stateOf(queue, "unlucky")) === "completed"); // prettier-ignore
      await living.close();
    });

    test("aborts a job whose lock could not be renewed", async () => {
      const name = newName();
      const reasons: unknown[] = [];
      let started = false;
      const worker = backend().worker(name, async (_job, _token, signal) => {
        started = true;
        await once(signal!, "abort");
        reasons.push(signal!.reason);
      });
      const queue = backend().queue(name);
      await queue.add("n", {}, { jobId: "lost" });
      await until(() => started);
      worker.emit("lockRenewalFailed", ["lost"]);
      await until(() => reasons.length > 0);
      expect(reasons).toEqual([lockLost]);
      await worker.close();
    });

    test("answers timers while a loop adds jobs and writes documents", async () => {
      const queue = backend().queue(newName());
      const ticks: number[] = [];
      const timer = setInterval(() => ticks.push(performance.now()), 5);
      for (let n = 0; n < 100; n++) {
        await queue.add("n", { n });
        await backend().store.appendEvent("ticks", n);
      }
      clearInterval(timer);
      expect(ticks.length).toBeGreaterThan(3);
    });

    test("has a worker start an added job at once, not at its next look", async () => {
      const name = newName();
      const queue = backend().queue(name);
      const waits: number[] = [];
      const worker = backend().worker(name, (job: Job) => {
        waits.push(Date.now() - job.timestamp);
        return Promise.resolve();
      });
      await worker.waitUntilReady();
      for (let n = 1; n <= 5; n++) {
        // Long enough for the worker to block again.
        await sleep(100);
        await queue.add("n", {});
        await until(() => waits.length === n);
      }
      expect(waits.toSorted((a, b) => a - b)[2]).toBeLessThan(1000);
      await worker.close();
    });
  },
  { LOCK_SECONDS: "5" },
);

describe.each(backends)("closing (%s)", (kind) => {
  test("does not wait for a worker that was told to finish and does not", async () => {
    const { backend, close } = await openTestBackend(kind);
    let started = false;
    const worker = backend.worker("q", () => {
      started = true;
      return new Promise<never>(() => {});
    });
    await backend.queue("q").add("n", {});
    await until(() => started);
    void worker.close();
    await close();
  });
});

/** Runs TypeScript in another process; resolves to what it printed when it ended by itself, or was killed by us. */
async function runProgram(
  body: string,
  env: Readonly<Record<string, string>>,
  killAt?: string,
): Promise<{ text: string; code: number | null }> {
  const open = new URL("../../src/workers/backend/open.ts", import.meta.url);
  const config = new URL("../../src/workers/config.ts", import.meta.url);
  const program = `
    const { openBackend } = await import(${JSON.stringify(open)});
    const { readConfig } = await import(${JSON.stringify(config)});
    const none = () => {};
    const log = { debug: none, info: none, warn: none, error: none };
    const open = () => openBackend(readConfig(process.env), log);
    ${body}`;
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "-e", program],
    { cwd: root, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] }, // prettier-ignore
  );
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (data: string) => {
    text += data;
    if (killAt !== undefined && text.includes(killAt)) child.kill("SIGKILL");
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), 50_000);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(timer);
  return { text, code };
}

describe("a process", () => {
  test.each(["embedded", "redis"] as const)(
    `ends by itself after it has closed its backend (%s)${noRedisServer === null ? "" : `; Redis skipped: ${noRedisServer}`}`,
    async (kind) => {
      if (kind === "redis" && noRedisServer !== null) return;
      const opened = await openTestBackend(kind);
      await opened.backend.close();
      const env = { DATA_DIR: opened.config.dataDir, ...(opened.server && { REDIS_URL: opened.server.url }) }; // prettier-ignore
      const { text, code } = await runProgram(
        `const backend = await open();
         const queue = backend.queue("q");
         const worker = backend.worker("q", async () => 1);
         const done = new Promise((resolve) => worker.on("completed", resolve));
         await queue.add("n", {});
         await backend.flows().add({ name: "n", queueName: "q" });
         await done;
         await worker.close();
         await backend.close();
         await backend.close();
         console.log("closed");`,
        env,
      );
      await opened.close();
      expect({ text, code }).toEqual({ text: "closed\n", code: 0 });
    },
  );
});

describe("the embedded backend", () => {
  let opened: OpenedBackend;
  /** A closed database to copy. */
  let database: string;
  const folders: string[] = [];
  const newFolder = () => {
    const folder = mkdtempSync(path.join(tmpdir(), "unirep-embedded-"));
    folders.push(folder);
    return folder;
  };
  const open = (dataDir: string) =>
    openBackend(readConfig({ DATA_DIR: dataDir }), silent);

  beforeAll(async () => {
    opened = await openTestBackend("embedded");
    await opened.backend.store.insert("note", "old", { text: "old", n: 1 });
    await opened.backend.close();
    database = path.join(opened.config.dataDir, "pglite");
  }, 60_000);
  afterAll(async () => {
    await opened.close();
    for (const folder of folders) rmSync(folder, { recursive: true });
  }, 60_000);

  test("keeps documents, events, counters and jobs when its process is killed", async () => {
    const dataDir = newFolder();
    cpSync(database, path.join(dataDir, "pglite"), { recursive: true });
    const { text, code } = await runProgram(
      `const { store, queue } = await open();
       const jobs = queue("kept");
       for (let n = 0; ; n++) {
         await store.insert("note", "note-" + n, { text: "", n });
         await store.appendEvent("log", n);
         await store.count("sum", 1, 1000);
         await jobs.add("n", { n }, { jobId: "job-" + n });
         console.log("kept " + n + ";");
       }`,
      { DATA_DIR: dataDir, REDIS_URL: "" },
      "kept 60;",
    );
    expect(code).toBeNull();
    const last = Number(text.match(/kept (\d+);\n(?![\s\S]*;\n)/)?.[1]);
    expect(last).toBeGreaterThanOrEqual(60);
    const backend = await open(dataDir);
    const { store } = backend;
    const ids = Array.from({ length: last + 1 }, (_, n) => n);
    const notes = await Promise.all(ids.map((n) => store.get("note", `note-${n}`))); // prettier-ignore
    expect(notes.map((note) => note?.n)).toEqual(ids);
    expect((await store.get("note", "old"))?.n).toBe(1);
    const events = await store.readEvents("log", null, last + 1);
    expect(events.map(({ event }) => event)).toEqual(ids);
    expect(await store.count("sum", 0, 1000)).toBeGreaterThan(last);
    expect(await backend.queue("kept").getWaitingCount()).toBeGreaterThan(last);
    await backend.close();
  });

  test("runs at once what its process was running when it was killed, whatever the time of its lock", async () => {
    const dataDir = newFolder();
    cpSync(database, path.join(dataDir, "pglite"), { recursive: true });
    await runProgram(
      `const backend = await open();
       backend.worker("q", () => { console.log("started"); return new Promise(() => {}); }, { concurrency: 2 });
       await backend.queue("q").addBulk([1, 2].map((n) => ({ name: "n", data: { n }, opts: { jobId: "job-" + n } })));
       setInterval(() => {}, 1000);`,
      { DATA_DIR: dataDir, REDIS_URL: "", LOCK_SECONDS: "600" },
      "started\nstarted",
    );
    const backend = await open(dataDir);
    const ran: string[] = [];
    const start = performance.now();
    const worker = backend.worker("q", (job: Job) => {
      ran.push(job.id!);
      return Promise.resolve();
    });
    await until(() => ran.length === 2);
    expect(performance.now() - start).toBeLessThan(5000);
    expect(ran.toSorted()).toEqual(["job-1", "job-2"]);
    await worker.close();
    await backend.close();
  });

  test("refuses a data folder in use, and opens it once it is not", async () => {
    const backend = await opened.reopen();
    await expect(opened.reopen()).rejects.toThrow("holds it");
    await backend.close();
    await (await opened.reopen()).close();
  });

  test("makes its database in another process: this one stays small", async () => {
    const dataDir = newFolder();
    // What a process killed while it made one has left.
    mkdirSync(path.join(dataDir, "pglite.new-1", "base"), { recursive: true });
    const { text } = await runProgram(
      `const { close } = await open();
       await close();
       console.log(process.resourceUsage().maxRSS);`,
      { DATA_DIR: dataDir, REDIS_URL: "" },
    );
    expect(Number(text)).toBeLessThan(600 * 1024);
    expect(readdirSync(dataDir)).toEqual(["pglite"]);
  });

  test.each<[string, (folder: string) => void, RegExp]>([
    ["holds other files", (folder) => {
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
      writeFileSync(path.join(folder, "thesis.tex"), "words");
    }, /^backend: expected a database of this service, got other files in \S+$/],
    ["has lost its control file", (folder) => truncateSync(path.join(folder, "global", "pg_control")), /^backend: expected a whole database .* got "[^"]+"$/],
    ["has lost its tables", (folder) => rmSync(path.join(folder, "base"), { recursive: true }), /^backend: expected a whole database/],
    ["is of another PostgreSQL", (folder) => writeFileSync(path.join(folder, "PG_VERSION"), "13\n"), /made by PostgreSQL 13/],
  ])("refuses a database that %s, and leaves it alone", async (_, damage, sentence) => {
    const dataDir = newFolder();
    const folder = path.join(dataDir, "pglite");
    cpSync(database, folder, { recursive: true });
    damage(folder);
    const files = () => readdirSync(folder).filter((name) => name !== "postmaster.pid");
    const before = files();
    await expect(open(dataDir)).rejects.toThrow(sentence);
    expect(files()).toEqual(before);
    // The lock is free again.
    expect(readdirSync(dataDir)).toEqual(["pglite"]);
  }); // prettier-ignore

  test("keeps the values of a failed query out of its error", async () => {
    const backend = await opened.reopen();
    const secret = "MSECRETSEQVENCE";
    const failed = backend.store.count(secret, 0.5, 1);
    const error = (await failed.then(
      () => null,
      (e: unknown) => e,
    )) as Error;
    expect(error).toBeInstanceOf(Error);
    expect(JSON.stringify(error) + error.stack).not.toContain(secret);
    await backend.close();
  });
});

describe.skipIf(noRedisServer !== null)(
  `the Redis backend${noRedisServer === null ? "" : ` (skipped: ${noRedisServer})`}`,
  () => {
    const open = (url: string, log = silent) =>
      openBackend(readConfig({ REDIS_URL: url, DATA_DIR: tmpdir() }), log);

    test("rejects within 1 s while Redis is away, for the store and for queues old and new, and works again after", async () => {
      const { backend, server, close } = await openTestBackend("redis");
      const { store } = backend;
      const queue = backend.queue("q");
      await queue.add("n", {}, { jobId: "before" });
      await store.insert("note", "before", { text: "", n: 1 });
      await server!.kill();
      // The broken connection is noticed with the next turn of the event loop.
      await sleep(50);
      const late = backend.queue("late");
      const calls: [string, () => Promise<unknown>][] = [
        ["add", () => queue.add("n", {})],
        ["addBulk", () => queue.addBulk([{ name: "n", data: {} }])],
        ["a new queue's add", () => late.add("n", {})],
        ["flow", () => backend.flows().add({ name: "n", queueName: "q" })],
        ["insert", () => store.insert("note", "during", { text: "", n: 2 })],
        ["get", () => store.get("note", "before")],
        ["update", () => store.update("note", "before", () => ({ text: "", n: 3 }))],
        ["list", () => store.list("note", { limit: 1 })],
        ["append", () => store.appendEvent("log", 1)],
        ["count", () => store.count("sum", 1, 60)],
        ["ping", () => store.ping()],
      ]; // prettier-ignore
      for (const [what, call] of calls) {
        const start = performance.now();
        await expect(call(), what).rejects.toThrow();
        expect(performance.now() - start, what).toBeLessThan(1000);
      }
      await server!.start();
      await until(() => store.ping().then(() => true, () => false)); // prettier-ignore
      expect(await store.get("note", "before")).toEqual({ text: "", n: 1 });
      expect(await store.get("note", "during")).toBeNull();
      expect(await queue.getJob("before")).toBeDefined();
      await queue.add("n", {}, { jobId: "after" });
      await late.add("n", {}, { jobId: "after" });
      expect(await queue.getWaitingCount()).toBe(2);
      expect(await late.getWaitingCount()).toBe(1);
      await close();
    });

    test("has its workers go on after Redis came back", async () => {
      const { backend, server, close } = await openTestBackend("redis");
      const ran: string[] = [];
      const worker = backend.worker("q", (job: Job) => {
        ran.push(job.id!);
        return Promise.resolve();
      });
      const queue = backend.queue("q");
      await queue.add("n", {}, { jobId: "before" });
      await until(() => ran.length === 1);
      await server!.kill();
      await sleep(1500);
      await server!.start();
      await until(() => queue.add("n", {}, { jobId: "after" }).then(() => true, () => false)); // prettier-ignore
      await until(() => ran.includes("after"), 30);
      await worker.close();
      await close();
    });

    test("rejects within 6 s where Redis takes commands and does not answer, and works again after", async () => {
      const { backend, server, close } = await openTestBackend("redis");
      await backend.store.ping();
      process.kill(server!.pid, "SIGSTOP");
      const start = performance.now();
      await expect(backend.store.get("note", "any")).rejects.toThrow();
      expect(performance.now() - start).toBeLessThan(6500);
      process.kill(server!.pid, "SIGCONT");
      await until(() => backend.store.ping().then(() => true, () => false)); // prettier-ignore
      await close();
    });

    test("closes in a moment while Redis is away", async () => {
      const { backend, server, close } = await openTestBackend("redis");
      const worker = backend.worker("q", () => Promise.resolve());
      await worker.waitUntilReady();
      await server!.kill();
      const start = performance.now();
      await worker.close(true);
      await close();
      expect(performance.now() - start).toBeLessThan(10_000);
    });

    test("says where it looked for a Redis that is not there, without the password", async () => {
      const port = await freePort();
      const opening = open(`redis://me:hunter2@127.0.0.1:${port}`);
      await expect(opening).rejects.toThrow(/^backend: expected Redis at 127\.0\.0\.1:\d+ \(REDIS_URL\), got "connect ECONNREFUSED .*"$/); // prettier-ignore
      await opening.catch((e: Error) => expect(e.message).not.toContain("hunter2")); // prettier-ignore
    });

    test.each<[string, Record<string, string>, RegExp]>([
      ["that evicts", { "maxmemory-policy": "allkeys-lru" }, /got maxmemory-policy allkeys-lru, .* set maxmemory-policy noeviction$/],
      ["that wants another password", { requirepass: "right" }, /expected Redis at .* got "(WRONGPASS|NOAUTH).*"/],
    ])("refuses a Redis %s", async (_, options, sentence) => {
      const server = await startRedis(options);
      const url = server.url.replace("//", "//:wrong@");
      await expect(open("requirepass" in options ? url : server.url)).rejects.toThrow(sentence);
      await server.stop();
    }); // prettier-ignore

    test.each<[string, Record<string, string>, RegExp[]]>([
      ["keeps a log on disk", {}, []],
      ["keeps nothing on disk", { appendonly: "no" }, [/keeps nothing on disk/]],
      ["keeps snapshots", { appendonly: "no", save: "3600 1" }, [/snapshots only/]],
      ["does not tell", { user: "default on nopass ~* &* +@all -info -config" }, [/its version/, /maxmemory-policy/, /appendonly/]],
    ])("warns, in its log too, as it must of a Redis that %s, and works", async (_, options, warnings) => {
      const server = await startRedis(options);
      const logged: string[] = [];
      const log = { ...silent, warn: (_fields: object, text: string) => void logged.push(text) };
      const backend: Backend = await open(server.url, log);
      expect(logged).toEqual(backend.warnings);
      expect(backend.warnings).toHaveLength(warnings.length);
      for (const [i, pattern] of warnings.entries()) expect(backend.warnings[i]).toMatch(pattern);
      const done = new Promise((resolve) => {
        backend.worker("q", () => Promise.resolve()).on("completed", resolve);
      });
      await backend.queue("q").add("n", {});
      await done;
      await backend.close();
      await server.stop();
    }); // prettier-ignore
  },
);

describe("the version of a Redis", () => {
  const redisOf = (version: string) =>
    ({
      info: () => Promise.resolve(`redis_version:${version}\r\nmaxmemory_policy:noeviction\r\naof_enabled:1\r\n`), // prettier-ignore
    }) as Parameters<typeof checkRedis>[0];

  test.each(["2.8.24", "5.0.14", "6.0.16"])("%s is refused", async (version) => {
    await expect(checkRedis(redisOf(version))).rejects.toThrow(`backend: expected Redis 6.2 or newer, got ${version}`); // prettier-ignore
  }); // prettier-ignore

  test.each(["6.2.0", "7.0.15", "8.2.1", "10.0.0"])("%s is taken", async (v) => {
    expect(await checkRedis(redisOf(v))).toEqual({ warnings: [], tellsInfo: true }); // prettier-ignore
  }); // prettier-ignore
});
