/** @file Unfinished downloads: one owner at a time, left behind for the next one to resume. */
import { readdir, rename } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";

// Ownership is in the name, `model.pkl.<host>.<pid>.<n>.part`, and changes hands by rename, which is atomic: two processes
// that pull the same file never write to the same part. A part without an owner is `model.pkl.part`.
const owned = new Set<string>();
let count = 0;

/** The name of a part of `target` that is this caller's own: one that was left behind, if there is one, else none yet. */
export async function claimPart(target: string): Promise<string> {
  const folder = path.dirname(target);
  const prefix = path.basename(target);
  const host = hostname().replace(/[^A-Za-z0-9-]/g, "");
  const mine = path.join(
    folder,
    `${prefix}.${host}.${process.pid}.${count++}.part`,
  );
  owned.add(mine);
  const names = (await readdir(folder)).filter(
    (name) => name.startsWith(`${prefix}.`) && name.endsWith(".part"),
  );
  for (const name of names) {
    const [owner, pid] = name
      .slice(prefix.length + 1, -".part".length)
      .split(".");
    const left =
      name === `${prefix}.part` ||
      (owner === host && !isAlive(Number(pid), path.join(folder, name)));
    if (left && (await moved(path.join(folder, name), mine))) break;
  }
  return mine;
}

/** Gives a part up, for whoever asks for `target` next. */
export async function releasePart(mine: string, target: string): Promise<void> {
  owned.delete(mine);
  await moved(mine, `${target}.part`);
}

function isAlive(pid: number, part: string): boolean {
  // In a container every run may have the same process id.
  if (pid === process.pid) return owned.has(part);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false; // never begun, or another was quicker
    throw error;
  }
}
