/** @file Where files of the service live: uploads, results, checkpoints, weights. A directory or an object store. */
import type { Readable } from "node:stream";

/**
 * Files by key. A key is one or more names of letters, digits, `.`, `_`, `-` with `/` between, none of them `.` or `..`;
 * anything else is a TypeError. Every implementation is held to one test suite.
 */
export interface Storage {
  /**
   * Writes a file whole or not at all, replacing what is there; after it resolves the file survives a power failure as
   * far as the medium does. An abort or an error of `content` leaves nothing behind.
   */
  write(
    key: string,
    content: Uint8Array | AsyncIterable<Uint8Array>,
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<StoredFile>;
  /**
   * Bytes `start` to before `end`, by default all, none where the file ends before `start`; a MissingFileError where there
   * is no such file. A stream that cannot be read to its end fails, it does not end.
   */
  read(
    key: string,
    range?: { readonly start?: number; readonly end?: number },
  ): Promise<Readable>;
  /** Bytes of a file, or null where there is none. */
  size(key: string): Promise<number | null>;
  /** Keys that begin with `prefix/`, in order. */
  list(prefix: string): Promise<string[]>;
  /** Removes a file, or everything under `prefix/`; what is not there needs no removing. */
  remove(keyOrPrefix: string): Promise<void>;
  /** Rejects where nothing can be written now. */
  ping(): Promise<void>;
}

export interface StoredFile {
  readonly bytes: number;
  /** Of the content, in hexadecimal. */
  readonly sha256: string;
}

export class MissingFileError extends Error {
  override readonly name = "MissingFileError";
}

const name = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,200}$/;

export const isKey = (key: string): boolean =>
  key.split("/").every((part) => name.test(part));

/** Throws a TypeError for a key that could leave the storage or means another file elsewhere. */
export function checkKey(key: string): void {
  if (!isKey(key))
    throw new TypeError(
      `storage: expected a key of names with "/" between, got ${JSON.stringify(key)}`,
    );
}

/** The range with its defaults; ends that are no counts of bytes are a RangeError. */
export function checkRange(
  {
    start = 0,
    end = Infinity,
  }: { readonly start?: number; readonly end?: number },
  key: string,
): { readonly start: number; readonly end: number } {
  const isCount = (x: number) => Number.isSafeInteger(x) && x >= 0;
  if (!isCount(start) || !(isCount(end) || end === Infinity))
    throw new RangeError(
      `storage: ${key}: expected a range of bytes, got ${start} to ${end}`,
    );
  return { start, end };
}
