/** @file A hidden Markov model by scan in log space; the posterior of its states is the gradient of its likelihood. */
import * as Plot from "@observablehq/plot";
import {
  grad,
  jit,
  nn,
  numpy as np,
  random,
  scan,
  type Value,
} from "unirep-ts/ad";
import { savePlot } from "./lib/plot.ts";

// The occasionally dishonest casino: a fair die, and a loaded one that shows six half of the time.
const start = np.log(np.array([0.5, 0.5]));
const move = np.log(np.array([[0.95, 0.05], [0.1, 0.9]])); // prettier-ignore
const show = np.log(
  np.array([
    Array.from({ length: 6 }, () => 1 / 6),
    [0.1, 0.1, 0.1, 0.1, 0.1, 0.5],
  ]),
);

/** log p(rolls), from the log-probability of each roll under each die (T, 2): the forward algorithm. */
export const logLikelihood = (emissions: Value): Value => {
  const [first, ...rest] = [
    np.take(emissions, np.array(0, { dtype: "int32" })),
    emissions,
  ];
  const [last] = scan(
    (alpha: Value, emission: Value) => {
      const arriving = nn.logsumexp(np.add(np.expandDims(alpha, 1), move), {
        axis: 0,
      });
      return [np.add(arriving, emission), null];
    },
    np.add(start, first),
    np.split(rest[0], [1])[1],
  );
  return nn.logsumexp(last);
};
export const emissionsOf = (rolls: Value): Value =>
  np.transpose(np.take(show, rolls, 1));

/** d log p / d log p(roll t | die k) = p(die k at t | all rolls): forward-backward without writing the backward pass. */
export const posterior = jit(grad(logLikelihood));

// Play 300 rounds.
const roll = (state: Value, key: Value) => {
  const [k1, k2] = random.split(key);
  const die = random.categorical(k1, np.take(move, state));
  return [die, [die, random.categorical(k2, np.take(show, die))]] as const;
};
const [, [dice, rolls]] = scan(
  roll,
  np.array(0, { dtype: "int32" }),
  random.split(random.key(7), 300),
);
const belief = posterior(emissionsOf(rolls));
await belief.data();
export const loaded = (belief.tolist() as number[][]).map(([, p]) => p);
export const truth = dice.tolist() as number[];

// prettier-ignore
savePlot("hidden-markov", {
  height: 220, y: { domain: [0, 1], label: "p(loaded)" },
  marks: [
    Plot.areaY(truth.map((die, t) => ({ t, die })), { x: "t", y: "die", curve: "step", fill: "gainsboro" }),
    Plot.line(loaded.map((p, t) => ({ t, p })), { x: "t", y: "p", stroke: "crimson" }),
  ],
});
