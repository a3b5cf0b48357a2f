/** @file The weights whose representations a top model reads: found by their id, checked by their hash. */
import { loadWeights, models, type ModelName, type Weights, type WeightsInfo } from "../../unirep/index.ts"; // prettier-ignore
import type { TopModel } from "./types.ts";

/**
 * The weights of `model`: those tuned with it, or `given` (a path, an id, or weights already read), or those of the id it was
 * made with. Others than it was made with are a TypeError: their representations mean something else.
 */
export async function baseWeights(
  who: string,
  { base, tuned }: TopModel,
  given?: string | Weights,
): Promise<Weights> {
  if (base === null)
    throw new TypeError(
      `${who}: expected rows of features, which this top model was made of, got sequences`,
    );
  if (tuned !== null && given === undefined) return tuned;
  const { config, info } = base;
  const model = config.name in models ? (config.name as ModelName) : undefined;
  const weights =
    typeof given === "object"
      ? given
      : await (given === undefined
          ? findWeights(who, info, model)
          : loadWeights({ weights: given, model }));
  checkBase(who, { base }, weights.info);
  return weights;
}

/** A TypeError unless `info` is of the weights the top model was made with. */
export function checkBase(
  who: string,
  { base }: Pick<TopModel, "base">,
  info: WeightsInfo,
): void {
  if (base !== null && info.sha256 !== base.info.sha256)
    throw new TypeError(
      `${who}: expected the weights the top model was made with, ${base.info.id} (SHA-256 ${base.info.sha256.slice(0, 12)}), got ${info.id} (${info.sha256.slice(0, 12)})`,
    );
}

function findWeights(
  who: string,
  { id }: WeightsInfo,
  model: ModelName | undefined,
): Promise<Weights> {
  const made = /^(random|untrained)-.*-seed(\d+)$/.exec(id);
  const weights = made ? `${made[1]}:${made[2]}` : id;
  return loadWeights({ weights, model }).catch((cause: unknown) => {
    throw new Error(
      `${who}: the top model reads representations of ${id}, which cannot be loaded by that name: give its weights (${(cause as Error).message})`,
      { cause },
    );
  });
}
