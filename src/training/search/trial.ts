/** @file One trial of a search: a setting trained on every fold, epoch by epoch, until it ends or is not worth more. */
import { rm } from "node:fs/promises";
import path from "node:path";
import type { FitOptions } from "../fit-options.ts";
import { fit } from "../fit.ts";
import { NotFiniteError } from "../not-finite-error.ts";
import type { EvotuneEvent } from "./evotune-events.ts";
import type { Fold } from "./folds.ts";
import type { Setting } from "./space.ts";
import { bestPoint, verdict, type Shape, type TrialRecord } from "./standing.ts"; // prettier-ignore
import type { StudyFile } from "./study-file.ts";
import type { EpochLine, Line } from "./study-lines.ts";

export interface TrialTask {
  readonly trial: number;
  readonly setting: Setting;
  readonly folds: readonly Fold[];
  readonly shape: Shape;
  /** Epochs that an earlier session has written. */
  readonly known: readonly EpochLine[];
  /** Trials it is compared with: those whose results every process had when this one began. */
  readonly others: readonly TrialRecord[];
  /** What every fit has in common, the weights loaded. */
  readonly fixed: FitOptions;
  /** For checkpoints; removed when the trial ends. */
  readonly folder: string;
}

/**
 * Runs the trial and writes its epochs and its end to the study. An epoch is written before the checkpoint after it, so
 * that a resumed trial has every line of what its checkpoint counts as done.
 */
export async function* runTrial(
  task: TrialTask,
  study: StudyFile,
): AsyncGenerator<EvotuneEvent> {
  const { trial, folder } = task;
  const epochs: EpochLine[] = [];
  const end = async function* (line: Line): AsyncGenerator<EvotuneEvent> {
    await study.append(line);
    await rm(folder, { recursive: true, force: true });
    yield* await study.news();
  };
  for (let fold = 1; fold <= task.folds.length; fold++) {
    try {
      for await (const item of foldEpochs(task, fold)) {
        if (item.type !== "epoch") {
          yield item;
          continue;
        }
        if (!task.known.includes(item)) await study.append(item);
        yield* await study.news();
        epochs.push(item);
        const fall = verdict(epochs, task.others, task.shape);
        if (fall) {
          yield* end({ type: "pruned", trial, ...fall });
          return;
        }
      }
    } catch (error) {
      if (!(error instanceof NotFiniteError)) throw error;
      const reason = `loss or gradient not finite at step ${error.step}`;
      yield* end({ type: "failed", trial, fold, reason });
      return;
    }
    await rm(foldFolder(task, fold), { recursive: true, force: true });
  }
  yield* end({ type: "finished", trial, ...bestPoint(epochs, task.shape) });
}

const foldFolder = ({ folder }: TrialTask, fold: number): string =>
  path.join(folder, `fold-${fold}`);

/** The validations of a fold in order: those known, then those of the training that is left. */
async function* foldEpochs(
  task: TrialTask,
  fold: number,
): AsyncGenerator<EpochLine | EvotuneEvent> {
  const { trial, shape, setting } = task;
  const known = task.known.filter((line) => line.fold === fold);
  yield* known;
  const last = Math.max(0, ...known.map(({ epoch }) => epoch));
  if (last === shape.epochs.high) return;
  const { training, validation } = task.folds[fold - 1];
  const events = fit(training, {
    ...task.fixed,
    ...(setting as Partial<FitOptions>),
    epochs: shape.epochs.high,
    validation,
    folder: foldFolder(task, fold),
    resume: true,
  });
  for await (const event of events) {
    if (event.type === "step") yield { ...event, type: "trial step", trial, fold }; // prettier-ignore
    if (event.type !== "validation" || event.epoch <= last) continue;
    const { crossEntropy, perplexity, accuracy, tokens, epoch } = event;
    yield { type: "epoch", trial, fold, epoch, crossEntropy, perplexity, accuracy, tokens }; // prettier-ignore
  }
}
