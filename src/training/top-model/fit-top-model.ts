/** @file `fitTopModel`: a small model from representations to measured values or classes, cross-validated. */
import {
  loadModel,
  rep,
  type RepOptions,
  type SequenceInput,
  type UniRep,
} from "../../unirep/index.ts";
import {
  featureMatrix,
  featureVector,
  groupsOf,
  isSequence,
  type Inputs,
} from "./features.ts";
import { checkClasses, drawFolds, samplesOf } from "./folds.ts";
import { outcomesFor } from "./forward.ts";
import { usualLogisticPenalties } from "./logistic.ts";
import { pickRows, type Matrix } from "./matrix.ts";
import { metricsOf, type Metrics } from "./metrics.ts";
import { usualMlp, type MlpOptions } from "./mlp.ts";
import { usualRidgePenalties } from "./ridge.ts";
import { pickTargets, readTargets } from "./targets.ts";
import { trainers, type Samples, type TrainerOptions } from "./trainers.ts";
import { featureKinds, topModelKinds, type FeatureKind, type Labels, type Targets, type TopModel, type TopModelKind } from "./types.ts"; // prettier-ignore

export interface TopModelChoices {
  /** Default `ridge` for numbers, `logistic` for labels. */
  readonly kind?: TopModelKind | undefined;
  /** What of a representation is read, by default `h_avg`; only for sequences. */
  readonly features?: FeatureKind | undefined;
  /** Penalties to choose from: `ridge` by leave-one-out, `logistic` by the log loss of 5 folds. */
  readonly penalties?: readonly number[] | undefined;
  readonly mlp?: Partial<Omit<MlpOptions, "seed">> | undefined;
  /** Decides folds and the first weights of an `mlp`. Default 0. */
  readonly seed?: number | undefined;
}

export interface FitTopModelOptions
  extends TopModelChoices, Omit<RepOptions, "perResidue" | "order"> {
  /** Folds of the cross-validation, 5 by default; null does none. */
  readonly folds?: number | null | undefined;
}

/** Predictions for samples a model has not seen. */
export interface HeldOut {
  /** (samples, 1) values or (samples, classes) probabilities, in the order of the samples. */
  readonly predictions: Matrix;
  readonly metrics: Metrics;
}

export interface TopModelFit {
  /** Fitted to all samples. */
  readonly model: TopModel;
  /** Everything that is chosen, scale and penalty, is chosen anew within each fold. */
  readonly crossValidation: (HeldOut & { readonly folds: Int32Array }) | null;
  /** Of `ridge`: exact for the features' scale and the penalty of all samples. */
  readonly leaveOneOut: (HeldOut & { readonly curve: readonly { readonly penalty: number; readonly rmse: number }[] }) | null; // prettier-ignore
}

/**
 * Fits a top model: `y` are numbers to predict, or labels (strings) of two classes or more; `inputs` are sequences, whose
 * representations are computed with the options of `rep`, or rows of features.
 */
export async function fitTopModel(
  inputs: Inputs,
  y: Labels,
  options: FitTopModelOptions = {},
): Promise<TopModelFit> {
  const who = "fitTopModel";
  const targets = readTargets(who, y, inputs.length);
  const {
    kind,
    features = "h_avg",
    trainer,
  } = choicesOf(who, targets, options);
  const groups = groupsOf(inputs);
  checkClasses(who, groups, targets);
  const represented = inputs.every(isSequence)
    ? await represent(inputs, features, options)
    : {
        x: featureMatrix(who, inputs),
        base: null,
      };
  const samples: Samples = { x: represented.x, targets, groups };
  const { folds = 5, seed = 0, signal } = options;
  const crossValidation =
    folds === null
      ? null
      : await crossValidate(samples, drawFolds(who, groups, targets, { folds, seed }), kind, trainer, signal); // prettier-ignore
  signal?.throwIfAborted();
  const { params, chosen, ridge } = await trainers[kind](samples, trainer);
  const leaveOneOut = ridge && {
    ...heldOut(targets, { rows: inputs.length, columns: 1, data: ridge.leaveOneOut }), // prettier-ignore
    curve: ridge.curve,
  };
  const model: TopModel = {
    kind,
    classes: targets.type === "classes" ? targets.classes : null,
    params,
    features: represented.base && features,
    base: represented.base,
    tuned: null,
    training: {
      samples: inputs.length,
      seed,
      ...chosen,
      ...(crossValidation && {
        folds,
        crossValidation: crossValidation.metrics,
      }),
      ...(leaveOneOut && { leaveOneOut: leaveOneOut.metrics }),
    },
  };
  return { model, crossValidation, leaveOneOut };
}

/** The choices with their defaults, checked. */
export function choicesOf(
  who: string,
  targets: Targets,
  options: TopModelChoices,
): { kind: TopModelKind; features: FeatureKind; trainer: TrainerOptions } {
  const { kind = targets.type === "values" ? "ridge" : "logistic", features = "h_avg", seed = 0 } = options; // prettier-ignore
  if (!topModelKinds.includes(kind))
    throw new TypeError(
      `${who}: expected a kind, one of ${topModelKinds.join(", ")}, got ${String(kind)}`,
    );
  if (!featureKinds.includes(features))
    throw new TypeError(
      `${who}: expected features, one of ${featureKinds.join(", ")}, got ${String(features)}`,
    );
  const usual = kind === "logistic" ? usualLogisticPenalties : usualRidgePenalties; // prettier-ignore
  const { penalties = usual } = options;
  if (penalties.length === 0 || !penalties.every((p) => p > 0 && p < Infinity))
    throw new RangeError(
      `${who}: expected penalties that are positive numbers, at least one, got [${penalties.join(", ")}]`,
    );
  const mlp = { ...usualMlp, ...options.mlp, seed };
  return { kind, features, trainer: { penalties, mlp, seed } };
}

/** The features of sequences, and the model they are of. */
export async function represent(
  sequences: readonly SequenceInput[],
  kind: FeatureKind,
  options: Omit<RepOptions, "perResidue" | "order">,
): Promise<{ x: Matrix; base: Pick<UniRep, "config" | "info"> }> {
  const { model, weights, device, precision, threads, signal, onProgress } = options; // prettier-ignore
  const own = typeof model === "object" ? null : await loadModel({ model, weights, device, precision, threads }); // prettier-ignore
  const used = own ?? (model as UniRep);
  try {
    const rows: Float32Array[] = [];
    for await (const r of rep(sequences, { model: used, signal, onProgress }))
      rows.push(featureVector(r, kind));
    const { config, info } = used;
    return { x: featureMatrix("rep", rows), base: { config, info } };
  } finally {
    await own?.dispose();
  }
}

async function crossValidate(
  { x, targets, groups }: Samples,
  folds: Int32Array,
  kind: TopModelKind,
  trainer: TrainerOptions,
  signal: AbortSignal | undefined,
): Promise<HeldOut & { folds: Int32Array }> {
  const isClasses = targets.type === "classes";
  const columns = isClasses ? targets.classes.length : 1;
  const data = new Float64Array(x.rows * columns);
  for (const fold of new Set(folds)) {
    signal?.throwIfAborted();
    const [held, others] = [true, false].map((is) => samplesOf(folds, fold, is)); // prettier-ignore
    const { params } = await trainers[kind](
      {
        x: pickRows(x, others),
        targets: pickTargets(targets, others),
        groups: Array.from(others, (i) => groups[i]),
      },
      trainer,
    );
    const out = await outcomesFor(params, pickRows(x, held), isClasses);
    held.forEach(
      (i, row) =>
      data.set(out.data.subarray(row * columns, (row + 1) * columns), i * columns), // prettier-ignore
    );
  }
  return { ...heldOut(targets, { rows: x.rows, columns, data }), folds };
}

const heldOut = (targets: Targets, predictions: Matrix): HeldOut => ({
  predictions,
  metrics: metricsOf(targets, predictions),
});
