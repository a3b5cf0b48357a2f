/** @file What a layer is: a pair of functions, one that makes parameters and one that applies them. */
import type { Shape } from "../shape.ts";
import type { Value } from "../tracer.ts";

/** Shapes flow like inputs: one, or a list after a FanOut. A -1 stands for a batch of any size. */
export type Shapes = Shape | readonly Shapes[];
export type Inputs = Value | readonly Inputs[];

export interface ApplyOptions {
  /** The key layers that draw random numbers need (Dropout). */
  readonly rng?: Value;
}

/** `[init, apply]`, as in jax.example_libraries.stax: `init(rng, inputShape) -> [outputShape, params]`. */
export type Layer<P> = readonly [
  init: (rng: Value, inputShape: Shapes) => [Shapes, P],
  apply: (params: P, inputs: Inputs, options?: ApplyOptions) => Inputs,
];

/** A layer whatever its parameters are. */
export type AnyLayer = readonly [
  init: (rng: Value, inputShape: Shapes) => [Shapes, unknown],
  apply: (params: never, inputs: Inputs, options?: ApplyOptions) => Inputs,
];

/** The parameters of a list of layers. */
export type ParamsOf<L extends readonly AnyLayer[]> = {
  -readonly [K in keyof L]: ReturnType<L[K][0]>[1];
};

/** The one array a layer such as Dense works on. */
export function single(who: string, inputs: Inputs): Value {
  if (Array.isArray(inputs))
    throw new TypeError(
      `${who}: expected one array, got a list of ${inputs.length}; join them with FanInSum or FanInConcat`,
    );
  return inputs as Value;
}

/** The one shape a layer such as Dense works on. */
export function singleShape(who: string, shape: Shapes): Shape {
  if (shape.some((n) => typeof n !== "number"))
    throw new TypeError(
      `${who}: expected one input shape, got a list of ${shape.length}; join them with FanInSum or FanInConcat`,
    );
  return shape as Shape;
}

/** The inputs of a layer such as FanInSum. */
export function several(who: string, inputs: Inputs): readonly Value[] {
  if (!Array.isArray(inputs))
    throw new TypeError(
      `${who}: expected a list of arrays, as FanOut or parallel give it, got one array`,
    );
  return (inputs as readonly Inputs[]).map((x) => single(who, x));
}
