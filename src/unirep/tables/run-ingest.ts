/** @file The first half of a run: every record is written to the work folder before any is computed. */
import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { atomically } from "./atomic-file.ts";
import { createAppender } from "./run-files.ts";
import { encodeIndex, runPaths } from "./run-layout.ts";
import { idSize, type TableSize } from "./table.ts";

/** A record as the run keeps it. */
export interface RunRecord {
  readonly id: string;
  readonly description: string;
  /** Normalised: what is hashed, computed and counted. */
  readonly sequence: string;
}

/** What `input.json` holds. */
export interface IngestedInput {
  readonly size: TableSize;
  /** Records that are no copies, and their residues: the work. */
  readonly distinct: { readonly records: number; readonly residues: number };
  readonly spoolBytes: number;
  /** The caller's account of the input. */
  readonly summary: unknown;
}

/** Distinct sequences whose first place is remembered: about 100 MB; a later copy of an unremembered one is computed again. */
const REMEMBERED = 1_000_000;

/** The index of the first record with the same sequence, `index` itself for a new one (SHA-256; at most `limit` remembered). */
export function firstOccurrences(
  limit = REMEMBERED,
): (sequence: string, index: number) => number {
  const first = new Map<string, number>();
  return (sequence, index) => {
    const digest = createHash("sha256").update(sequence).digest("binary");
    const owner = first.get(digest);
    if (owner !== undefined) return owner;
    if (first.size < limit) first.set(digest, index);
    return index;
  };
}

/** Writes records, then `input.json`, whose presence says that all of them are there. */
export async function ingestInto(out: string) {
  const paths = runPaths(out);
  const records = await createAppender(paths.records);
  const index = await createAppender(paths.index);
  const firstOccurrence = firstOccurrences();
  const size = { count: 0, residues: 0, idCodePoints: 0, idBytes: 0 };
  const distinct = { records: 0, residues: 0 };
  return {
    add: async ({ id, description, sequence }: RunRecord): Promise<void> => {
      const { codePoints, bytes } = idSize(id);
      const owner = firstOccurrence(sequence, size.count);
      await records.append(
        Buffer.from(`${JSON.stringify({ id, description, sequence })}\n`),
      );
      await index.append(
        encodeIndex({
          firstPosition: size.residues + size.count,
          length: sequence.length,
          owner,
        }),
      );
      if (owner === size.count) {
        distinct.records += 1;
        distinct.residues += sequence.length;
      }
      size.count += 1;
      size.residues += sequence.length;
      size.idCodePoints = Math.max(size.idCodePoints, codePoints);
      size.idBytes = Math.max(size.idBytes, bytes);
    },
    finish: async (summary: unknown): Promise<IngestedInput> => {
      await records.finish();
      await index.finish();
      const input: IngestedInput = {
        size,
        distinct,
        spoolBytes: records.size(),
        summary,
      };
      await atomically([paths.input], ([temporary]) =>
        writeFile(temporary, JSON.stringify(input)),
      );
      return input;
    },
    abandon: async (): Promise<void> => {
      await records.abandon();
      await index.abandon();
    },
  };
}
