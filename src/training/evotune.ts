/** @file `evotune`: searches how to tune a model to a family of proteins, then tunes it, as a stream of events. */
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { lockFolder, type Sequences } from "../unirep/index.ts";
import { difference } from "./checkpoint.ts";
import type { FitResult } from "./fit-events.ts";
import type { FitOptions } from "./fit-options.ts";
import { fit } from "./fit.ts";
import type { EvotuneEvent, EvotuneResult } from "./search/evotune-events.ts";
import { searchPlan, type EvotuneOptions } from "./search/evotune-options.ts";
import { baseline, prepareSearch, type Prepared } from "./search/prepare.ts";
import { bestFirst, recordsOf } from "./search/standing.ts";
import { StudyFile } from "./search/study-file.ts";
import type { ChosenLine, Line } from "./search/study-lines.ts";
import { propose } from "./search/tpe.ts";
import { runTrial } from "./search/trial.ts";

/** Milliseconds between two looks at what other processes have written. */
const lookMs = 200;

/** A process's part in a search. */
interface Part extends Prepared {
  readonly file: StudyFile;
  readonly worker: number;
  readonly signal: AbortSignal | undefined;
  /** Checkpoints of the trials of this process. */
  readonly work: string;
}

/**
 * Finds learning rate, number of epochs and whatever else `search` names by cross-validation, with TPE for the settings
 * and successive halving on the validation curves, then trains on all sequences. Yields every line of the study and the
 * steps between them; returns the tuned weights, or null in a process with another `worker` than 0. Equal arguments give
 * equal studies and weights, whatever stops the process in between: `resume` goes on. An abort ends with the signal's
 * reason after a checkpoint.
 */
export async function* evotune(
  sequences: Sequences,
  options: EvotuneOptions,
): AsyncGenerator<EvotuneEvent, EvotuneResult | null> {
  const { signal, folder, resume = false } = options;
  signal?.throwIfAborted();
  const plan = searchPlan(options);
  const { worker } = plan;
  const prepared = await prepareSearch(sequences, plan);
  const work = path.join(folder, "work", String(worker));
  await mkdir(work, { recursive: true });
  const release = await lockFolder(work);
  try {
    const file = await StudyFile.open(folder, worker === 0);
    const part: Part = { ...prepared, file, worker, signal, work };
    yield* file.lines;
    yield* begin(part, resume);
    yield* runTrials(part);
    if (worker !== 0) return null;
    const chosen = yield* choose(part);
    const { best, final } = yield* finalFit(part, chosen, folder);
    if (!file.lines.some(({ type }) => type === "done")) {
      const [a, b] = [best, final].map(({ info: { id, sha256 } }) => ({ id, sha256 })); // prettier-ignore
      yield* write(part, { type: "done", best: a, final: b });
    }
    await rm(path.join(folder, "work"), { recursive: true, force: true });
    return { chosen, best, final };
  } finally {
    await release();
  }
}

async function* write({ file }: Part, line: Line): AsyncGenerator<Line> {
  await file.append(line);
  yield* await file.news();
}

/** Passes on what others write until `done`. */
async function* until(
  { file, signal }: Part,
  done: () => boolean,
): AsyncGenerator<Line> {
  while (!done()) {
    signal?.throwIfAborted();
    const news = await file.news();
    yield* news;
    if (news.length === 0) await sleep(lookMs);
  }
}

/** The first lines of the study: written, or compared with what this process was asked for. */
async function* begin(part: Part, resume: boolean): AsyncGenerator<Line> {
  const { file, worker, study } = part;
  if (worker !== 0) yield* until(part, () => file.lines.length > 0);
  const [first] = file.lines;
  if (first === undefined) yield* write(part, study);
  else {
    if (worker === 0 && !resume)
      throw new Error(
        `evotune: expected a folder without a study, found ${file.path}; resume it, or choose another folder`,
      );
    const changed = difference({ ...first }, { ...study });
    if (changed !== null)
      throw new Error(
        `evotune: expected the study that ${file.path} belongs to, got another one (${changed})`,
      );
  }
  const isKnown = file.lines.some(({ type }) => type === "baseline");
  if (worker === 0 && !isKnown) yield* write(part, await baseline(part));
}

/**
 * Trials go in groups of `parallel`; what a trial is proposed from and compared with are the groups before its own, all
 * ended, so that the study does not depend on which process is faster.
 */
async function* runTrials(part: Part): AsyncGenerator<EvotuneEvent> {
  const { file, study, worker, folds, fixed, work } = part;
  const { trials, parallel, seed } = study;
  const ended = (count: number) => () =>
    recordsOf(file.lines).filter((x) => x.trial <= count && x.end).length === count; // prettier-ignore
  for (let before = 0; before < trials; before += parallel) {
    const trial = before + worker + 1;
    if (trial > trials) break;
    yield* until(part, ended(before));
    const records = recordsOf(file.lines);
    const others = records.filter((x) => x.trial <= before);
    const begun = records.find((x) => x.trial === trial);
    if (begun?.end) continue;
    const tried = bestFirst(others).map((x) => x.setting);
    const setting = begun?.setting ?? propose(part.space, tried, { seed, trial }); // prettier-ignore
    if (!begun) yield* write(part, { type: "trial", trial, setting });
    yield* runTrial(
      {
        trial,
        setting,
        folds,
        shape: study,
        known: begun?.epochs ?? [],
        others,
        fixed,
        folder: path.join(work, `trial-${trial}`),
      },
      file,
    );
  }
  if (worker === 0) yield* until(part, ended(trials));
}

async function* choose(part: Part): AsyncGenerator<Line, ChosenLine> {
  const { file } = part;
  const known = file.lines.find((x) => x.type === "chosen");
  if (known) return known;
  const { setting, end, trial } = bestFirst(recordsOf(file.lines))[0];
  if (end?.type !== "finished")
    throw new Error(
      `evotune: expected a trial with a finite loss, got none in ${file.lines.filter(({ type }) => type === "failed").length}; search smaller learning rates in another folder`,
    );
  const { value, epochs } = end;
  const chosen: ChosenLine = { type: "chosen", trial, setting, value, epochs };
  yield* write(part, chosen);
  return chosen;
}

async function* finalFit(
  { sequences, fixed }: Part,
  { setting, epochs }: ChosenLine,
  folder: string,
): AsyncGenerator<EvotuneEvent, FitResult> {
  const options = { ...fixed, ...(setting as Partial<FitOptions>), epochs };
  const events = fit(sequences, { ...options, folder, resume: true });
  try {
    for (;;) {
      const next = await events.next();
      if (next.done) return next.value;
      yield { type: "final fit", event: next.value };
    }
  } finally {
    // A caller that leaves early leaves the training too.
    await events.return(undefined as never);
  }
}
