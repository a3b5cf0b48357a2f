/** @file Cross-entropy of a set of sequences under parameters that change between calls: one program for all of them. */
import { jit, type Array, type Device, type Value } from "../ad/index.ts";
import type { ModelConfig, UniRepParams } from "../unirep/index.ts";
import { scoreWindow, type Carry, type WindowArrays } from "./objective.ts";
import { Windows } from "./windows.ts";
import { windowArrays, zeroCarry } from "./window-arrays.ts";

export interface Evaluation {
  /** Mean cross-entropy a token, residues and one stop a sequence, in nats. */
  readonly crossEntropy: number;
  /** exp(crossEntropy) */
  readonly perplexity: number;
  /** Share of tokens whose class is the most probable one. */
  readonly accuracy: number;
  readonly tokens: number;
}

export interface Evaluator {
  /** Scores all sequences, each once. */
  run(
    params: UniRepParams<Value>,
    sequences: readonly Uint8Array[],
    signal?: AbortSignal,
  ): Promise<Evaluation>;
  dispose(): Promise<void>;
}

export function createEvaluator(
  config: ModelConfig,
  options: { device: Device; threads: number; lanes: number; steps: number },
): Evaluator {
  const { device, threads, lanes, steps } = options;
  const score = jit(
    (params: UniRepParams<Value>, carry: Carry, window: WindowArrays) =>
      scoreWindow(params, carry, window),
    { device, threads },
  );
  return {
    async run(params, sequences, signal) {
      const windows = new Windows(sequences, { lanes, window: steps, seed: 0, epochs: 1, inOrder: true }); // prettier-ignore
      let carry: Carry = zeroCarry(config, lanes);
      let [total, hits, tokens] = [0, 0, 0];
      for (let w = windows.take(); w; w = windows.take()) {
        signal?.throwIfAborted();
        const out = score(
          params,
          carry,
          windowArrays([w], steps, lanes, false),
        );
        carry = out.carry;
        total += (await (out.total as Array).data())[0];
        hits += (await (out.hits as Array).data())[0];
        tokens += w.count;
      }
      if (tokens === 0)
        throw new RangeError(
          "evaluate: expected at least one sequence, got none",
        );
      const crossEntropy = total / tokens;
      return {
        crossEntropy,
        perplexity: Math.exp(crossEntropy),
        accuracy: hits / tokens,
        tokens,
      };
    },
    dispose: () => score.dispose(),
  };
}
