/** @file A top model as an objective: the value it predicts, or how sure it is of a class. */
import { createHash } from "node:crypto";
import { numpy as np } from "../../ad/index.ts";
import type { Weights } from "../../unirep/index.ts";
import { baseWeights } from "../top-model/base-weights.ts";
import { featuresOf } from "../top-model/export.ts";
import { forward, logProbabilities, paramArrays } from "../top-model/forward.ts"; // prettier-ignore
import type { TopModel, TopModelParams } from "../top-model/index.ts";
import {
  representationObjective,
  type ModelObjective,
  type ObjectiveOptions,
} from "./objective.ts";

export interface TopModelObjectiveOptions extends ObjectiveOptions {
  /** The class to aim at; needed for a model of classes, and only there. */
  readonly label?: string | undefined;
  /** Needed only where the model's own are not found by their id. */
  readonly weights?: string | Weights | undefined;
}

/** The predicted value in the targets' units, or the log-probability of `label`; higher is better. */
export async function topModelObjective(
  model: TopModel,
  options: TopModelObjectiveOptions = {},
): Promise<ModelObjective> {
  const { label, weights, ...rest } = options;
  const { classes, features, params } = model;
  const at = classes === null ? 0 : classes.indexOf(label ?? "");
  if (at < 0 || (classes === null && label !== undefined))
    throw new RangeError(
      `topModelObjective: expected ${classes === null ? "no label, for a model of values" : `one of the labels ${classes.join(", ")}`}, got ${label ?? "none"}`,
    );
  const base = await baseWeights("topModelObjective", model, weights);
  const arrays = paramArrays(params, "float32");
  const objective = await representationObjective(
    base,
    ({ hAvg, hFinal, cFinal }) => {
      const representation = { h_avg: hAvg, h_final: hFinal, c_final: cFinal };
      const out = forward(
        arrays,
        featuresOf(representation, features ?? "h_avg"),
      );
      return np.index(classes === null ? out : logProbabilities(out), at);
    },
    { ...rest, name: "top model" },
  );
  const topModel = {
    ...(label !== undefined && { label }),
    sha256: digestOf(params),
  };
  return { ...objective, facts: { ...objective.facts, topModel } };
}

function digestOf({ mean, scale, layers }: TopModelParams): string {
  const hash = createHash("sha256");
  for (const { shape, data } of [
    mean,
    scale,
    ...layers.flatMap(({ w, b }) => [w, b]),
  ])
    hash
      .update(`${shape.join()};`)
      .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return hash.digest("hex");
}
