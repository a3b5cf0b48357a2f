/** @file The file of a sampling run: what the run is, then every proposal, one JSON line each, in whole steps. */
import { createReadStream } from "node:fs";
import {
  access,
  open,
  truncate,
  writeFile,
  type FileHandle,
} from "node:fs/promises";
import { atomically } from "../../unirep/index.ts";
import { difference } from "../checkpoint.ts";
import type { ProposalRecord } from "./chain.ts";

export type RunFacts = Readonly<Record<string, unknown>>;

const line = (value: object): string => `${JSON.stringify(value)}\n`;

/** Begins a file; one that exists is an Error. */
export async function createSampleFile(
  file: string,
  facts: RunFacts,
): Promise<FileHandle> {
  if (
    await access(file).then(
      () => true,
      () => false,
    )
  )
    throw new Error(
      `sampleChains: expected a file that does not exist yet, found ${file}; resume it, or choose another name`,
    );
  await atomically([file], ([temporary]) =>
    writeFile(temporary, line({ meta: facts })),
  );
  return open(file, "a");
}

/** Adds the proposals of one step. */
export const appendStep = (
  handle: FileHandle,
  records: readonly ProposalRecord[],
  temperature: number | null,
): Promise<void> =>
  handle.appendFile(
    records.map((record) => line({ ...record, temperature })).join(""),
  );

/**
 * Opens a file to go on with: hands every whole step to `onStep`, cuts off a step that was not written whole, and
 * returns the handle; null if there is no file.
 */
export async function reopenSampleFile(
  file: string,
  facts: RunFacts,
  chains: number,
  onStep: (records: readonly ProposalRecord[]) => void,
): Promise<FileHandle | null> {
  if (
    await access(file).then(
      () => false,
      () => true,
    )
  )
    return null;
  let whole = 0;
  let waiting: ProposalRecord[] = [];
  for await (const { text, end } of lines(file)) {
    if (whole === 0) {
      checkFacts(file, text, facts);
      whole = end;
      continue;
    }
    waiting.push(readRecord(file, text, end));
    if (waiting.length < chains) continue;
    onStep(waiting);
    waiting = [];
    whole = end;
  }
  if (whole === 0)
    throw new Error(
      `${file}: expected the file of a sampling run, got one without a whole line`,
    );
  await truncate(file, whole);
  return open(file, "a");
}

function checkFacts(file: string, text: string, facts: RunFacts): void {
  const { meta } = parse(file, text, 0) as { meta: RunFacts };
  const changed = difference(
    meta,
    JSON.parse(JSON.stringify(facts)) as RunFacts,
  );
  if (changed !== null)
    throw new Error(
      `sampleChains: expected the run that ${file} belongs to, got another one (${changed})`,
    );
}

function readRecord(file: string, text: string, end: number): ProposalRecord {
  const { step, chain, sequence, score, accepted, reason } = parse(
    file,
    text,
    end,
  ) as ProposalRecord;
  return { step, chain, sequence, score, accepted, reason };
}

function parse(file: string, text: string, end: number): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Error(
      `${file}: expected a JSON line before byte ${end}, got ${JSON.stringify(text.slice(0, 40))}`,
      { cause: error },
    );
  }
}

/** Lines that are complete, with the number of bytes up to their end. */
async function* lines(
  file: string,
): AsyncGenerator<{ text: string; end: number }> {
  let rest = Buffer.alloc(0);
  let end = 0;
  for await (const chunk of createReadStream(file)) {
    let begin = 0;
    const bytes = Buffer.concat([rest, chunk as Buffer]);
    for (let at; (at = bytes.indexOf(10, begin)) >= 0; begin = at + 1) {
      end += at + 1 - begin;
      yield { text: bytes.toString("utf8", begin, at), end };
    }
    rest = bytes.subarray(begin);
  }
}
