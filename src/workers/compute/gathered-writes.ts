/** @file Small pieces for many places of a file, written as few large ones: a row of a narrow model is too small for a write of its own. */
import type { FileHandle } from "node:fs/promises";

/** Bytes that wait for their neighbours. */
const HELD_BYTES = 16 * 2 ** 20;

/** Writes pieces at their places in `file`, neighbours together: `flush` writes what is still held. */
export function gatheredWrites(file: FileHandle) {
  let held: { at: number; bytes: Uint8Array }[] = [];
  let heldBytes = 0;
  const flush = async () => {
    held.sort((a, b) => a.at - b.at);
    for (let from = 0, to = 1; from < held.length; from = to++) {
      while (held[to]?.at === held[to - 1].at + held[to - 1].bytes.length) to++;
      const run = held.slice(from, to).map(({ bytes }) => bytes);
      await writeAll(file, held[from].at, Buffer.concat(run));
    }
    held = [];
    heldBytes = 0;
  };
  return {
    flush,
    async write(at: number, bytes: Uint8Array): Promise<void> {
      held.push({ at, bytes });
      heldBytes += bytes.length;
      if (heldBytes >= HELD_BYTES) await flush();
    },
  };
}

/** In as many writes as it takes: the system may take less than it was given. */
async function writeAll(
  file: FileHandle,
  at: number,
  bytes: Buffer,
): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const left = bytes.length - done;
    const { bytesWritten } = await file.write(bytes, done, left, at + done);
    done += bytesWritten;
  }
}
