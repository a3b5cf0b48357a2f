/** @file A disk of a few megabytes, to be filled and freed: a tmpfs, which only root may mount. */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

export interface SmallDisk {
  readonly folder: string;
  /** Leaves no room for another byte. */
  fill(): void;
  free(): void;
  remove(): void;
}

export function openSmallDisk(megabytes: number): SmallDisk {
  const folder = mkdtempSync(path.join(tmpdir(), "unirep-disk-"));
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", folder]); // prettier-ignore
  if (mounted.status !== 0) {
    rmSync(folder, { recursive: true });
    throw new Error(`faults: expected to mount a tmpfs, got ${mounted.error?.message ?? mounted.stderr.toString().trim()}`); // prettier-ignore
  }
  const filler = path.join(folder, "filler");
  const unmount = () => spawnSync("umount", ["--lazy", folder]);
  process.once("exit", unmount);
  return {
    folder,
    fill() {
      const file = openSync(filler, "a");
      try {
        const page = Buffer.alloc(4096, 1);
        for (;;) writeSync(file, page);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
      } finally {
        closeSync(file);
      }
    },
    free: () => rmSync(filler),
    remove() {
      process.off("exit", unmount);
      unmount();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Why tests of full disks skip, or null where one can be mounted. */
export const noSmallDisk: string | null = whyNot();

function whyNot(): string | null {
  try {
    openSmallDisk(1).remove();
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}
