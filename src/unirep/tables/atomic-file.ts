/** @file Files that appear whole or not at all: written beside their place, fsynced, renamed. */
import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Calls `write` with one temporary path per entry of `paths`, then renames them in order; the last path is the one whose
 * presence says that all are complete. On any failure the temporaries are removed and nothing at `paths` has changed
 * (a failure of a rename after the first leaves the earlier ones renamed). Errors of the disk become one sentence.
 */
export async function atomically(
  paths: readonly string[],
  write: (temporaries: string[]) => Promise<void>,
): Promise<void> {
  const temporaries = paths.map(
    (path) => `${path}.${randomBytes(6).toString("hex")}.tmp`,
  );
  const main = paths[paths.length - 1];
  try {
    await write(temporaries);
    for (const temporary of temporaries) await syncPath(temporary, "r+");
    for (let k = 0; k < paths.length; k++)
      await rename(temporaries[k], paths[k]);
    // Windows opens no folders; elsewhere a rename lasts once its folder is on the disk.
    if (process.platform !== "win32") await syncPath(dirname(main), "r");
  } catch (error) {
    await Promise.all(
      temporaries.map((temporary) => rm(temporary, { force: true })),
    );
    throw diskError(error, main);
  }
}

/** A fresh name beside `path`, of the form that `removeTemporaries` recognises. */
export function temporaryPath(path: string): string {
  return `${path}.${randomBytes(6).toString("hex")}.tmp`;
}

/** Removes what killed processes left beside `path`; only for a caller that knows that nobody is writing `path`. */
export async function removeTemporaries(path: string): Promise<void> {
  const prefix = `${basename(path)}.`;
  for (const name of await readdir(dirname(path))) {
    if (
      !name.startsWith(prefix) ||
      !/^[0-9a-f]{12}\.tmp$/.test(name.slice(prefix.length))
    )
      continue;
    await rm(join(dirname(path), name), { recursive: true, force: true });
  }
}

async function syncPath(path: string, flags: "r" | "r+"): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EFBIG: "the file would exceed the size limit of the disk or the process",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the disk is read-only",
  ENOENT: "its folder does not exist",
  ENOTDIR: "its folder is not a folder",
  EISDIR: "it is a folder",
};

/** The error as one sentence naming `path` when it is the disk's; any other error (and an abort) as it is. */
export function diskError(error: unknown, path: string): unknown {
  if (!(error instanceof Error)) return error;
  const code = (error as NodeJS.ErrnoException).code;
  const reason = code === undefined ? undefined : reasons[code];
  return reason === undefined
    ? error
    : new Error(`cannot write ${path}: ${reason} (${code})`, { cause: error });
}
