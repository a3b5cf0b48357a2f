/** @file Sequence files of any supported format as one stream of validated records. */
import type { GapPolicy } from "../alphabet.ts";
import { readAnnotated } from "./annotated.ts";
import { readFasta } from "./fasta.ts";
import { checkSequenceFile, openSequenceFile } from "./open.ts";
import { SequenceError } from "./parsed.ts";
import type { SequenceRecord } from "./record.ts";
import { addToSummary, type ReadSummary } from "./summary.ts";

export { readFasta, type FastaOptions } from "./fasta.ts";
export {
  openSequenceFile,
  type SequenceFile,
  type SequenceFormat,
} from "./open.ts";
export { SequenceError, type Parsed, type ParsedRecord } from "./parsed.ts";
export type { SequenceRecord } from "./record.ts";
export {
  emptySummary,
  rareLettersSentence,
  type ReadSummary,
} from "./summary.ts";

/** A file by its path, or by a path and the name that tells its format and stands in records and errors. */
export type SequenceSource =
  string | { readonly path: string; readonly name: string };

export interface ReadOptions {
  /** Alignment gaps (`-` and `.`) are refused unless they are to be removed. */
  readonly gaps?: GapPolicy | undefined;
  /** Residues one record may hold; a longer one is refused. Default 100 million. */
  readonly maxResidues?: number | undefined;
  /** Bytes that all files together may hold, unpacked: nothing is read beyond them. Default: no limit. */
  readonly maxBytes?: number | undefined;
  /** Whether a refused record ends the reading or is left out. Default `"fail"`. */
  readonly onError?: "fail" | "skip" | undefined;
  /** Is told of each record left out; `"skip"` needs it, so that nothing is left out in silence. */
  readonly onProblem?: ((error: SequenceError) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Counts what is read, in place; start with `emptySummary()`. */
  readonly summary?: ReadSummary | undefined;
  /** Called for each file as it is opened; what it returns sees the file's bytes as they are stored, to hash them for example. */
  readonly watchBytes?:
    ((file: string) => (chunk: Uint8Array) => void) | undefined;
}

/**
 * Reads the records of all files, in order. `-` is standard input. Throws a SequenceError for the first refused record unless
 * `onError` is `"skip"`, and always for a file that cannot be read and beyond `maxBytes`; files that are missing are found
 * before the first record.
 */
export async function* readSequences(
  sources: readonly SequenceSource[],
  {
    gaps = "refuse",
    maxResidues = 100e6,
    maxBytes = Infinity,
    onError = "fail",
    onProblem,
    signal,
    summary,
    watchBytes,
  }: ReadOptions = {},
): AsyncGenerator<SequenceRecord> {
  if (onError === "skip" && onProblem === undefined) {
    throw new TypeError(
      'readSequences: expected onProblem with onError "skip", got none',
    );
  }
  if (sources.filter((source) => source === "-").length > 1) {
    throw new TypeError(
      'readSequences: expected standard input ("-") once, got it several times',
    );
  }
  const files = sources.map((source) =>
    typeof source === "string" ? { path: source, name: source } : source,
  );
  for (const { path, name } of files) await checkSequenceFile(name, path);
  const most = { bytes: maxBytes, left: maxBytes };
  for (const { path, name: file } of files) {
    const opened = await openSequenceFile(file, {
      path,
      signal,
      onBytes: watchBytes?.(file),
    });
    const { format, close } = opened;
    try {
      const bytes = atMost(most, opened.bytes, file);
      const batches =
        format === "fasta"
          ? readFasta(bytes, { file, gaps, maxResidues })
          : readAnnotated(bytes, { file, format, gaps, maxResidues });
      for await (const batch of batches) {
        for (const parsed of batch) {
          signal?.throwIfAborted();
          if (parsed instanceof SequenceError) {
            if (onError === "fail") throw parsed;
            if (summary) summary.skipped++;
            onProblem?.(parsed);
          } else {
            if (summary) addToSummary(summary, parsed);
            yield parsed.record;
          }
        }
      }
    } finally {
      close();
    }
  }
}

/** Passes bytes on until they are more than are left of those all files may hold. */
async function* atMost(
  most: { readonly bytes: number; left: number },
  bytes: AsyncIterable<Uint8Array>,
  file: string,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    most.left -= chunk.length;
    if (most.left < 0)
      throw new SequenceError(
        { file },
        `expected at most ${most.bytes} bytes in all files, unpacked, got more`,
      );
    yield chunk;
  }
}
