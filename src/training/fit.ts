/** @file `fit`: trains a UniRep model on sequences, step by step, as a stream of events. */
import { array, type Array } from "../ad/index.ts";
import type { Sequences } from "../unirep/index.ts";
import type { Progress } from "./checkpoint.ts";
import type { Batch } from "./course.ts";
import type {
  CheckpointEvent,
  FitEvent,
  FitResult,
  StepEvent,
  ValidationEvent,
} from "./fit-events.ts";
import type { FitOptions, FitPlan } from "./fit-options.ts";
import { prepareFit } from "./fit-run.ts";
import { NotFiniteError } from "./not-finite-error.ts";

/** The checkpoint written when nothing else is said, in steps. */
const usualCheckpointSteps = 200;

/**
 * Trains on `sequences`: masked categorical cross-entropy of the next residue or stop, on packed lanes. Yields events
 * and returns the final and the best weights. With `folder`, everything is kept there and `resume` goes on after a
 * crash or an abort with the very same numbers; an abort ends with the signal's reason after a checkpoint. A caller that
 * breaks out of the loop leaves the last checkpoint as it is.
 *
 * A loss, gradient or result that is not finite ends the run with an Error: the step is not taken, and the state before
 * it and the batch are saved.
 */
export async function* fit(
  sequences: Sequences,
  options: FitOptions = {},
): AsyncGenerator<FitEvent, FitResult> {
  const { signal, checkpointSteps = usualCheckpointSteps } = options;
  signal?.throwIfAborted();
  const run = await prepareFit(sequences, options);
  const { plan, data, course, evaluator, folder } = run;
  let { state, progress, best, isSaved } = run;

  const save = async (): Promise<CheckpointEvent[]> => {
    isSaved = true;
    if (!folder) return [];
    const file = await folder.save(state, progress);
    return [{ type: "checkpoint", step: progress.step, file }];
  };
  const validate = async (): Promise<ValidationEvent> => {
    const { step } = progress;
    const validation = await evaluator.run(run.paramsOf(state), data.validation, signal); // prettier-ignore
    const isBest = validation.crossEntropy < (progress.best?.validation.crossEntropy ?? Infinity); // prettier-ignore
    if (isBest) {
      best = await run.weightsOf(state, step);
      await folder?.writeWeights("best", best);
    }
    progress = {
      ...progress,
      validationDue: false,
      best: isBest ? { step, validation } : progress.best,
      waited: isBest ? 0 : progress.waited + 1,
    };
    return { type: "validation", step, epoch: course.epochsDone, best: isBest, ...validation }; // prettier-ignore
  };
  const takeStep = async (batch: Batch): Promise<StepEvent> => {
    const begun = performance.now();
    const out = batch.run(array(progress.step), state);
    const [loss, gradientNorm, learningRate, finite] = await Promise.all(
      [out.loss, out.norm, out.learningRate, out.finite].map(
        async (x) => (await (x as Array).data())[0],
      ),
    );
    state = out.state;
    const step = progress.step + 1;
    if (!finite) {
      await save();
      const file = await folder?.saveBatch(step, batch.contents());
      throw new NotFiniteError(
        step,
        `fit: step ${step}: expected a finite loss, gradient and result, got loss ${loss} and gradient norm ${gradientNorm}; the step was not taken${file === undefined ? "" : `, its batch is in ${file}`}; a smaller learningRate or clipNorm may help`,
      );
    }
    return {
      type: "step",
      step,
      epoch: course.epoch,
      loss,
      gradientNorm,
      learningRate,
      tokens: batch.tokens,
      residuesPerSecond: (1000 * batch.residues) / (performance.now() - begun),
    };
  };

  try {
    yield {
      type: "start",
      step: progress.step,
      totalSteps: course.totalSteps,
      sequences: data.training.length,
      residues: data.residues,
      validationSequences: data.validation.length,
    };
    while (progress.validationDue || !isOutOfPatience(progress, plan)) {
      if (signal?.aborted) {
        if (!isSaved) yield* await save();
        throw signal.reason as Error;
      }
      if (progress.validationDue) {
        const validation = await validate().catch((error: unknown) => {
          // The loop ends an abort; the validation stays due.
          if (signal?.aborted) return null;
          throw error;
        });
        if (validation === null) continue;
        folder?.history.add(validation);
        yield validation;
        yield* await save();
        continue;
      }
      const { epochsDone } = course;
      const batch = course.take();
      if (batch === null) break;
      const event = await takeStep(batch);
      const isEpochEnd = course.epochsDone > epochsDone;
      progress = {
        ...progress,
        step: event.step,
        position: course.position,
        validationDue: isEpochEnd && data.validation.length > 0,
      };
      isSaved = false;
      folder?.history.add(event);
      yield event;
      if (progress.validationDue) continue;
      if (isEpochEnd || progress.step % checkpointSteps === 0)
        yield* await save();
    }
    const stopped = isOutOfPatience(progress, plan);
    const final = await run.weightsOf(state, progress.step);
    await folder?.writeWeights("final", final);
    if (best === null) await folder?.writeWeights("best", final);
    return {
      end: stopped ? "early stop" : "epochs",
      steps: progress.step,
      epochs: course.epochsDone,
      final,
      best: best ?? final,
      bestValidation: progress.best?.validation ?? null,
    };
  } finally {
    await Promise.all([course.dispose(), evaluator.dispose(), folder?.close()]);
  }
}

const isOutOfPatience = (
  { waited }: Progress,
  { patience }: FitPlan,
): boolean => patience !== null && waited >= patience;
