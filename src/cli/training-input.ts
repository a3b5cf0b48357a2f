/** @file Sequence files read whole, before a training begins. */
import type { SequenceRecord } from "../unirep/index.ts";
import { readInput, refuseNothing, warnOfRareLetters, type InputAccount, type InputOptions } from "./input.ts"; // prettier-ignore

export async function readAll(
  paths: readonly string[],
  options: InputOptions,
  signal: AbortSignal,
): Promise<{ records: SequenceRecord[]; account: InputAccount }> {
  const input = readInput(paths, options, signal);
  const records: SequenceRecord[] = [];
  for await (const record of input.records) records.push(record);
  signal.throwIfAborted();
  const account = input.account();
  refuseNothing(account);
  warnOfRareLetters(account);
  return { records, account };
}
