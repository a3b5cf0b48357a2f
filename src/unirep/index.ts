/** @file UniRep's public face: models, weights, representations, scores, sequence files. */
export { rep, type RepOptions } from "./represent.ts";
export { score, type ScoreOptions } from "./score.ts";
export { loadModel, type ModelOptions, type UniRep } from "./load-model.ts";
export { Results } from "./results.ts";
export type { Progress, Sequences } from "./run-sequences.ts";
export type { SequenceInput } from "./inputs.ts";
export {
  representationLayers,
  tokenPolicy,
  type Representation,
  type RepresentationLayer,
  type Score,
} from "./representation.ts";
export {
  customModel,
  models,
  type ModelConfig,
  type ModelName,
} from "./model.ts";
export {
  checkParams,
  inferConfig,
  namedParams,
  paramShapes,
  type HostTensor,
  type MlstmParams,
  type UniRepParams,
} from "./params.ts";
export { initParams } from "./init.ts";
export * from "./weights/index.ts";
export * from "./formats/index.ts";
export * from "./tables/index.ts";
export {
  aminoAcids,
  decode,
  encode,
  normalizeSequence,
  rareLetters,
  tokens,
} from "./alphabet.ts";
