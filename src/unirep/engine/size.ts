/** @file How many lanes a batch has and who runs them, how many steps a chunk, and how many sequences may end at one of them. */
import { availableParallelism } from "node:os";
import type { Device, Precision } from "../../ad/index.ts";
import { flopsPerStep, type ModelConfig } from "../model.ts";
import type { ChunkSize } from "./lanes.ts";

/** Most units of a model whose operations are too short to be shared out among threads: each thread takes lanes of its own instead. */
const shortOperations = 256;

/** Crews share the lanes of a batch; each runs its own in a thread that nothing else waits for, and `threads` more help it (0: one a core). */
export interface Crews {
  /** At least one; on a device other than the processor there is no choice. */
  readonly count: number;
  readonly threads: number;
}

/** The crews of a model that may use so many threads; 0 leaves their number open. */
export function crewsFor(
  { units }: ModelConfig,
  device: Device,
  threads: number,
): Crews {
  return device === "cpu" && units <= shortOperations
    ? { count: threads || availableParallelism(), threads: 1 }
    : { count: 1, threads };
}

/** Most lanes: beyond it a step is hardly any cheaper for each of them. */
export const fullWidth = ({ units }: ModelConfig, crews: number): number =>
  units >= 1024 ? 288 : Math.max(480, 240 * crews);

/** Matrix kernels take rows by the dozen: a step of one lane costs nearly what one of twelve does. */
const dozen = 12;

/**
 * From here on a wider batch is worth some steps at the end with most lanes gone: a lane's step is about 5 % cheaper in
 * float32, and up to a third in int8, whose products are so short that the cost of starting each operation shows.
 */
const wide: Record<Precision, number> = { float32: 8 * dozen, int8: dozen };

/**
 * Lanes for `tokens` tokens of work of which the longest sequence has `longest` left. As many as let all of it end
 * together with that sequence, and half as many again once that is many for each crew: fewer would make the others
 * wait, more would fall empty while the longest still runs.
 */
export function lanesFor(
  config: ModelConfig,
  tokens: number,
  longest: number,
  precision: Precision,
  crews: number,
): number {
  const even = tokens / Math.max(1, longest);
  const lanes = even > crews * wide[precision] ? 1.5 * even : even;
  const unit = lanes > crews * 8 * dozen ? crews * 2 * dozen : dozen;
  return Math.min(fullWidth(config, crews), unit * Math.ceil(lanes / unit));
}

/** What a call costs beside its steps, as floating-point operations: planning it, moving states in and results out. */
const callWork = 200e6;

/**
 * The size of the next chunks of a batch. About a quarter of a second of work each, so that an abort is prompt and new
 * sequences join soon. Independent of timing, so that a run can be repeated exactly.
 */
export function chunkSize(
  config: ModelConfig,
  lanes: number,
  precision: Precision,
  crews: number,
): ChunkSize {
  // Fewer than a dozen lanes are not worth waking another crew for.
  const each = Math.max(dozen, Math.ceil(lanes / crews));
  const perStep = flopsPerStep(config) * (each + dozen);
  const work = precision === "int8" ? 240e9 : 80e9;
  return {
    lanes: each,
    steps: Math.max(4, Math.min(256, Math.round(work / perStep))),
    callSteps: callWork / perStep,
    // Too few, and peptides, of which a twelfth may end at a step, cut every chunk short.
    endings: Math.max(1, lanes >> 2),
  };
}
