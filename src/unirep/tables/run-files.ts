/** @file File access of the run store: buffered appends, exact reads, lines. */
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { diskError } from "./atomic-file.ts";

const BLOCK_BYTES = 1 << 20;

export interface Appender {
  /** Bytes appended so far. */
  readonly size: () => number;
  append(bytes: Buffer): Promise<void>;
  /** Writes what is held, fsyncs and closes. */
  finish(): Promise<void>;
  /** Closes without writing what is held. */
  abandon(): Promise<void>;
}

/** Creates `path` and appends to it in blocks. */
export async function createAppender(path: string): Promise<Appender> {
  const file = await open(path, "wx");
  let held: Buffer[] = [];
  let heldBytes = 0;
  let size = 0;
  const flush = async () => {
    const block = Buffer.concat(held, heldBytes);
    held = [];
    heldBytes = 0;
    await file.writeFile(block).catch((error: unknown) => {
      throw diskError(error, path);
    });
  };
  return {
    size: () => size,
    async append(bytes) {
      held.push(bytes);
      heldBytes += bytes.length;
      size += bytes.length;
      if (heldBytes >= BLOCK_BYTES) await flush();
    },
    async finish() {
      await flush();
      await file.sync();
      await file.close();
    },
    abandon: () => file.close(),
  };
}

/** Exactly `bytes` bytes at `position`, or undefined when the file ends before. */
export async function readExactly(
  file: FileHandle,
  position: number,
  bytes: number,
): Promise<Buffer | undefined> {
  const buffer = Buffer.allocUnsafe(bytes);
  let filled = 0;
  while (filled < bytes) {
    const { bytesRead } = await file.read(
      buffer,
      filled,
      bytes - filled,
      position + filled,
    );
    if (bytesRead === 0) return undefined;
    filled += bytesRead;
  }
  return buffer;
}

/** All of `bytes` at `position`, whatever else is being written. */
export async function writeExactly(
  file: FileHandle,
  position: number,
  bytes: Uint8Array,
): Promise<void> {
  let written = 0;
  while (written < bytes.byteLength) {
    written += (
      await file.write(
        bytes,
        written,
        bytes.byteLength - written,
        position + written,
      )
    ).bytesWritten;
  }
}

/** A reader of small stretches that mostly follow each other: it reads ahead in blocks. */
export function readAhead(
  file: FileHandle,
): (position: number, bytes: number) => Promise<Buffer | undefined> {
  let start = 0;
  let block = Buffer.alloc(0);
  return async (position, bytes) => {
    if (bytes >= BLOCK_BYTES) return readExactly(file, position, bytes);
    if (position < start || position + bytes > start + block.length) {
      const fresh = Buffer.allocUnsafe(BLOCK_BYTES);
      const { bytesRead } = await file.read(fresh, 0, BLOCK_BYTES, position);
      [start, block] = [position, fresh.subarray(0, bytesRead)];
      if (bytesRead < bytes) return readExactly(file, position, bytes);
    }
    return block.subarray(position - start, position - start + bytes);
  };
}

/** The lines of a file that ends with a line feed; only a line feed ends a line (readline also splits at U+2028, which ids may hold). */
export async function* fileLines(path: string): AsyncGenerator<string> {
  let held: Buffer[] = [];
  for await (const chunk of createReadStream(path, {
    highWaterMark: BLOCK_BYTES,
  }) as AsyncIterable<Buffer>) {
    let start = 0;
    for (
      let end = chunk.indexOf(10);
      end >= 0;
      end = chunk.indexOf(10, start)
    ) {
      held.push(chunk.subarray(start, end));
      yield Buffer.concat(held).toString("utf8");
      held = [];
      start = end + 1;
    }
    held.push(chunk.subarray(start));
  }
}
