/** @file The journal of finished records: each entry proves the bytes of its record's results. */
import { createHash } from "node:crypto";
import { type FileHandle } from "node:fs/promises";
import { readAhead, writeExactly } from "./run-files.ts";
import { JOURNAL_ENTRY_BYTES } from "./run-layout.ts";

const INDEX_BYTES = 6;

export interface Journal {
  append(index: number, results: readonly Uint8Array[]): Promise<void>;
  /** Indices whose entry agrees with `results(index)`; torn entries, torn results and foreign indices are passed over. */
  replay(
    results: (index: number) => Promise<readonly Uint8Array[] | undefined>,
  ): AsyncGenerator<number>;
}

/**
 * An entry is the index (6 bytes, little-endian) and the first 10 bytes of the SHA-256 of index and results. One check thus
 * covers a torn entry and a row that never reached the disk, so that the order in which the system writes them is no matter.
 */
export async function openJournal(file: FileHandle): Promise<Journal> {
  const { size } = await file.stat();
  const entries = Math.floor(size / JOURNAL_ENTRY_BYTES);
  let next = entries * JOURNAL_ENTRY_BYTES;
  await file.truncate(next);
  return {
    async append(index, results) {
      // Taken before the first await: entries of concurrent calls never overlap, and a failed write leaves a hole that proves nothing.
      const position = next;
      next += JOURNAL_ENTRY_BYTES;
      await writeExactly(file, position, entry(index, results));
    },
    async *replay(results) {
      const read = readAhead(file);
      for (let k = 0; k < entries; k++) {
        const stored = await read(k * JOURNAL_ENTRY_BYTES, JOURNAL_ENTRY_BYTES);
        if (stored === undefined) return;
        const index = stored.readUIntLE(0, INDEX_BYTES);
        const bytes = await results(index);
        if (bytes !== undefined && stored.equals(entry(index, bytes)))
          yield index;
      }
    },
  };
}

function entry(index: number, results: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.alloc(JOURNAL_ENTRY_BYTES);
  bytes.writeUIntLE(index, 0, INDEX_BYTES);
  const hash = createHash("sha256").update(bytes.subarray(0, INDEX_BYTES));
  for (const part of results) hash.update(part);
  hash.digest().copy(bytes, INDEX_BYTES, 0, JOURNAL_ENTRY_BYTES - INDEX_BYTES);
  return bytes;
}
