/** @file The two ways of `unirep train-top`: on representations as they are, or tuning what is below them too. */
import { fitJoint, fitTopModel, type Metrics, type TopModel } from "../training/index.ts"; // prettier-ignore
import type { Weights } from "../unirep/index.ts";
import type { LabelledTable } from "./labelled-table.ts";
import { metricsLine } from "./metrics-line.ts";
import { startProgress } from "./progress.ts";
import type { TrainTopOptions } from "./train-top.ts";
import { startTraining } from "./training-progress.ts";

export interface Fitted {
  readonly model: TopModel;
  /** For `--json`. */
  readonly values: Readonly<Record<string, unknown>>;
  /** For people, by name. */
  readonly metrics: readonly (readonly [name: string, metrics: Metrics])[];
}

type Fitter = (
  data: LabelledTable,
  weights: Weights,
  options: TrainTopOptions,
  signal: AbortSignal,
) => Promise<Fitted>;

export const fitFrozen: Fitter = async (data, weights, options, signal) => {
  const { kind, features, folds = 5, seed, device, threads } = options;
  const { residues, sequences, targets } = data;
  const progress = await startProgress("train-top", { total: residues });
  const fit = await fitTopModel(sequences, targets, {
    ...{ kind, features, folds, seed, weights, device, threads, signal },
    onProgress: (done) => progress.update(done.residues),
  }).finally(() => progress.stop());
  const { model, crossValidation, leaveOneOut } = fit;
  const metrics: [string, Metrics][] = [];
  if (crossValidation)
    metrics.push([`cross-validation, ${folds} folds`, crossValidation.metrics]);
  if (leaveOneOut)
    metrics.push([
      `leave-one-out, penalty ${Number(model.training.penalty).toPrecision(3)}`,
      leaveOneOut.metrics,
    ]);
  return {
    model,
    values: {
      penalty: model.training.penalty ?? null,
      crossValidation: crossValidation && { folds, ...crossValidation.metrics },
      leaveOneOut: leaveOneOut?.metrics ?? null,
    },
    metrics,
  };
};

export const fitTuned: Fitter = async (data, weights, options, signal) => {
  const { kind, features, seed, epochs, lr, patience, device, threads } = options; // prettier-ignore
  const run = fitJoint(data.sequences, data.targets, {
    ...{ kind, features, seed, epochs, patience, learningRate: lr },
    ...{ weights, device, threads, signal },
  });
  let progress: Awaited<ReturnType<typeof startTraining>> | null = null;
  try {
    for (;;) {
      const next = await run.next();
      if (next.done) {
        const { model, best, frozen, end, steps } = next.value;
        return {
          model,
          values: { end, steps, heldOut: best, withoutTuning: frozen.metrics },
          metrics: [
            [`held out, epoch ${best.epoch}`, best.metrics],
            ["without tuning", frozen.metrics],
          ],
        };
      }
      const event = next.value;
      if (event.type === "start")
        progress = await startTraining("train-top", event.totalSteps, "step");
      else if (event.type === "step")
        progress?.step(event.step, event.loss, event.residuesPerSecond, `epoch ${Math.ceil(event.epoch)}`); // prettier-ignore
      else
        progress?.news(`epoch ${event.epoch}: ${metricsLine(event.metrics)}${event.best ? ", the best so far" : ""}`); // prettier-ignore
    }
  } finally {
    progress?.stop();
  }
};
