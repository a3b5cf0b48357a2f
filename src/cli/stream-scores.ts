/** @file Scores without a table: sequences stream through the model, and only sums remain. */
import { stat } from "node:fs/promises";
import {
  score,
  type SequenceRecord,
  type UniRep,
  type Weights,
} from "../unirep/index.ts";
import {
  type InputAccount,
  readInput,
  refuseNothing,
  warnOfRareLetters,
} from "./input.ts";
import { commandModel } from "./model.ts";
import type { SharedOptions } from "./options.ts";
import { startProgress } from "./progress.ts";
import { scoreTotals } from "./score-totals.ts";

/** Files are read twice, first to refuse bad records before anything is computed; a pipe can be read only once. */
export async function streamScores(
  inputs: readonly string[],
  options: SharedOptions,
  weights: Weights,
  signal: AbortSignal,
) {
  const checked = (await areFiles(inputs))
    ? await check(inputs, options, signal)
    : undefined;
  const model = await commandModel(weights, options);
  signal.throwIfAborted();
  const { records, account } = readInput(
    inputs,
    options,
    signal,
    checked === undefined,
  );
  const progress = await startProgress("score", {
    total: checked?.read.residues,
  });
  const sum = scoreTotals();
  try {
    for await (const result of scores(records, model, signal))
      progress.update(sum.add(result));
  } finally {
    progress.stop();
  }
  const read = account();
  if (checked === undefined) {
    refuseNothing(read);
    warnOfRareLetters(read);
  } else refuseChange(checked, read);
  return {
    account: read,
    computedResidues: read.read.residues,
    duplicates: null,
    resumedFrom: null,
    output: [],
    totals: sum.totals(),
  };
}

async function check(
  inputs: readonly string[],
  options: SharedOptions,
  signal: AbortSignal,
): Promise<InputAccount> {
  const { records, account } = readInput(inputs, options, signal);
  const all = records[Symbol.asyncIterator]();
  while (!(await all.next()).done) signal.throwIfAborted();
  const checked = account();
  refuseNothing(checked);
  warnOfRareLetters(checked);
  return checked;
}

/** Sums over a file that somebody wrote to meanwhile would be sums over nothing that ever existed. */
function refuseChange(before: InputAccount, after: InputAccount): void {
  before.files.forEach(({ file, sha256 }, i) => {
    if (after.files[i]?.sha256 !== sha256)
      throw new Error(
        `${file}: expected the same bytes when read again, got others: it was changed while it was scored`,
      );
  });
}

function scores(
  records: AsyncIterable<SequenceRecord>,
  model: UniRep,
  signal: AbortSignal,
) {
  return score(records, { model, signal, order: "completion" });
}

async function areFiles(inputs: readonly string[]): Promise<boolean> {
  for (const input of inputs) {
    if (input === "-") return false;
    // A missing file is the reader's to report.
    const found = await stat(input).catch(() => undefined);
    if (found && !found.isFile()) return false;
  }
  return true;
}
