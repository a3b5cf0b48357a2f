/** @file The functions an exported model holds: batches of padded token rows to representations or language-model scores. */
import {
  numpy as np,
  scan,
  tree,
  vmap,
  type Array,
  type Value,
} from "../ad/index.ts";
import { tokens as ids } from "./alphabet.ts";
import type { MlstmState } from "./mlstm.ts";
import type { ModelConfig } from "./model.ts";
import { nextTokenLogProbs, step, type Network } from "./network.ts";
import { CLASSES } from "./params.ts";

/** What an exported model knows of one protein, by the names the file gives it. (n) each */
export interface ExportedRepresentation<T = Value> {
  readonly h_avg: T;
  readonly h_final: T;
  readonly c_final: T;
}

/** Results by name; a tree of arrays of any shapes. */
export type NamedResults = Readonly<Record<string, Value>>;

const zeroStates = (
  { layers, units: n }: ModelConfig,
  { dtype }: Value,
): MlstmState[] =>
  globalThis.Array.from({ length: layers }, () => ({
    h: np.zeros([n], dtype),
    c: np.zeros([n], dtype),
  }));

/** `next` where the token is one, `before` at padding. */
const unlessPadding = <T>(isToken: Value, next: T, before: T): T =>
  tree.map((a: Value, b: Value) => np.where(isToken, a, b), next, before) as T;

/**
 * Rows of tokens (batch, steps) to representations: [start, residues], padding anywhere changes nothing. With `checkpoint`
 * a gradient keeps only every so many states.
 */
export const representationProgram = (
  config: ModelConfig,
  network: Network,
  head: (representation: ExportedRepresentation) => NamedResults,
  { checkpoint = false }: { readonly checkpoint?: boolean } = {},
) =>
  vmap((tokens: Value): NamedResults => {
    interface Carry {
      readonly layers: readonly MlstmState[];
      readonly sum: Value;
      readonly count: Value;
    }
    const advance = (before: Carry, token: Value): [Carry, null] => {
      const isToken = np.notEqual(token, ids.pad);
      const layers = step(network, before.layers, token);
      const next = {
        layers,
        sum: np.add(before.sum, layers[layers.length - 1].h),
        count: np.add(before.count, 1),
      };
      return [unlessPadding(isToken, next, before), null];
    };
    const start: Carry = {
      layers: zeroStates(config, network.head.b),
      sum: np.zeros([config.units], network.head.b.dtype),
      count: np.zeros([], network.head.b.dtype),
    };
    const [{ layers, sum, count }] = scan(advance, start, tokens, {
      checkpoint,
    });
    const top = layers[layers.length - 1];
    return head({
      // A row of padding alone has no states to average.
      h_avg: np.divide(sum, np.maximum(count, 1)),
      h_final: top.h,
      c_final: top.c,
    });
  });

/** Rows of tokens (batch, steps) to the log-probabilities of every next token, and the mean cross-entropy of [residues, stop]. */
export const languageModelProgram = (
  config: ModelConfig,
  network: Network<Array>,
) =>
  vmap((tokens: Value): NamedResults => {
    interface Carry {
      readonly layers: readonly MlstmState[];
      /** (25) of the token to come; zeros before the first, which nothing predicts. */
      readonly logProbs: Value;
      readonly sum: Value;
      readonly count: Value;
    }
    const advance = (before: Carry, token: Value): [Carry, Value] => {
      const isToken = np.notEqual(token, ids.pad);
      const layers = step(network, before.layers, token);
      const logProbs = nextTokenLogProbs(network, layers[layers.length - 1].h);
      const next = {
        layers,
        logProbs,
        // Class = token - 1; at padding, whose result is not used, any class will do.
        sum: np.add(
          before.sum,
          np.take(before.logProbs, np.maximum(np.subtract(token, 1), 0)),
        ),
        count: np.add(before.count, 1),
      };
      return [
        unlessPadding(isToken, next, before),
        np.where(isToken, logProbs, 0),
      ];
    };
    const start: Carry = {
      layers: zeroStates(config, network.head.b),
      logProbs: np.zeros([CLASSES]),
      sum: np.zeros([]),
      count: np.zeros([]),
    };
    const [{ logProbs, sum, count }, all] = scan(advance, start, tokens);
    const total = np.add(sum, np.take(logProbs, ids.stop - 1));
    return {
      log_probs: all, // (steps, 25)
      cross_entropy: np.negative(np.divide(total, np.maximum(count, 1))),
    };
  });
