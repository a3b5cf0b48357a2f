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
export { emptySummary, type ReadSummary } from "./summary.ts";

export interface ReadOptions {
  /** Alignment gaps (`-` and `.`) are refused unless they are to be removed. */
  readonly gaps?: GapPolicy | undefined;
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
 * `onError` is `"skip"`, and always for a file that cannot be read; files that are missing are found before the first record.
 */
export async function* readSequences(
  paths: readonly string[],
  {
    gaps = "refuse",
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
  if (paths.filter((path) => path === "-").length > 1) {
    throw new TypeError(
      'readSequences: expected standard input ("-") once, got it several times',
    );
  }
  for (const path of paths) await checkSequenceFile(path);
  for (const file of paths) {
    const { format, bytes, close } = await openSequenceFile(file, {
      signal,
      onBytes: watchBytes?.(file),
    });
    try {
      const batches =
        format === "fasta"
          ? readFasta(bytes, { file, gaps })
          : readAnnotated(bytes, { file, format, gaps });
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
