/** @file A Gaussian mixture fitted by the gradient of its log-likelihood; responsibilities come from the same gradient. */
import * as Plot from "@observablehq/plot";
import { grad, jit, nn, numpy as np, optimizers, random, scipy, valueAndGrad, vmap, type Value } from "unirep-ts/ad"; // prettier-ignore
import { savePlot } from "./lib/plot.ts";

export const truth = {
  weights: [0.5, 0.3, 0.2],
  means: [-3, 0, 4],
  scales: [1, 0.5, 0.8],
};
const [kComponent, kNoise] = random.split(random.key(2));
const component = random.choice(kComponent, 3, [3000], {
  p: np.array(truth.weights),
});
export const xs = np.add(
  np.take(np.array(truth.means), component),
  np.multiply(
    np.take(np.array(truth.scales), component),
    random.normal(kNoise, [3000]),
  ),
);

interface Params {
  readonly logits: Value; // (3)
  readonly means: Value; // (3)
  readonly logScales: Value; // (3)
}
/** log p(x, k) = log w_k + log N(x; m_k, s_k), for each component */
const joint = (p: Params, x: Value) =>
  np.add(
    nn.logSoftmax(p.logits),
    scipy.stats.norm.logpdf(x, p.means, np.exp(p.logScales)),
  );
const logDensity = (p: Params, x: Value) => nn.logsumexp(joint(p, x));
const loss = (p: Params) =>
  np.negative(np.mean(vmap((x: Value) => logDensity(p, x))(xs)));

const adam = optimizers.adam(0.05);
const step = jit((i: Value, state: ReturnType<typeof adam.init<Params>>) => {
  const [value, grads] = valueAndGrad(loss)(adam.getParams(state));
  return [adam.update(i, grads, state), value] as const;
});
let state = adam.init<Params>({
  logits: np.zeros([3]),
  means: np.array([-1, 0, 1]),
  logScales: np.zeros([3]),
});
let value: Value = np.array(0);
for (let i = 0; i < 500; i++) [state, value] = step(np.array(i), state);
export const loglikelihood = -(await value.data())[0];
export const fitted = adam.getParams(state);
await Promise.all(Object.values(fitted).map((x: Value) => x.data()));

/** d log p(x) / d log p(x, k) is the probability that x came from k. */
export const responsibilities = (x: Value): Value =>
  grad((shift: Value) => nn.logsumexp(np.add(joint(fitted, x), shift)))(
    np.zeros([3]),
  );

const grid = np.linspace(-7, 7, 200);
const density = np
  .exp(vmap((x: Value) => logDensity(fitted, x))(grid))
  .tolist() as number[];

// prettier-ignore
savePlot("gaussian-mixture", {
  marks: [
    Plot.rectY(xs.tolist() as number[],
    Plot.binX({ y: (bin: number[]) => bin.length / 3000 / 0.25 }, { x: (d: number) => d, interval: 0.25, fill: "lightsteelblue" } as never)),
    Plot.line((grid.tolist() as number[]).map((x, i) => ({ x, density: density[i] })), { x: "x", y: "density", stroke: "crimson" }),
  ],
});
