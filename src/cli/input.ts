/** @file Reading a command's sequence files, with an account of what was read, changed and left out. */
import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import {
  emptySummary,
  rareLettersSentence,
  readSequences,
  type ReadSummary,
  type SequenceRecord,
} from "../unirep/index.ts";
import type { SharedOptions } from "./options.ts";
import { tell } from "./report.ts";

/** JSON-serialisable: kept with a run, so that a resumed one can still tell. */
export interface InputAccount {
  readonly read: ReadSummary;
  /** Records left out, by reason. */
  readonly reasons: Record<string, number>;
  /** Every input as it was stored, in order. */
  readonly files: { file: string; bytes: number; sha256: string }[];
}

export type InputOptions = Pick<SharedOptions, "gaps" | "onError">;

export interface ReadInput {
  readonly records: AsyncIterable<SequenceRecord>;
  /** Complete once all records are read. */
  readonly account: () => InputAccount;
}

/** Reads all files in order; records that are left out go to standard error, one line each, if `aloud`. */
export function readInput(
  paths: readonly string[],
  { gaps, onError }: InputOptions,
  signal: AbortSignal,
  aloud = true,
): ReadInput {
  const read = emptySummary();
  const reasons: Record<string, number> = {};
  const watches: { file: string; bytes: number; hash: () => string }[] = [];
  const records = readSequences(paths, {
    gaps,
    onError,
    signal,
    summary: read,
    onProblem: ({ message, reason }) => {
      reasons[reason] = (reasons[reason] ?? 0) + 1;
      if (aloud) tell("skipped", message);
    },
    watchBytes: (file) => {
      const sha256 = createHash("sha256");
      const watch = { file, bytes: 0, hash: () => sha256.digest("hex") };
      watches.push(watch);
      return (chunk) => {
        watch.bytes += chunk.length;
        sha256.update(chunk);
      };
    },
  });
  return {
    records,
    account: () => ({
      read,
      reasons,
      files: watches.map(({ file, bytes, hash }) => ({
        file,
        bytes,
        sha256: hash(),
      })),
    }),
  };
}

/** What tells, without reading it, whether an input is still the one it was; a pipe has nothing but its name. */
export async function identifyInput(
  file: string,
): Promise<{ file: string; bytes?: number; modified?: number }> {
  const found = file === "-" ? undefined : await stat(file).catch(() => null);
  if (!found?.isFile()) return { file };
  return { file, bytes: found.size, modified: found.mtimeMs };
}

/** Throws unless something is left of the input. */
export function refuseNothing({ read }: InputAccount): void {
  if (read.records === 0) {
    throw new Error(
      `expected at least one valid record, got ${read.skipped === 1 ? "one that was" : `${read.skipped} that were all`} refused`,
    );
  }
}

/** One line for all letters that the weights know little of; nothing when there are none. */
export function warnOfRareLetters({ read }: InputAccount): void {
  const sentence = rareLettersSentence(read);
  if (sentence !== null) tell("warning", sentence);
}
