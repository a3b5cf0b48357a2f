/** @file Models for tests: any parameters as a loaded model, float64 engines, and how close is close. */
import { expect } from "vitest";
import { array, type Array as AdArray } from "../../src/ad/index.ts";
import { encode } from "../../src/unirep/alphabet.ts";
import { Engine } from "../../src/unirep/engine/engine.ts";
import type { Finished } from "../../src/unirep/engine/job.ts";
import type { Task } from "../../src/unirep/engine/program.ts";
import { initParams } from "../../src/unirep/init.ts";
import {
  loadModel,
  type ModelOptions,
  type UniRep,
} from "../../src/unirep/load-model.ts";
import { customModel, type ModelConfig } from "../../src/unirep/model.ts";
import { buildNetwork, type Network } from "../../src/unirep/network.ts";
import { mapParams, type UniRepParams } from "../../src/unirep/params.ts";
import { hashParams } from "../../src/unirep/weights/hash.ts";
import type { Weights } from "../../src/unirep/weights/types.ts";

export const tiny = customModel({ units: 8, layers: 2 });
export const tinyParams = initParams(tiny, { seed: 5, style: "original" });

export const testWeights = (
  config: ModelConfig,
  params: UniRepParams,
): Weights => ({
  config,
  params,
  info: {
    id: `test-${config.name}`,
    sha256: hashParams(params),
    licence: "none",
    provenance: "made by a test",
  },
});

export const tinyModel = (
  options: Omit<ModelOptions, "model" | "weights"> = {},
): Promise<UniRep> =>
  loadModel({ ...options, weights: testWeights(tiny, tinyParams) });

/** The network of `params` in the dtype asked for, built eagerly by the reference backend. */
export const eagerNetwork = (
  params: UniRepParams,
  dtype: "float32" | "float64",
): Network<AdArray> =>
  buildNetwork(
    mapParams(params, ({ data, shape }) => array(data, { shape, dtype })),
  ) as Network<AdArray>;

/** One sequence after the other through the reference backend in float64. */
export async function runFloat64(
  config: ModelConfig,
  params: UniRepParams,
  task: Task,
  sequences: readonly string[],
): Promise<Finished[]> {
  const engine = new Engine(config, eagerNetwork(params, "float64"), {
    task,
    device: "js",
    precision: "float32",
    threads: 0,
  });
  const all: Finished[] = [];
  for (const sequence of sequences)
    all.push(await engine.submit(encode(sequence), {}));
  return all;
}

/** Largest |a - b| / max(1, |b|): cell states reach 20, where an absolute bound would ask for more than float32 has. */
export function error(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const e = Math.abs(a[i] - b[i]) / Math.max(1, Math.abs(b[i]));
    // A NaN must not pass for a small error.
    if (!(e <= worst)) worst = Number.isNaN(e) ? Infinity : e;
  }
  return worst;
}
