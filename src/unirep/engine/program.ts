/** @file The compiled chunk: scan over steps, vmap over lanes, of one step of the network. */
import {
  jit,
  numpy as np,
  scan,
  vmap,
  type Array,
  type Device,
  type Jitted,
  type Precision,
  type Value,
} from "../../ad/index.ts";
import type { MlstmState } from "../mlstm.ts";
import { carryOn, nextTokenLogProbs, step, type Network } from "../network.ts";

/** What a run keeps of every step, beside the states at each sequence's end. */
export type Task = "represent" | "residues" | "score";

/** Carried from chunk to chunk: the state of every layer and the running sum of top hidden states. (lanes, n) each */
export interface Carry<T = Value> {
  readonly layers: readonly MlstmState<T>[];
  readonly sum: T;
}

export interface ChunkInputs<T = Value> {
  readonly tokens: T; // (steps, lanes) i32
  readonly keep: T; // (steps, lanes) bool
  readonly emit: T; // (steps, slots) i32
  /** Class of the token to be predicted at each step: only for the task `score`. */
  readonly targets: T | null; // (steps, lanes) i32
}

/** Top-layer state of a lane, as a sequence's end emits it. */
export interface Emitted<T = Value> {
  readonly h: T;
  readonly c: T;
  readonly sum: T;
}

export interface ChunkOutputs<T = Value> {
  readonly emitted: Emitted<T>; // (steps, slots, n)
  /** Every top hidden state: only for `residues`. */
  readonly hidden: T | null; // (steps, lanes, n)
  /** Only for `score`. */
  readonly logProbs: T | null; // (steps, lanes)
  readonly hits: T | null; // (steps, lanes) bool: the target is the most probable class
}

export type RunChunk = Jitted<
  [carry: Carry, inputs: ChunkInputs],
  [Carry, ChunkOutputs]
>;

export interface ProgramOptions {
  readonly device: Device;
  readonly precision: Precision;
  readonly threads: number;
  /** Chunks that run side by side, each in a thread of its own; 0 is the calling thread. */
  readonly workers: number;
}

/** The chunk function of `network` for one task, compiled for any number of lanes and steps. */
export function compileChunk(
  network: Network<Array>,
  task: Task,
  options: ProgramOptions,
): RunChunk {
  /** One lane, one step. */
  const advance = (
    carry: Carry,
    token: Value,
    keepFlag: Value,
    target: Value | null,
  ) => {
    const keep = np.astype(keepFlag, network.head.b.dtype);
    const layers = step(network, carryOn(carry.layers, keep), token);
    const { h } = layers[layers.length - 1];
    const next: Carry = {
      layers,
      sum: np.add(np.multiply(carry.sum, keep), h),
    };
    if (target === null) return { next, logProb: null, hit: null };
    const logProbs = nextTokenLogProbs(network, h);
    return {
      next,
      logProb: np.take(logProbs, target),
      hit: np.equal(np.argmax(logProbs, 0), target),
    };
  };
  const chunk = (carry: Carry, inputs: ChunkInputs): [Carry, ChunkOutputs] =>
    scan(
      (
        state: Carry,
        { tokens, keep, emit, targets }: ChunkInputs,
      ): [Carry, ChunkOutputs] => {
        const { next, logProb, hit } = vmap(advance)(
          state,
          tokens,
          keep,
          targets,
        );
        const top = next.layers[next.layers.length - 1];
        const pick = (x: Value) => np.take(x, emit);
        return [
          next,
          {
            emitted: { h: pick(top.h), c: pick(top.c), sum: pick(next.sum) },
            hidden: task === "residues" ? top.h : null,
            logProbs: logProb,
            hits: hit,
          },
        ];
      },
      carry,
      inputs,
    );
  const perStep = "steps, lanes";
  return jit(chunk, {
    ...options,
    symbolicShapes: [
      "lanes, ...",
      {
        tokens: perStep,
        keep: perStep,
        emit: "steps, slots",
        targets: perStep,
      },
    ],
  });
}
