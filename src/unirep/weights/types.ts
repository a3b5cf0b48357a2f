/** @file What a set of weights is: an architecture, its parameters, and where they come from. */
import type { ModelConfig } from "../model.ts";
import type { UniRepParams } from "../params.ts";

/** Identity and provenance of a set of weights, shown wherever the weights are used. */
export interface WeightsInfo {
  /** Registry id (`unirep-64`), `random-64-seed0`, or the file or folder name the weights were read from. */
  readonly id: string;
  /** SHA-256 of the parameters themselves (names, shapes, float32 bytes in the order of `namedParams`), the same whatever file format carried them. */
  readonly sha256: string;
  readonly licence: string;
  /** One sentence: who trained them on what, or how they were made. */
  readonly provenance: string;
}

export interface Weights {
  readonly config: ModelConfig;
  readonly params: UniRepParams;
  readonly info: WeightsInfo;
}
