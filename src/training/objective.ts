/** @file The language-model objective over one window: masked categorical cross-entropy of the next token. */
import { numpy as np, scan, vmap, type Value } from "../ad/index.ts";
import {
  buildNetwork,
  carryOn,
  nextTokenLogProbs,
  step,
  type MlstmState,
  type UniRepParams,
} from "../unirep/index.ts";

/** One window of packed lanes as arrays; `keep` 0 forgets the sequence that ended in a lane. */
export interface WindowArrays<T = Value> {
  readonly tokens: T; // (steps, lanes) i32
  readonly keep: T; // (steps, lanes) bool
  readonly targets: T; // (steps, lanes) i32, class = token - 1
  readonly mask: T; // (steps, lanes) f32
}

/** State of every layer, bottom first. (lanes, n) each */
export type Carry<T = Value> = readonly MlstmState<T>[];

export interface WindowScore {
  /** Sum of the cross-entropies of the tokens that count, in nats. () */
  readonly total: Value;
  /** How many of those tokens are the most probable class. () */
  readonly hits: Value;
  readonly carry: Carry;
}

/**
 * Runs a window from `carry`: -sum(mask log p(target)), its hits, and the states it ends in. Each lane-step predicts the
 * next residue or stop from all before it in its sequence (churchlab/UniRep: targets are the input shifted by one).
 * `checkpoint` keeps only every so many states for the gradient and computes the others again.
 */
export function scoreWindow(
  params: UniRepParams<Value>,
  carry: Carry,
  { tokens, keep, targets, mask }: WindowArrays,
  checkpoint = false,
): WindowScore {
  const network = buildNetwork(params);
  const lane = (
    states: Carry,
    token: Value,
    keepFlag: Value,
    target: Value,
  ): [Carry, Value, Value] => {
    const kept = carryOn(states, np.astype(keepFlag, network.head.b.dtype));
    const next = step(network, kept, token);
    const logProbs = nextTokenLogProbs(network, next[next.length - 1].h);
    return [
      next,
      np.take(logProbs, target),
      np.equal(np.argmax(logProbs, 0), target),
    ];
  };
  const [last, [logProbs, right]] = scan(
    (states: Carry, [token, keepFlag, target]: [Value, Value, Value]) => {
      const [next, logProb, hit] = vmap(lane)(states, token, keepFlag, target);
      return [next, [logProb, hit]] as [Carry, [Value, Value]];
    },
    carry,
    [tokens, keep, targets] as [Value, Value, Value],
    { checkpoint },
  );
  return {
    total: np.negative(np.sum(np.multiply(logProbs, mask))),
    hits: np.sum(np.multiply(np.astype(right, mask.dtype), mask)),
    carry: last,
  };
}
