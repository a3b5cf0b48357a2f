/** @file A neural network with stax: two spirals told apart, trained by a jitted step. */
import * as Plot from "@observablehq/plot";
import { jit, numpy as np, optimizers, random, stax, valueAndGrad, type Value } from "unirep-ts/ad"; // prettier-ignore
import { savePlot } from "./lib/plot.ts";

const {
  Dense,
  FanInSum,
  FanOut,
  Identity,
  LogSoftmax,
  Tanh,
  parallel,
  serial,
} = stax;
const [kInit, kNoise, kTest] = random.split(random.key(5), 3);

/** Points of two interleaved spirals and which one each belongs to. */
const spirals = (key: Value, count: number) => {
  const t = np.linspace(0.5, 3 * Math.PI, count);
  const arm = (turn: number) =>
    np.stack([np.multiply(t, np.cos(np.add(t, turn))), np.multiply(t, np.sin(np.add(t, turn)))], 1);
  const clean = np.concatenate([arm(0), arm(Math.PI)]);
  const labels = np.repeat(np.array([0, 1], { dtype: "int32" }), count);
  return { xs: np.divide(np.add(clean, np.multiply(0.15, random.normal(key, clean.shape))), 5), labels };
}; // prettier-ignore
const [train, test] = [spirals(kNoise, 200), spirals(kTest, 200)];

// prettier-ignore
const residual = serial(FanOut(2), parallel(serial(Dense(32), Tanh), Identity), FanInSum);
// prettier-ignore
const [init, apply] = serial(Dense(32), Tanh, residual, residual, Dense(2), LogSoftmax);
const [, params] = init(kInit, [-1, 2]);
type Params = typeof params;
const predict = (params: Params, xs: Value) => apply(params, xs) as Value;

const loss = (params: Params, { xs, labels }: typeof train) =>
  np.negative(
    np.mean(np.takeAlongAxis(predict(params, xs), np.expandDims(labels, 1), 1)),
  );
const adam = optimizers.adam(optimizers.exponentialDecay(0.01, 400, 0.3));
const step = jit((i: Value, state: ReturnType<typeof adam.init<Params>>) => {
  const [value, grads] = valueAndGrad(loss)(adam.getParams(state), train);
  return [adam.update(i, grads, state), value] as const;
});
let state = adam.init(params);
export const losses: number[] = [];
for (let i = 0; i < 800; i++) {
  const [next, value] = step(np.array(i), state);
  state = next;
  losses.push((await value.data())[0]);
}

const classify = jit((params: Params, xs: Value) =>
  np.argmax(predict(params, xs), -1),
);
const guessed = await classify(adam.getParams(state), test.xs).data();
const labels = test.labels.tolist() as number[];
export const accuracy =
  labels.filter((label, i) => label === guessed[i]).length / labels.length;

const [wide] = [np.linspace(-2.2, 2.2, 60)];
const square = np.reshape(np.stack(np.meshgrid([wide, wide]), -1), [-1, 2]);
const field = await classify(adam.getParams(state), square).data();

// prettier-ignore
savePlot("stax-training", {
  width: 480, aspectRatio: 1, color: { domain: [0, 1], range: ["steelblue", "crimson"], legend: false },
  marks: [
    Plot.contour((square.tolist() as number[][]).map(([x, y], i) => ({ x, y, k: field[i] })), { x: "x", y: "y", fill: "k", thresholds: [0.5], fillOpacity: 0.3 }),
    Plot.dot((test.xs.tolist() as number[][]).map(([x, y], i) => ({ x, y, k: labels[i] })), { x: "x", y: "y", fill: "k", r: 2 }),
  ],
});
