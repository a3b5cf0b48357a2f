/** @file Walking from a folder to what a key names within it, without following any link. */
import type { Stats } from "node:fs";
import { lstat, mkdir, open, rmdir } from "node:fs/promises";
import path from "node:path";

/** What `key` names in `root`, or null where there is nothing; a link on the way or at its end is an Error. */
export async function lookUp(
  root: string,
  key: string,
): Promise<{ readonly file: string; readonly stats: Stats } | null> {
  let found: { file: string; stats: Stats } | null = null;
  for (const file of steps(root, key)) {
    const stats = await lstat(file).catch(nothing);
    if (!stats) return null;
    refuseLink(stats, key);
    found = { file, stats };
  }
  return found;
}

/** Makes the folders that `key` lies in and returns its path; each one made lasts once its parent is on the disk. */
export async function makeFolders(root: string, key: string): Promise<string> {
  const all = steps(root, key);
  for (const folder of all.slice(0, -1)) {
    try {
      await mkdir(folder);
      await syncFolder(path.dirname(folder));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      refuseLink(await lstat(folder), key);
    }
  }
  return all[all.length - 1];
}

/** Removes the folders that `key` lay in, from the innermost on, while they are empty. */
export async function pruneFolders(root: string, key: string): Promise<void> {
  for (const folder of steps(root, key).slice(0, -1).reverse()) {
    try {
      await rmdir(folder);
    } catch (error) {
      const { code = "" } = error as NodeJS.ErrnoException;
      // Not empty, or a neighbour's removal has pruned it.
      if (["ENOTEMPTY", "EEXIST"].includes(code)) return;
      if (code !== "ENOENT") throw error;
    }
  }
}

/** A rename lasts once its folder is on the disk; Windows opens no folders. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function steps(root: string, key: string): string[] {
  const parts = key.split("/");
  return parts.map((_, k) => path.join(root, ...parts.slice(0, k + 1)));
}

function refuseLink(stats: Stats, key: string): void {
  if (stats.isSymbolicLink())
    throw new Error(
      `storage: ${key}: expected folders and files on the way, got a symbolic link`,
    );
}

function nothing(error: NodeJS.ErrnoException): undefined {
  // ENOTDIR: what would be its folder is a file.
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
  throw error;
}
