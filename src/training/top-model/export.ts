/** @file A top model and the model below it as one ONNX file: tokens in, predictions out. */
import { numpy as np, type Value } from "../../ad/index.ts";
import { exportModel, type ExportedRepresentation, type NamedResults, type Weights } from "../../unirep/index.ts"; // prettier-ignore
import { baseWeights } from "./base-weights.ts";
import { forward, outcome, paramArrays } from "./forward.ts";
import type { FeatureKind, TopModel } from "./types.ts";

/** The features of one protein as a traced value. (features) */
export const featuresOf = (
  representation: ExportedRepresentation,
  kind: FeatureKind,
): Value =>
  kind === "fusion"
    ? np.concatenate([representation.h_avg, representation.h_final, representation.c_final], -1) // prettier-ignore
    : representation[kind];

/**
 * The bytes of a self-contained ONNX file with `exportModel`'s input `tokens`. Its output is `prediction` (batch), or
 * `probabilities` (batch, classes) whose labels are in the metadata as `top_classes`. `weights` are needed only where the
 * model's own are not found by their id.
 */
export async function exportTopModel(
  model: TopModel,
  weights?: string | Weights,
): Promise<Uint8Array> {
  const base = await baseWeights("exportTopModel", model, weights);
  const { kind, classes, features } = model;
  const params = paramArrays(model.params, "float32");
  const name = classes === null ? "prediction" : "probabilities";
  return exportModel(base, {
    head: {
      compute: (representation): NamedResults => {
        const x = featuresOf(representation, features ?? "h_avg");
        const out = outcome(forward(params, x), classes !== null);
        return { [name]: classes === null ? np.reshape(out, []) : out };
      },
      outputs:
        classes === null
          ? "prediction (batch): the value, in the units of the training targets"
          : "probabilities (batch, classes): of each class, in the order of top_classes",
    },
    metadata: {
      top_kind: kind,
      top_features: features ?? "h_avg",
      top_training: JSON.stringify(model.training),
      ...(classes && { top_classes: JSON.stringify(classes) }),
    },
  });
}
