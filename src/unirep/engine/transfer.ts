/** @file Between the host and a compiled chunk: its operands as arrays, and its results to the jobs they belong to. */
import { array, type Array, type TypedArray } from "../../ad/index.ts";
import type { ModelConfig } from "../model.ts";
import { carryFrom } from "./carry.ts";
import type { EngineJob, Floats } from "./job.ts";
import type { Chunk, Segment } from "./lanes.ts";
import type { Carry, ChunkInputs, ChunkOutputs } from "./program.ts";

/** The state of the lanes of `chunk`, of that of all lanes. */
export function stateArrays(
  { first, lanes }: Chunk<EngineJob>,
  carry: Carry<Floats>,
  config: ModelConfig,
): Carry<Array> {
  const perLane = (data: Floats) =>
    array(data, { shape: [lanes, config.units] });
  const { layers, sum } = carryFrom(carry, first, lanes, config);
  return {
    layers: layers.map(({ h, c }) => ({ h: perLane(h), c: perLane(c) })),
    sum: perLane(sum),
  };
}

/** What the lanes of `chunk` read. */
export function inputArrays({
  steps,
  lanes,
  slots,
  tokens,
  keep,
  emit,
  segments,
}: Chunk<EngineJob>): ChunkInputs<Array> {
  let targets: Int32Array | null = null;
  if (segments[0].job.targets !== null) {
    targets = new Int32Array(steps * lanes);
    for (const { job, lane, from, offset, count } of segments) {
      for (let k = 0; k < count; k++)
        targets[(from + k) * lanes + lane] = (job.targets as Uint8Array)[
          offset + k
        ];
    }
  }
  const perStep = (data: TypedArray) => array(data, { shape: [steps, lanes] });
  return {
    tokens: perStep(tokens),
    keep: perStep(keep),
    emit: array(emit, { shape: [steps, slots] }),
    targets: targets && perStep(targets),
  };
}

/** A chunk that has run: the state of its lanes after it, and what each step gave. */
export interface ChunkEnd {
  readonly state: Carry<Floats>;
  readonly results: {
    readonly h: Floats;
    readonly c: Floats;
    readonly sum: Floats;
    readonly hidden: Floats | null;
    readonly logProbs: Floats | null;
    readonly hits: TypedArray | null;
  };
}

const floats = async (x: Array): Promise<Floats> => (await x.data()) as Floats;

export async function readBack([after, outputs]: [
  Carry<Array>,
  ChunkOutputs<Array>,
]): Promise<ChunkEnd> {
  const { emitted, hidden, logProbs, hits } = outputs;
  return {
    state: {
      layers: await Promise.all(
        after.layers.map(async ({ h, c }) => ({
          h: await floats(h),
          c: await floats(c),
        })),
      ),
      sum: await floats(after.sum),
    },
    results: {
      h: await floats(emitted.h),
      c: await floats(emitted.c),
      sum: await floats(emitted.sum),
      hidden: hidden && (await floats(hidden)),
      logProbs: logProbs && (await floats(logProbs)),
      hits: hits && (await hits.data()),
    },
  };
}

/** Copies what one segment produced to its job, and hands the job's result over if it ended. */
export function collect(
  segment: Segment<EngineJob>,
  { lanes, slots }: Chunk<EngineJob>,
  { state, results }: ChunkEnd,
  { units: n }: ModelConfig,
): void {
  const { job, lane, from, offset, count, emission } = segment;
  for (let k = 0; k < count; k++) {
    const at = (from + k) * lanes + lane;
    if (job.hidden && results.hidden)
      job.hidden.set(
        results.hidden.subarray(at * n, (at + 1) * n),
        (offset + k) * n,
      );
    if (job.logProbs && results.logProbs)
      job.logProbs[offset + k] = results.logProbs[at];
    if (results.hits) job.hits += results.hits[at];
  }
  if (emission === null) return;
  const top = state.layers[state.layers.length - 1];
  const source =
    emission === "carry" ? { h: top.h, c: top.c, sum: state.sum } : results;
  const row =
    emission === "carry" ? lane : emission.step * slots + emission.slot;
  const read = (x: Floats) => x.slice(row * n, (row + 1) * n);
  job.resolve({
    h: read(source.h),
    c: read(source.c),
    sum: read(source.sum),
    hidden: job.hidden,
    logProbs: job.logProbs,
    hits: job.hits,
  });
}
