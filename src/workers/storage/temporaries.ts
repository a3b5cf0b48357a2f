/** @file Names for files that are being written, and the removal of those whose writers are gone. */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import path from "node:path";

export interface Temporaries {
  /** A path that no other writer uses. */
  take(): string;
  /** Removes what is still there. */
  release(temporary: string): Promise<void>;
}

// Says which of this process' names are in use: in a container the process before may have had the same id.
const taken = new Set<string>();
const host = hostname().replace(/[^A-Za-z0-9-]/g, "");
/** Longer than any write takes; the only judge of files of other machines. */
const abandonedAfter = 24 * 3600 * 1000;

/** Temporaries in `folder`, which is made; those of dead processes are removed. */
export async function openTemporaries(folder: string): Promise<Temporaries> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) {
    const file = path.join(folder, name);
    if (await isAbandoned(file)) await rm(file, { force: true });
  }
  return {
    take() {
      const random = randomBytes(6).toString("hex");
      const file = path.join(folder, `${host}.${process.pid}.${random}`);
      taken.add(file);
      return file;
    },
    async release(file) {
      await rm(file, { force: true });
      taken.delete(file);
    },
  };
}

async function isAbandoned(file: string): Promise<boolean> {
  const [owner, pid] = path.basename(file).split(".");
  if (owner === host && !isAlive(Number(pid), file)) return true;
  // Gone meanwhile: its writer was quicker.
  const written = await stat(file).catch(() => undefined);
  return written !== undefined && Date.now() - written.mtimeMs > abandonedAfter;
}

function isAlive(pid: number, file: string): boolean {
  if (pid === process.pid) return taken.has(file);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: alive, but another user's.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
