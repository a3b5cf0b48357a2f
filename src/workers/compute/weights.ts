/** @file The weights of a model as training takes them: parameters on the host, described as the service describes them. */
import { loadWeights, type Weights } from "../../unirep/index.ts";
import type { ModelFile } from "./tasks.ts";

/**
 * Uploaded files are kept by their parameters alone, so what is passed on to tuned weights is what the catalogue says.
 * Throws a TypeError where the weights are not those that `file` names by their hash.
 */
export async function weightsOf(
  { id, weights, sha256 }: ModelFile,
  { licence }: { readonly licence?: string } = {},
): Promise<Weights> {
  const { info, ...loaded } = await loadWeights({ weights });
  if (info.sha256 !== sha256)
    throw new TypeError(
      `compute: expected parameters with SHA-256 ${sha256} for model ${id}, got ${info.sha256}`,
    );
  return { ...loaded, info: { ...info, id, licence: licence ?? info.licence } };
}
