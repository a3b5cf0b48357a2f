/** @file `predict`: a top model's values or classes for new proteins, as they come. */
import {
  loadModel,
  rep,
  Results,
  type RepOptions,
  type Sequences,
  type UniRep,
  type Weights,
} from "../../unirep/index.ts";
import { baseWeights, checkBase } from "./base-weights.ts";
import {
  featureMatrix,
  featureVector,
  isSequence,
  type Inputs,
} from "./features.ts";
import { outcomesFor } from "./forward.ts";
import { rowOf, type Matrix } from "./matrix.ts";
import type { TopModel } from "./types.ts";

export interface ValuePrediction {
  readonly id: string;
  /** In the units of the targets. */
  readonly value: number;
}

export interface ClassPrediction {
  readonly id: string;
  /** The most probable class. */
  readonly label: string;
  /** In the order of the model's `classes`; they sum to 1. */
  readonly probabilities: Float64Array;
}

export type Prediction = ValuePrediction | ClassPrediction;

export interface PredictOptions extends Omit<RepOptions, "perResidue" | "model" | "weights"> {
  /** Needed only where the model's own are not found by their id; a loaded model of theirs is used as it is. */
  readonly weights?: string | Weights | UniRep | undefined;
} // prettier-ignore

/** Samples whose last layers are computed together. */
const block = 256;

/**
 * Predictions for sequences (awaited as an array, or iterated with bounded memory), or for rows of features where the model
 * was made of such. They do not depend on which sequences are asked for together (to 1e-5 of the representations).
 */
export function predict(
  model: TopModel,
  inputs: Sequences | Inputs,
  options: PredictOptions = {},
): Results<Prediction> {
  return new Results(async function* () {
    for await (const { ids, x } of featureBlocks(model, inputs, options)) {
      const width = model.params.mean.shape[0];
      if (x.columns !== width)
        throw new RangeError(
          `predict: expected ${width} features a sample, got ${x.columns}`,
        );
      const out = await outcomesFor(model.params, x, model.classes !== null);
      yield* ids.map((id, i) => prediction(model, id, rowOf(out, i)));
    }
  });
}

interface Block {
  readonly ids: readonly string[];
  readonly x: Matrix;
}

async function* featureBlocks(
  model: TopModel,
  inputs: Sequences | Inputs,
  { weights, ...options }: PredictOptions,
): AsyncGenerator<Block> {
  const isRows = (given: Sequences | Inputs): given is readonly ArrayLike<number>[] =>
    Array.isArray(given) && given.length > 0 && !given.some(isSequence); // prettier-ignore
  if (isRows(inputs)) {
    const ids = inputs.map((_, i) => String(i + 1));
    yield { ids, x: featureMatrix("predict", inputs) };
    return;
  }
  const { features } = model;
  const { device, precision, threads, signal, onProgress, order } = options;
  const given = isLoaded(weights) ? weights : null;
  if (given) checkBase("predict", model, given.info);
  const loaded =
    given ??
    (await loadModel({
      weights: await baseWeights("predict", model, weights as string | Weights),
      device,
      precision,
      threads,
    }));
  let ids: string[] = [];
  let rows: Float32Array[] = [];
  try {
    const results = rep(inputs as Sequences, { model: loaded, signal, onProgress, order }); // prettier-ignore
    for await (const r of results) {
      ids.push(r.id);
      rows.push(featureVector(r, features ?? "h_avg"));
      if (ids.length < block) continue;
      yield { ids, x: featureMatrix("predict", rows) };
      [ids, rows] = [[], []];
    }
    if (ids.length > 0) yield { ids, x: featureMatrix("predict", rows) };
  } finally {
    if (!given) await loaded.dispose();
  }
}

const isLoaded = (weights: PredictOptions["weights"]): weights is UniRep =>
  typeof weights === "object" && "engine" in weights;

function prediction(
  { classes }: TopModel,
  id: string,
  out: Float64Array,
): Prediction {
  if (classes === null) return { id, value: out[0] };
  const best = out.reduce((at, p, k) => (p > out[at] ? k : at), 0);
  return { id, label: classes[best], probabilities: out };
}
