/** @file Weights: reading, writing, fetching, and knowing where they come from. */
export {
  builtIn,
  builtInFile,
  builtInIds,
  isBuiltInId,
  type BuiltInId,
} from "./built-in.ts";
export { cacheFolder, importedPath } from "./cache.ts";
export { hashFile } from "./download.ts";
export {
  readWeightsFile,
  weightFormats,
  writeNpyFolder,
  writeSafetensorsFile,
} from "./files.ts";
export { hashParams } from "./hash.ts";
export { givenWeights, loadWeights, type WeightsSpec } from "./load.ts";
export { pullWeights, type PullOptions } from "./pull.ts";
export {
  findByParams,
  isRegistryId,
  registry,
  registryIds,
  type RegistryId,
} from "./registry.ts";
export type { Weights, WeightsInfo } from "./types.ts";
