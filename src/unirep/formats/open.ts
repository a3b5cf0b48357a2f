/** @file From a path to plain bytes and the format they are in; whatever keeps a file from being read is one sentence. */
import { createReadStream } from "node:fs";
import { access, constants, stat } from "node:fs/promises";
import { basename, extname } from "node:path";
import type { Readable } from "node:stream";
import { peek } from "./bytes.ts";
import { gunzip, isGzip } from "./gzip.ts";
import { SequenceError } from "./parsed.ts";

export type SequenceFormat = "fasta" | "genbank" | "snapgene";

export interface SequenceFile {
  readonly format: SequenceFormat;
  /** Unpacked bytes from the first one on; to be read once. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Releases the file; safe at any time and more than once. */
  readonly close: () => void;
}

const formats: Readonly<Record<SequenceFormat, readonly string[]>> = {
  fasta: [".fa", ".fasta", ".faa", ".fas", ".txt"],
  genbank: [".gb", ".gbk", ".genbank", ".gp", ".gpt"],
  snapgene: [".dna", ".prot"],
};
const supported = Object.values(formats).flat().join(" ");
/** FASTA of nucleotides by convention: A, C, G and T are amino-acid letters too, so its content would not give it away. */
const nucleotideExtensions = [".fna", ".ffn"];

/** First bytes of packed files other than gzip, in hexadecimal. */
const packed = {
  "504b0304": "zip",
  "425a68": "bzip2",
  fd377a585a00: "xz",
  "28b52ffd": "zstd",
};

/** Bytes of a file's start that tell its format. */
const lookAhead = 4096;

/** Throws a SequenceError when the path is missing, a folder or not readable; standard input always passes. */
export async function checkSequenceFile(
  file: string,
  path = file,
): Promise<void> {
  if (path === "-") return;
  try {
    if ((await stat(path)).isDirectory()) throw unreadable(file, "a folder");
    await access(path, constants.R_OK);
  } catch (error) {
    throw fileError(file, error);
  }
}

/**
 * Opens a sequence file: `-` is standard input, gzip is known by its first bytes, the format by the extension (with or
 * without `.gz`), or for any other name by a first `>`. Throws a SequenceError naming the file when there is nothing to read in it,
 * and while its bytes are read when they end early.
 */
export async function openSequenceFile(
  file: string,
  options: {
    /** Where it lies, if `file` is only what it is called. */
    path?: string | undefined;
    signal?: AbortSignal | undefined;
    onBytes?: ((chunk: Uint8Array) => void) | undefined;
  } = {},
): Promise<SequenceFile> {
  const { path = file, signal, onBytes } = options;
  signal?.throwIfAborted();
  const raw: Readable =
    path === "-"
      ? process.stdin
      : createReadStream(path, { highWaterMark: 1 << 20 });
  const abort = () => raw.destroy(signal?.reason as Error);
  signal?.addEventListener("abort", abort, { once: true });
  const close = () => {
    signal?.removeEventListener("abort", abort);
    raw.destroy();
  };
  const stored = raw as AsyncIterable<Uint8Array>;
  try {
    const outer = await peek(
      onBytes ? watched(stored, onBytes) : stored,
      lookAhead,
    );
    const plain = isGzip(outer.head)
      ? await peek(gunzip(outer.bytes), lookAhead)
      : outer;
    const format = formatOf(file, plain.head);
    return { format, bytes: withFileErrors(file, plain.bytes, signal), close };
  } catch (error) {
    close();
    signal?.throwIfAborted();
    throw fileError(file, error);
  }
}

async function* watched(
  bytes: AsyncIterable<Uint8Array>,
  onBytes: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    onBytes(chunk);
    yield chunk;
  }
}

function formatOf(file: string, head: Buffer): SequenceFormat {
  const expected = "expected a sequence file";
  if (head.length === 0) {
    throw new SequenceError({ file }, `${expected}, got an empty file`);
  }
  const name = basename(file).toLowerCase().replace(/\.gz$/, "");
  const extension = extname(name);
  if (nucleotideExtensions.includes(extension)) {
    const advice = `translate it first, or rename it to .faa if it holds proteins`;
    throw new SequenceError(
      { file },
      `expected proteins, got ${extension}, the extension of nucleotide FASTA; ${advice}`,
    );
  }
  if (formats.snapgene.includes(extension)) return "snapgene";
  const start = head.toString("hex", 0, 8);
  for (const [magic, packer] of Object.entries(packed)) {
    if (start.startsWith(magic)) {
      throw new SequenceError(
        { file },
        `${expected}, plain or gzip, got ${packer} data`,
      );
    }
  }
  if (head.includes(0)) {
    throw new SequenceError({ file }, `${expected} in text, got binary data`);
  }
  if (formats.genbank.includes(extension)) return "genbank";
  if (
    formats.fasta.includes(extension) ||
    /^(\u00ef\u00bb\u00bf)?\s*>/.test(head.toString("latin1"))
  ) {
    return "fasta";
  }
  const got =
    extension === ""
      ? "another start and no known extension"
      : `another start and the extension ${extension}`;
  throw new SequenceError(
    { file },
    `expected FASTA starting with ">" or one of ${supported} (each also with .gz), got ${got}`,
  );
}

async function* withFileErrors(
  file: string,
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    signal?.throwIfAborted();
    throw fileError(file, error);
  }
}

function fileError(file: string, error: unknown): SequenceError {
  if (error instanceof SequenceError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return unreadable(file, "no such file", error);
  if (code === "EISDIR") return unreadable(file, "a folder", error);
  if (code === "EACCES") {
    return unreadable(file, "a file without permission to read it", error);
  }
  return unreadable(file, message, error);
}

function unreadable(file: string, got: string, cause?: unknown): SequenceError {
  return new SequenceError(
    { file },
    `expected a readable sequence file, got ${got}`,
    { cause },
  );
}
