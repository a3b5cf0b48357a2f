/** @file How many lanes a batch has, how many steps a chunk, and how many sequences may end at one of them. */
import type { Precision } from "../../ad/index.ts";
import { flopsPerStep, type ModelConfig } from "../model.ts";

/** Most lanes: beyond it a step is hardly any cheaper for each of them. */
export const fullWidth = ({ units }: ModelConfig): number =>
  units >= 1024 ? 288 : 480;

/** Most units of a model whose operations are too short to be shared out: two threads do less than one, which leaves a core to others. */
const oneThread = 64;

/** Threads of a call where the user leaves their number open; 0 is one a physical core. */
export const threadsFor = ({ units }: ModelConfig): number =>
  units <= oneThread ? 1 : 0;

/** Matrix kernels take rows by the dozen, on each of two cores: a step of one lane costs nearly what one of twelve does. */
const dozen = 12;

/**
 * From here on a wider batch is worth some steps at the end with most lanes gone: a lane's step is about 5 % cheaper in
 * float32, and up to a third in int8, whose products are so short that the cost of starting each operation shows.
 */
const wide: Record<Precision, number> = { float32: 8 * dozen, int8: dozen };

/**
 * Lanes for `tokens` tokens of work of which the longest sequence has `longest` left. As many as let all of it end
 * together with that sequence, and half as many again once that is many: fewer would make the others wait, more would
 * fall empty while the longest still runs.
 */
export function lanesFor(
  config: ModelConfig,
  tokens: number,
  longest: number,
  precision: Precision,
): number {
  const even = tokens / Math.max(1, longest);
  const lanes = even > wide[precision] ? 1.5 * even : even;
  const unit = lanes > 8 * dozen ? 2 * dozen : dozen;
  return Math.min(fullWidth(config), unit * Math.ceil(lanes / unit));
}

/**
 * Steps of one chunk: about a quarter of a second of work, so that an abort is prompt and new sequences join soon,
 * while moving the state in and out stays around one percent. Independent of timing, so that a run can be repeated
 * exactly.
 */
export function chunkSteps(
  config: ModelConfig,
  lanes: number,
  precision: Precision,
): number {
  const work = precision === "int8" ? 240e9 : 80e9;
  return Math.max(
    4,
    Math.min(256, Math.round(work / (flopsPerStep(config) * (lanes + dozen)))),
  );
}

/**
 * Slots for the states of sequences that end at a step. Every step of a chunk has as many as its most crowded one, so
 * they are memory; too few, and peptides, of which a twelfth may end at a step, cut every chunk short.
 */
export const endingsPerStep = (lanes: number): number =>
  Math.max(1, lanes >> 2);
