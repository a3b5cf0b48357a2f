/** @file Trained parameters as weights that say where they come from. */
import type { Array, Value } from "../ad/index.ts";
import {
  hashParams,
  mapParams,
  namedParams,
  type HostTensor,
  type UniRepParams,
  type Weights,
} from "../unirep/index.ts";

/** `params` read to the host, with their hash, and the licence and history of the weights they began as. */
export async function tunedWeights(
  initial: Weights,
  params: UniRepParams<Value>,
  run: {
    readonly steps: number;
    readonly sequences: number;
    /** By what: `unirep-ts`, and what is unusual about the training. */
    readonly by: string;
  },
): Promise<Weights> {
  const read = new Map<string, HostTensor>();
  for (const [name, x] of namedParams(params)) {
    const data = await (x as Array).data();
    read.set(name, { shape: x.shape, data: Float32Array.from(data) });
  }
  const host = mapParams(params, (_, name) => read.get(name) as HostTensor);
  const sha256 = hashParams(host);
  const isNew = initial.info.licence.startsWith("none");
  return {
    config: initial.config,
    params: host,
    info: {
      id: `${initial.info.id}-tuned-${sha256.slice(0, 8)}`,
      sha256,
      licence: isNew
        ? "that of whoever trained them: they began as random numbers"
        : initial.info.licence,
      provenance: `${initial.info.provenance}; trained for ${run.steps} steps on ${run.sequences} sequences with ${run.by}`,
    },
  };
}
