/** @file UniRep's public face: models, weights, representations, scores, sequence files. */
export { rep, type RepOptions } from "./represent.ts";
export { score, type ScoreOptions } from "./score.ts";
export {
  loadModel,
  prepareNetwork,
  type EngineDevice,
  type ModelOptions,
  type UniRep,
} from "./load-model.ts";
export {
  exportModel,
  exportModelFile,
  refuseExisting,
  type ExportHead,
  type ModelExportOptions,
} from "./export.ts";
export { exportTasks, type ExportTask } from "./export-metadata.ts";
export { representationProgram } from "./export-program.ts";
export type { ExportedRepresentation, NamedResults } from "./export-program.ts";
export { Results } from "./results.ts";
export type { Progress, Sequences } from "./run-sequences.ts";
export {
  nameSequence,
  type NamedSequence,
  type SequenceInput,
} from "./inputs.ts";
export {
  atomically,
  diskError,
  removeTemporaries,
} from "./tables/atomic-file.ts";
export { readSafetensors, writeSafetensors } from "./weights/safetensors.ts";
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
  CLASSES,
  checkParams,
  inferConfig,
  mapParams,
  namedParams,
  paramShapes,
  type HostTensor,
  type MlstmParams,
  type UniRepParams,
  VOCABULARY,
} from "./params.ts";
export { initParams, initStyles, type InitStyle } from "./init.ts";
export { mlstmCell, normalizeWeights, project } from "./mlstm.ts";
export type { MlstmState, Projection } from "./mlstm.ts";
export {
  advance,
  buildNetwork,
  carryOn,
  nextTokenLogProbs,
  step,
  type Network,
} from "./network.ts";
export * from "./weights/index.ts";
export * from "./formats/index.ts";
export * from "./tables/index.ts";
export {
  aminoAcids,
  decode,
  encode,
  LetterError,
  normalizeSequence,
  rareLetters,
  tokens,
} from "./alphabet.ts";
