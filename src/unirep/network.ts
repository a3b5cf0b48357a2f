/** @file The stack of mLSTM layers as a step function over tokens, and the language-model head on top. */
import { numpy as np, tree, vmap, type Value } from "../ad/index.ts";
import {
  mlstmCell,
  normalizeWeights,
  project,
  type MlstmState,
  type MlstmWeights,
  type Projection,
} from "./mlstm.ts";
import type { UniRepParams } from "./params.ts";

/** Parameters as the running network reads them. */
export interface Network<T = Value> {
  /** What each of the 26 tokens adds to the first layer: its embedding, already projected. (26, n) each */
  readonly table: Projection<T>;
  readonly first: Pick<MlstmWeights<T>, "wh" | "wmh">;
  /** The layers above; each reads the hidden state below it. */
  readonly upper: readonly MlstmWeights<T>[];
  readonly head: { readonly w: T /* (n, 25) */; readonly b: T /* (25) */ };
}

/** Normalises the weights and projects the embedding of every token through the first layer's input weights. */
export function buildNetwork(params: UniRepParams<Value>): Network {
  const [first, ...upper] = params.layers.map(normalizeWeights);
  return {
    table: vmap((x: Value) => project(first, x))(params.embedding),
    first: { wh: first.wh, wmh: first.wmh },
    upper,
    head: params.head,
  };
}

/** One input, already projected, through every layer; `states` holds one state a layer, bottom first. */
export function advance(
  network: Network,
  states: readonly MlstmState[],
  row: Projection,
): MlstmState[] {
  const out = [mlstmCell(network.first, states[0], row)];
  network.upper.forEach((layer, k) =>
    out.push(mlstmCell(layer, states[k + 1], project(layer, out[k].h))),
  );
  return out;
}

/** One token through every layer. */
export const step = (
  network: Network,
  states: readonly MlstmState[],
  token: Value,
): MlstmState[] =>
  advance(
    network,
    states,
    tree.map(
      (table: Value) => np.take(table, token),
      network.table,
    ) as Projection,
  );

/** Log-probabilities of the next token's 25 classes (class = token - 1) from the top layer's hidden state (n). */
export function nextTokenLogProbs({ head }: Network, h: Value): Value {
  const logits = np.add(np.matmul(h, head.w), head.b); // (25)
  return np.subtract(logits, np.logsumexp(logits, 0));
}

/** Multiplies every state by `keep`: 0 forgets the sequence that ended in this lane, 1 goes on. */
export const carryOn = (
  states: readonly MlstmState[],
  keep: Value,
): MlstmState[] =>
  tree.map((x: Value) => np.multiply(x, keep), states) as MlstmState[];
