/** @file The weights a command names, and the model made of them only when something is left to compute. */
import {
  loadModel,
  givenWeights,
  type UniRep,
  type Weights,
} from "../unirep/index.ts";
import type { SharedOptions } from "./options.ts";
import { tell } from "./report.ts";

/** Loads the weights of `--model` and `--weights`, with a warning for those that were never trained. */
export async function commandWeights({
  model,
  weights,
}: Pick<SharedOptions, "model" | "weights">): Promise<Weights> {
  const loaded = await givenWeights("unirep", { model, weights });
  if (weights && /^(random|untrained)(:|$)/.test(weights)) {
    tell(
      "warning",
      `${loaded.info.id} are random weights: the numbers carry no biological meaning`,
    );
  }
  return loaded;
}

/** The model of these weights as the options say. */
export function commandModel(
  weights: Weights,
  { device, precision, threads }: SharedOptions,
): Promise<UniRep> {
  return loadModel({ weights, device, precision, threads });
}
