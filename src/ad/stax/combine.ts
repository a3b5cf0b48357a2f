/** @file Networks from layers: one after the other, or side by side. */
import { split } from "../random/index.ts";
import { showShape, type Shape } from "../shape.ts";
import { add, concatenate as concatenateArrays } from "../numpy/index.ts";
import { normalizeAxis } from "../shape.ts";
import {
  several,
  singleShape,
  type AnyLayer,
  type ApplyOptions,
  type Inputs,
  type Layer,
  type ParamsOf,
  type Shapes,
} from "./layer.ts";

/** Options for each layer: a key of its own where there is one. */
const optionsFor = (
  { rng }: ApplyOptions = {},
  count: number,
): ApplyOptions[] =>
  rng === undefined || count === 0
    ? Array.from({ length: count }, () => ({}))
    : [...split(rng, count)].map((key) => ({ rng: key }));

/** Layers in order: each one's output is the next one's input. Parameters are the list of theirs. */
export const serial = <const L extends readonly AnyLayer[]>(
  ...layers: L
): Layer<ParamsOf<L>> => [
  (rng, inputShape) => {
    let key = rng;
    let shape = inputShape;
    const params = layers.map(([init]) => {
      const [next, own] = split(key);
      key = next;
      const [out, made] = init(own, shape);
      shape = out;
      return made;
    });
    return [shape, params as ParamsOf<L>];
  },
  (params, inputs, options) => {
    const each = optionsFor(options, layers.length);
    return layers.reduce(
      (x, [, apply], i) => apply(params[i] as never, x, each[i]),
      inputs,
    );
  },
];

/** Layers side by side, each on its own input of a list: after `FanOut`, before `FanInSum` or `FanInConcat`. */
export const parallel = <const L extends readonly AnyLayer[]>(
  ...layers: L
): Layer<ParamsOf<L>> => [
  (rng, inputShape) => {
    const shapes = inputShape as readonly Shapes[];
    if (shapes.length !== layers.length)
      throw new TypeError(
        `parallel: expected ${layers.length} input shapes, got ${shapes.length}`,
      );
    const keys = [...split(rng, layers.length)];
    const made = layers.map(([init], i) => init(keys[i], shapes[i]));
    return [
      made.map(([shape]) => shape),
      made.map(([, params]) => params) as ParamsOf<L>,
    ];
  },
  (params, inputs, options) => {
    const list = inputs as readonly Inputs[];
    if (!Array.isArray(inputs) || list.length !== layers.length)
      throw new TypeError(
        `parallel: expected a list of ${layers.length} inputs, as FanOut(${layers.length}) gives it`,
      );
    const each = optionsFor(options, layers.length);
    return layers.map(([, apply], i) =>
      apply(params[i] as never, list[i], each[i]),
    );
  },
];

/** A layer without parameters. */
export const plain = (
  outputShape: (shape: Shapes) => Shapes,
  apply: (inputs: Inputs) => Inputs,
): Layer<null> => [
  (_rng, shape) => [outputShape(shape), null],
  (_params, inputs) => apply(inputs),
];

export const Identity: Layer<null> = plain(
  (shape) => shape,
  (x) => x,
);

/** The same input `count` times, for as many parallel layers. */
export const FanOut = (count: number): Layer<null> => {
  const repeat = <T>(x: T): T[] => Array.from({ length: count }, () => x);
  return plain(repeat, repeat);
};

/** The sum of a list of inputs of one shape. */
export const FanInSum: Layer<null> = plain(
  (shapes) => {
    const [first, ...rest] = (shapes as readonly Shapes[]).map((shape) =>
      singleShape("FanInSum", shape),
    );
    rest.forEach((shape) => {
      if (shape.join() !== first.join())
        throw new TypeError(
          `FanInSum: expected inputs of one shape, got ${showShape(first)} and ${showShape(shape)}`,
        );
    });
    return first;
  },
  (inputs) => several("FanInSum", inputs).reduce(add),
);

/** A list of inputs joined along an axis, the last by default. */
export const FanInConcat = (axis = -1): Layer<null> =>
  plain(
    (shapes) => {
      const list = (shapes as readonly Shapes[]).map((shape): Shape =>
        singleShape("FanInConcat", shape),
      );
      const at = normalizeAxis("FanInConcat", axis, list[0].length);
      const total = list.reduce((n, shape) => n + shape[at], 0);
      return list[0].map((n, i) => (i === at ? total : n));
    },
    (inputs) => concatenateArrays(several("FanInConcat", inputs), axis),
  );
