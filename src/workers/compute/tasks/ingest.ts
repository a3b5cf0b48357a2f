/** @file The task `ingest`: uploaded files to one checked FASTA, its hash and its ranges, or to what is wrong with them. */
import { open } from "node:fs/promises";
import {
  atomically,
  emptySummary,
  rareLettersSentence,
  readSequences,
  type ReadSummary,
  SequenceError,
  type SequenceRecord,
} from "../../../unirep/index.ts";
import { fastaRanges } from "../fasta-ranges.ts";
import type { RunTask } from "../task-context.ts";
import type { IngestProblem, TaskParams } from "../tasks.ts";

const MOST_PROBLEMS = 100;
/** UTF-8 bytes of an id: tables hold every id at the width of the longest. */
const MOST_ID = 1000;
/** UTF-8 bytes of a header, the most that the reader takes: what is written must be read again. */
const MOST_HEADER = 2 ** 20;
const BLOCK_BYTES = 2 ** 20;

/** Ends the reading or the writing where the input is refused. */
class Refused extends Error {}

export const runIngest: RunTask<"ingest"> = async (params, { signal }) => {
  const { files, out } = params;
  if (files.length === 0)
    throw new TypeError("ingest: expected at least one file, got none");
  const summary = emptySummary();
  const found = { problems: [] as IngestProblem[], more: false };
  const fasta = fastaRanges();
  try {
    await atomically([out], async ([temporary]) => {
      const file = await open(temporary, "wx");
      try {
        for await (const record of checked(params, summary, found, signal)) {
          fasta.add(record);
          if (fasta.held() >= BLOCK_BYTES) await file.writeFile(fasta.take());
        }
        await file.writeFile(fasta.take());
      } finally {
        await file.close();
      }
      if (found.problems.length > 0) throw new Refused();
    });
  } catch (error) {
    if (error instanceof Refused) return { ok: false, ...found };
    throw error;
  }
  const warning = rareLettersSentence(summary);
  return {
    ok: true,
    sequences: summary.records,
    residues: summary.residues,
    ...fasta.end(),
    warnings: warning === null ? [] : [warning],
  };
};

/** The records as long as all are good, read on for problems after the first that is not. */
async function* checked(
  params: TaskParams<"ingest">,
  summary: ReadSummary,
  found: { problems: IngestProblem[]; more: boolean },
  signal: AbortSignal,
): AsyncGenerator<SequenceRecord> {
  const { files, maxLength } = params;
  const report = (error: SequenceError): void => {
    if (found.problems.length === MOST_PROBLEMS) throw new Refused();
    found.problems.push(problemOf(error));
  };
  const records = readSequences(files, {
    onError: "skip",
    onProblem: report,
    maxResidues: maxLength,
    maxBytes: mostBytes(params),
    signal,
    summary,
  });
  try {
    for await (const record of records) {
      const reason = unfit(record);
      if (reason !== null) report(new SequenceError(record, reason));
      const limit = beyond(params, summary);
      if (limit !== null) {
        // Whatever stands further on, the whole is too large.
        found.more = true;
        report(new SequenceError({ file: record.file }, limit));
        return;
      }
      if (found.problems.length === 0) yield record;
    }
  } catch (error) {
    signal.throwIfAborted();
    found.more = true;
    if (error instanceof Refused) return;
    if (!(error instanceof SequenceError) || isOfDisk(error)) throw error;
    // A file that cannot be read further: what follows it has not been looked at.
    if (found.problems.length < MOST_PROBLEMS)
      found.problems.push(problemOf(error));
    found.more = error.file !== files[files.length - 1].name;
  }
}

/** Bytes that input within the other limits does not need: beyond them a small packed file is meant to do harm. */
function mostBytes(params: TaskParams<"ingest">): number {
  const { maxSequences, maxResidues } = params;
  return 64 * 2 ** 20 + 2 * maxResidues + 1024 * maxSequences;
}

function beyond(
  { maxSequences, maxResidues }: TaskParams<"ingest">,
  { records, residues }: ReadSummary,
): string | null {
  if (records > maxSequences)
    return `expected at most ${maxSequences} sequences in a job, got more`;
  if (residues > maxResidues)
    return `expected at most ${maxResidues} residues in a job, got more`;
  return null;
}

/** Why a record that can be read cannot be kept. */
function unfit({ id, description }: SequenceRecord): string | null {
  const bytes = Buffer.byteLength(id);
  if (bytes > MOST_ID)
    return `expected an identifier of at most ${MOST_ID} bytes, got ${bytes}`;
  if (id.includes("\0"))
    return "expected an identifier without NUL characters, got one";
  if (bytes + Buffer.byteLength(description) > MOST_HEADER - 16)
    return `expected a name and a description of fewer than ${MOST_HEADER} bytes, got more`;
  return null;
}

function problemOf(error: SequenceError): IngestProblem {
  const { file, record = null, line = null, column = null, message } = error;
  return { file, record, line, column, detail: message };
}

/** Whether the machine is at fault, not the file. */
function isOfDisk({ cause }: SequenceError): boolean {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return typeof code === "string" && /^E[A-Z]+$/.test(code);
}
