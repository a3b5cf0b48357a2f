/** @file The network on a relaxed sequence: every residue a mixture of letters, in which everything is differentiable. */
import {
  array,
  numpy as np,
  scan,
  tree,
  vmap,
  type Value,
} from "../../ad/index.ts";
import {
  advance,
  encode,
  nextTokenLogProbs,
  tokens,
  type MlstmState,
  type Network,
  type Projection,
} from "../../unirep/index.ts";

/** A relaxed sequence p has shape (L, letters): weights of the letters at each residue, a one-hot row for a certain one. */
export type RelaxedScore = (p: Value) => Value;

/** The model's values of a relaxed sequence; those of a sequence where all rows are one-hot. */
export interface RelaxedRun {
  /** Top hidden states after start and each residue. (L + 1, n) */
  readonly hidden: Value;
  /** The top layer's last cell state. (n) */
  readonly cFinal: Value;
}

/** Reads start and the residues. A residue's input is linear in its token's one-hot row, so a mixture is its mean. */
export function runRelaxed(
  network: Network,
  letters: string,
  p: Value,
): RelaxedRun {
  const mixed = tree.map((table: Value) => {
    const start = np.index(table, np.slice(tokens.start, tokens.start + 1));
    const rows = np.take(table, array(Int32Array.from(encode(letters))));
    return np.concatenate([start, np.matmul(p, rows)], 0);
  }, network.table) as Projection;
  const n = network.head.w.shape[0];
  const zero = np.zeros([n], p.dtype);
  const states = Array.from(
    { length: 1 + network.upper.length },
    (): MlstmState => ({ h: zero, c: zero }),
  );
  const [last, hidden] = scan(
    (states: readonly MlstmState[], row: Projection) => {
      const next = advance(network, states, row);
      return [next, next[next.length - 1].h] as [MlstmState[], Value];
    },
    states as readonly MlstmState[],
    mixed,
    { checkpoint: true },
  );
  return { hidden, cFinal: last[last.length - 1].c };
}

/** Log-probability of a relaxed sequence and its stop, in nats: expected over each residue's mixture. () */
export function relaxedLogProb(
  network: Network,
  letters: string,
  p: Value,
): Value {
  const { hidden } = runRelaxed(network, letters, p);
  const logProbs = vmap((h: Value) => nextTokenLogProbs(network, h))(hidden); // (L + 1, 25)
  const length = p.shape[0];
  const classes = array(Int32Array.from(encode(letters), (token) => token - 1));
  const residues = np.take(np.index(logProbs, np.slice(0, length)), classes, 1); // (L, letters)
  return np.add(
    np.sum(np.multiply(residues, p)),
    np.index(logProbs, length, tokens.stop - 1),
  );
}
