/** @file The lock of a data folder: one living process holds it, and a dead one nobody. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"; // prettier-ignore
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lockFolder } from "../../src/workers/backend/data-lock.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = `
  const { lockFolder } = await import(${JSON.stringify(new URL("../../src/workers/backend/data-lock.ts", import.meta.url))});
  try { lockFolder(process.argv[1]); console.log("held"); setInterval(() => {}, 1000); }
  catch (error) { console.log(error.message); }`;

let folder: string;
let children: ChildProcess[];
const lock = () => path.join(folder, "lock");

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "unirep-lock-"));
  children = [];
});
afterEach(async () => {
  await Promise.all(children.map((child) => kill(child, "SIGKILL")));
  rmSync(folder, { recursive: true, force: true });
});

/** Another process that tries to take the lock, and the first line it prints. */
async function contender(): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(
    process.execPath,
    ["--import", "tsx", "--input-type=module", "-e", program, folder],
    { cwd: root, stdio: ["ignore", "pipe", "inherit"] },
  );
  children.push(child);
  const line = await new Promise<string>(
    (resolve) =>
    child.stdout.once("data", (data: Buffer) => resolve(data.toString().trim())), // prettier-ignore
  );
  return { child, line };
}

async function kill(child: ChildProcess, signal: NodeJS.Signals) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await gone;
}

describe("a data folder", () => {
  test("is held until it is released, and leaves nothing", () => {
    const unlock = lockFolder(folder);
    expect(() => lockFolder(folder)).toThrow(`process ${process.pid} holds it`);
    unlock();
    expect(readdirSync(folder)).toEqual([]);
    lockFolder(folder)();
  });

  test("is made where it is missing", () => {
    const unlock = lockFolder(path.join(folder, "a", "b"));
    unlock();
    expect(readdirSync(folder)).toEqual(["a"]);
  });

  test("is refused to a second process, and to this one while another holds it", async () => {
    const unlock = lockFolder(folder);
    const refused = await contender();
    expect(refused.line).toBe(`backend: expected a data folder that no other process uses, got ${folder}: process ${process.pid} holds it`); // prettier-ignore
    unlock();
    const { child, line } = await contender();
    expect(line).toBe("held");
    expect(() => lockFolder(folder)).toThrow(`process ${child.pid} holds it`);
  });

  test("of a killed process is taken over, that of a stopped one is not", async () => {
    const { child } = await contender();
    child.kill("SIGSTOP");
    expect(() => lockFolder(folder)).toThrow("holds it");
    await kill(child, "SIGKILL");
    const unlock = lockFolder(folder);
    expect(readFileSync(lock(), "utf8")).toContain(`"pid":${process.pid},`);
    unlock();
  });

  test("of 6 processes that find a dead holder goes to one", async () => {
    const { child } = await contender();
    await kill(child, "SIGKILL");
    const found = await Promise.all(Array.from({ length: 6 }, contender));
    expect(found.filter(({ line }) => line === "held")).toHaveLength(1);
    expect(readdirSync(folder)).toEqual(["lock"]);
  }, 60_000);

  const host = hostname();
  test.each<[string, object]>([
    ["that was our own pid before", { pid: process.pid, host, started: "another boot 1" }],
    ["whose pid another process has now", { pid: process.ppid, host, started: "another boot 1" }],
  ])("of a process %s is taken over", (_, holder) => {
    writeFileSync(lock(), JSON.stringify(holder));
    lockFolder(folder)();
  }); // prettier-ignore

  test.each<[string, string, RegExp]>([
    ["of a process on another machine", JSON.stringify({ pid: 1, host: "elsewhere" }), /process 1 on elsewhere holds it; remove .*lock if that machine is gone/],
    ["that nobody here has written", "hello", /its file "lock" is not one of this service/],
    ["that is empty", "", /not one of this service/],
    ["of a living process without a known start", JSON.stringify({ pid: process.ppid, host, started: null }), /holds it/],
  ])("with a lock %s is refused", (_, text, sentence) => {
    writeFileSync(lock(), text);
    expect(() => lockFolder(folder)).toThrow(sentence);
    expect(readFileSync(lock(), "utf8")).toBe(text);
  }); // prettier-ignore

  test("keeps a lock that is no longer ours when we release", () => {
    const unlock = lockFolder(folder);
    writeFileSync(lock(), "another's");
    unlock();
    expect(readFileSync(lock(), "utf8")).toBe("another's");
  });
});
