/** @file Layers: dense, elementwise, flattening, normalising, dropping out. */
import * as nn from "../nn/index.ts";
import {
  add,
  divide,
  exp as expOf,
  matmul,
  mean,
  multiply,
  reshape,
  sqrt,
  subtract,
  tanh,
  where,
} from "../numpy/index.ts";
import { ones, zeros } from "../numpy/index.ts";
import { bernoulli, split } from "../random/index.ts";
import { sizeOf, type Shape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { plain } from "./combine.ts";
import { single, singleShape, type Layer } from "./layer.ts";

export type Initializer = (key: Value, shape: Shape) => Value;

export interface DenseOptions {
  /** Weights (inputs, outputs); Glorot's normal by default. */
  readonly wInit?: Initializer;
  /** Biases (outputs); normal with deviation 0.01 by default. */
  readonly bInit?: Initializer;
}

/** x (..., inputs) -> x W + b (..., outputs). */
export const Dense = (
  outputs: number,
  {
    wInit = nn.initializers.glorotNormal(),
    bInit = nn.initializers.normal(),
  }: DenseOptions = {},
): Layer<[w: Value, b: Value]> => [
  (rng, inputShape) => {
    const shape = singleShape("Dense", inputShape);
    const [k1, k2] = split(rng);
    const w = wInit(k1, [shape[shape.length - 1], outputs]);
    return [
      [...shape.slice(0, -1), outputs],
      [w, bInit(k2, [outputs])],
    ];
  },
  ([w, b], inputs) => add(matmul(single("Dense", inputs), w), b),
];

/** A function of one array as a layer. */
export const elementwise = (f: (x: Value) => Value): Layer<null> =>
  plain(
    (shape) => shape,
    (inputs) => f(single("elementwise", inputs)),
  );

export const Tanh = elementwise(tanh);
export const Relu = elementwise(nn.relu);
export const Exp = elementwise(expOf);
export const Sigmoid = elementwise(nn.sigmoid);
export const Softplus = elementwise(nn.softplus);
export const Elu = elementwise((x) => nn.elu(x));
export const LeakyRelu = elementwise((x) => nn.leakyRelu(x));
export const Selu = elementwise(nn.selu);
export const Gelu = elementwise((x) => nn.gelu(x));
/** Over the last axis. */
export const Softmax = elementwise((x) => nn.softmax(x));
/** Over the last axis. */
export const LogSoftmax = elementwise((x) => nn.logSoftmax(x));

/** All axes but the first in one. */
export const Flatten: Layer<null> = plain(
  (shape) => {
    const [batch, ...rest] = singleShape("Flatten", shape);
    return [batch, sizeOf(rest)];
  },
  (inputs) => {
    const x = single("Flatten", inputs);
    return reshape(x, [x.shape[0], sizeOf(x.shape.slice(1))]);
  },
);

/** Keeps each element with probability `rate` and divides it by that (as stax names it); in mode `test` the identity. */
export const Dropout = (
  rate: number,
  mode: "train" | "test" = "train",
): Layer<null> => [
  (_rng, shape) => [shape, null],
  (_params, inputs, options) => {
    const x = single("Dropout", inputs);
    if (mode === "test") return x;
    if (!options?.rng)
      throw new TypeError(
        "Dropout: expected a key to draw with, got none; call apply(params, inputs, { rng }), or use mode test",
      );
    const keep = bernoulli(options.rng, rate, x.shape);
    return where(keep, divide(x, rate), 0);
  },
];

/** Each feature with mean 0 and variance 1 over the axes given (the batch by default), then scaled and shifted. */
export const BatchNorm = (
  axis: number | readonly number[] = 0,
  epsilon = 1e-5,
): Layer<[beta: Value, gamma: Value]> => {
  const axes = typeof axis === "number" ? [axis] : axis;
  const kept = (shape: Shape) =>
    shape.map((n, i) => (axes.includes(i) ? 1 : n));
  return [
    (_rng, inputShape) => {
      const shape = singleShape("BatchNorm", inputShape);
      const sizes = shape.filter((_, i) => !axes.includes(i));
      return [shape, [zeros(sizes), ones(sizes)]];
    },
    ([beta, gamma], inputs) => {
      const x = single("BatchNorm", inputs);
      const over = { axis: axes, keepdims: true };
      const centred = subtract(x, mean(x, over));
      const variance = mean(multiply(centred, centred), over);
      const z = divide(centred, sqrt(add(variance, epsilon)));
      const [scale, shift] = [gamma, beta].map((p) =>
        reshape(p, kept(x.shape)),
      );
      return add(multiply(scale, z), shift);
    },
  ];
};
