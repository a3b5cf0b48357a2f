/** @file A resumable run from sequence files to a table: read everything, compute what is missing, write, clean up. */
import {
  checkFreeDisk,
  createRun,
  openRun,
  runBytes,
  type RunSpec,
  type StoredRun,
  tableBytes,
  type Table,
  tableFormat,
  type UniRep,
  type Value,
  writeTable,
} from "../unirep/index.ts";
import { computeRun, type Compute } from "./compute-run.ts";
import { Interrupted } from "./exit-codes.ts";
import {
  identifyInput,
  type InputAccount,
  readInput,
  refuseNothing,
  warnOfRareLetters,
} from "./input.ts";
import type { SharedOptions } from "./options.ts";
import { startProgress } from "./progress.ts";
import { counted, tell } from "./report.ts";

export interface TableRun<R extends { readonly id: string }> {
  readonly command: "embed" | "score" | "predict";
  readonly inputs: readonly string[];
  readonly out: string;
  readonly options: SharedOptions;
  readonly columns: RunSpec["columns"];
  /** What the results depend on besides the inputs: goes into the fingerprint of the run and into the file. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Called only if something is left to compute. */
  readonly model: () => Promise<UniRep>;
  readonly compute: Compute<R>;
  readonly values: (result: R) => Value[];
  /** Bytes of the result of a sequence of so many residues. */
  readonly resultBytes: (length: number) => number;
  /** Whether results depend on which sequences share a batch. */
  readonly batchSensitive: boolean;
  /** Looks at the finished table before its work folder goes. */
  readonly inspect?: (table: Table) => Promise<void>;
}

export interface RunAccount {
  readonly account: InputAccount;
  readonly duplicates: number;
  readonly resumedFrom: number | null;
  readonly computedResidues: number;
}

/** Carries the run out. After an interruption past the reading, or a failure past the first result, the work folder stays for `--resume`. */
export async function runToTable<R extends { readonly id: string }>(
  spec: TableRun<R>,
  signal: AbortSignal,
): Promise<RunAccount> {
  const { out, options } = spec;
  const run = await openStored(spec, signal);
  let keep = false;
  try {
    const account = run.summary as InputAccount;
    const before = run.progress();
    warnOfRareLetters(account);
    await checkDisk(run, spec);
    signal.throwIfAborted();
    if (before.done < before.total) await compute(run, spec, signal);
    const table = run.table({
      ...spec.facts,
      gaps: options.gaps,
      inputs: account.files,
      recordsLeftOut: account.read.skipped,
    });
    await writeTable(out, table, { signal });
    await spec.inspect?.(table);
    return {
      account,
      duplicates: run.size.count - before.total,
      resumedFrom: options.resume ? before.done : null,
      computedResidues: before.totalResidues - before.doneResidues,
    };
  } catch (error) {
    // After a failure before the first result a folder would only be in the way of the next attempt.
    keep = signal.aborted || run.progress().done > 0;
    throw keep ? resumable(error, run, spec, signal) : error;
  } finally {
    // Whatever ended the run is the news; a folder that cannot be closed cleanly is checked by the next session.
    if (keep) await run.close().catch(() => undefined);
    else await run.remove();
  }
}

/** The run with all its input read, from an earlier session or now. */
async function openStored<R extends { readonly id: string }>(
  { inputs, out, options, columns, facts }: TableRun<R>,
  signal: AbortSignal,
): Promise<StoredRun> {
  const { gaps, onError } = options;
  const stored: RunSpec = {
    columns,
    fingerprint: {
      ...facts,
      gaps,
      onError,
      inputs: await Promise.all(inputs.map(identifyInput)),
    },
  };
  const opened = options.resume
    ? await openRun(out, stored)
    : ({ state: "ingest", ingest: await createRun(out, stored) } as const);
  if (opened.state === "run") return opened.run;
  const { ingest } = opened;
  try {
    if (options.resume) {
      const why = "note" in opened ? opened.note : undefined;
      tell("note", why ?? `nothing of ${out} to resume: starting from zero`);
    }
    const { records, account } = readInput(inputs, { gaps, onError }, signal);
    for await (const { id, description, sequence } of records)
      await ingest.addRecord({ id, description, sequence });
    signal.throwIfAborted();
    const read = account();
    refuseNothing(read);
    return await ingest.finishInput(read);
  } catch (error) {
    // Without all input there is nothing to resume. The error is the news, not what is left to tidy up.
    await ingest.remove().catch(() => undefined);
    throw error;
  }
}

/** Room for what is still to be computed and for the file, which are there together at the end. */
async function checkDisk<R extends { readonly id: string }>(
  run: StoredRun,
  { out, columns }: TableRun<R>,
): Promise<void> {
  const { totalResidues, doneResidues, total, done } = run.progress();
  const size = { ...run.size, columns };
  const left = total - done + totalResidues - doneResidues;
  const share = left / Math.max(1, total + totalResidues);
  await checkFreeDisk(
    out,
    Math.ceil(share * runBytes(size)) + tableBytes(tableFormat(out), size),
  );
}

async function compute<R extends { readonly id: string }>(
  run: StoredRun,
  spec: TableRun<R>,
  signal: AbortSignal,
): Promise<void> {
  const model = await spec.model();
  signal.throwIfAborted();
  const before = run.progress();
  const progress = await startProgress(spec.command, {
    total: before.totalResidues,
    from: before.doneResidues,
  });
  try {
    const results = computeRun(run, spec.compute, {
      model,
      signal,
      batchSensitive: spec.batchSensitive,
      resultBytes: spec.resultBytes,
    });
    for await (const { index, result } of results) {
      await run.put(index, spec.values(result));
      progress.update(run.progress().doneResidues);
    }
  } finally {
    progress.stop();
  }
}

/** The error with a line on how to go on. */
function resumable<R extends { readonly id: string }>(
  error: unknown,
  run: StoredRun,
  { out }: TableRun<R>,
  signal: AbortSignal,
): unknown {
  const { done, total } = run.progress();
  const advice = `the results of ${done} of ${counted(total, "sequence")} are kept in ${out}.partial; run the same command with --resume to go on`;
  if (signal.reason instanceof Interrupted)
    return new Interrupted(
      signal.reason.stopSignal,
      `interrupted: ${advice}, or delete that folder`,
    );
  tell("note", advice);
  return error;
}
