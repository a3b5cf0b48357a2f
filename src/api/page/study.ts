/** @file An evotuning job as its events tell it: trials, curves of training and validation. */
import { emptyCurve, grown, type Curve, type Point } from "./curve.ts";

/** The events of a job's log that tell of training, as the client gives them. */
export type StudyEvent =
  | { readonly type: "step"; readonly trial: number | null; readonly fold?: number; readonly step: number; readonly epoch: number; readonly loss: number; readonly learningRate: number }
  | { readonly type: "validation"; readonly trial: number | null; readonly fold?: number; readonly epoch: number; readonly crossEntropy: number; readonly perplexity: number }
  | { readonly type: "trial"; readonly trial: number; readonly setting: Readonly<Record<string, unknown>>; readonly outcome: string | null; readonly value: number | null }; // prettier-ignore

export interface Trial {
  /** Null: the final fit. */
  readonly trial: number | null;
  readonly setting: Readonly<Record<string, unknown>>;
  /** Null while it runs. */
  readonly outcome: string | null;
  /** Cross-entropy of its validation, in nats a residue. */
  readonly value: number | null;
  /** Training loss by step, a curve a fold; the final fit is fold 0. */
  readonly training: ReadonlyMap<number, Curve>;
  /** Validation cross-entropies by epoch, of the folds that have reached it. */
  readonly validation: ReadonlyMap<number, readonly number[]>;
}

export interface Study {
  readonly trials: ReadonlyMap<number | null, Trial>;
  /** Cross-entropy of the weights that training begins with. */
  readonly baseline: number | null;
  /** The trial told of last. */
  readonly latest: number | null | undefined;
}

export const emptyStudy: Study = {
  trials: new Map(),
  baseline: null,
  latest: undefined,
};

const begun = (trial: number | null): Trial => ({
  trial,
  setting: {},
  outcome: null,
  value: null,
  training: new Map(),
  validation: new Map(),
});

export function told(study: Study, event: StudyEvent): Study {
  if (event.type === "validation" && event.trial === null)
    return { ...study, baseline: event.crossEntropy };
  const before = study.trials.get(event.trial) ?? begun(event.trial);
  const trials = new Map(study.trials).set(event.trial, after(before, event));
  return { ...study, trials, latest: event.trial };
}

function after(trial: Trial, event: StudyEvent): Trial {
  switch (event.type) {
    case "trial": {
      const { setting, outcome, value } = event;
      return { ...trial, setting, outcome, value };
    }
    case "step": {
      const { fold = 0, step, loss } = event;
      const curve = trial.training.get(fold) ?? emptyCurve;
      const training = new Map(trial.training).set(fold, grown(curve, { x: step, y: loss })); // prettier-ignore
      return { ...trial, training };
    }
    case "validation": {
      const { epoch, crossEntropy } = event;
      const others = trial.validation.get(epoch) ?? [];
      const validation = new Map(trial.validation).set(epoch, [...others, crossEntropy]); // prettier-ignore
      return { ...trial, validation };
    }
  }
}

/** Mean cross-entropy by epoch, of the folds that have reached it. */
function validationMeans(trial: Trial): Point[] {
  const epochs = [...trial.validation].sort(([a], [b]) => a - b);
  return epochs.map(([x, values]) => ({
    x,
    y: values.reduce((a, b) => a + b) / values.length,
  }));
}

/** The same from the cross-entropy of the beginning. */
export function validationCurve(study: Study, trial: Trial): Point[] {
  const points = validationMeans(trial);
  const hasStart = points.length > 0 && points[0].x === 0;
  return study.baseline === null || hasStart
    ? points
    : [{ x: 0, y: study.baseline }, ...points];
}

/** The epoch of the least cross-entropy so far, or null. */
export function bestEpoch(trial: Trial): number | null {
  let best: Point | null = null;
  for (const point of validationMeans(trial))
    if (best === null || point.y < best.y) best = point;
  return best?.x ?? null;
}

/** The trial of the least value so far, or null. */
export function bestTrial(study: Study): number | null {
  let best: Trial | null = null;
  for (const trial of study.trials.values())
    if (trial.value !== null && (best?.value == null || trial.value < best.value)) best = trial; // prettier-ignore
  return best?.trial ?? null;
}
