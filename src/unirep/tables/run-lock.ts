/** @file One process at a time in a folder: a lock that outlives no living owner. */
import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

interface Owner {
  readonly pid: number;
  readonly host: string;
}

// Distinguishes our own lock from one of a dead process that had our pid (pid 1 of the last container).
const held = new Set<string>();

/**
 * Takes the lock of `folder` and returns what releases it. Throws one sentence when a living process holds it. Locks are
 * numbered files: taking over from a dead owner creates the next number, which exactly one contender can.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const found = (await readdir(folder)).filter((name) =>
    /^lock\.\d+$/.test(name),
  );
  for (const name of found) await refuseIfAlive(resolve(folder, name));
  const path = resolve(
    folder,
    `lock.${1 + Math.max(0, ...found.map((name) => Number(name.slice("lock.".length))))}`,
  );
  try {
    const file = openSync(path, "wx");
    writeSync(
      file,
      JSON.stringify({ pid: process.pid, host: hostname() } satisfies Owner),
    );
    closeSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    throw new Error(`${folder} is in use by another process`, { cause: error });
  }
  held.add(path);
  const release = async () => {
    held.delete(path);
    await rm(path, { force: true });
  };
  try {
    // Someone may have come and gone since the first look and left a lower number free for a third.
    for (const name of await lockNames(folder)) {
      if (resolve(folder, name) !== path)
        await refuseIfAlive(resolve(folder, name));
    }
  } catch (error) {
    await release();
    throw error;
  }
  for (const name of found) await rm(resolve(folder, name), { force: true });
  return release;
}

async function lockNames(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => /^lock\.\d+$/.test(name));
}

async function refuseIfAlive(path: string): Promise<void> {
  // An owner creates the file and fills it at once; an empty one a moment later was left by a kill in between.
  let owner = readOwner(path);
  if (owner === undefined) {
    await sleep(50);
    owner = readOwner(path);
  }
  if (owner === undefined) return;
  if (owner.host !== hostname()) {
    throw new Error(
      `${path} is held by process ${owner.pid} on ${owner.host}: delete it if that process is gone`,
    );
  }
  if (owner.pid === process.pid ? held.has(path) : isAlive(owner.pid)) {
    throw new Error(
      `${path} is held by running process ${owner.pid}: wait for it or stop it`,
    );
  }
}

function readOwner(path: string): Owner | undefined {
  try {
    const { pid, host } = JSON.parse(
      readFileSync(path, "utf8"),
    ) as Partial<Owner>;
    return typeof pid === "number" && typeof host === "string"
      ? { pid, host }
      : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: alive, but another user's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
