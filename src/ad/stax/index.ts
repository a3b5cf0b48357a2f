/** @file Small neural networks as pairs of functions (jax.example_libraries.stax). */
export {
  FanInConcat,
  FanInSum,
  FanOut,
  Identity,
  parallel,
  serial,
} from "./combine.ts";
export {
  BatchNorm,
  Dense,
  Dropout,
  Elu,
  Exp,
  Flatten,
  Gelu,
  LeakyRelu,
  LogSoftmax,
  Relu,
  Selu,
  Sigmoid,
  Softmax,
  Softplus,
  Tanh,
  elementwise,
  type DenseOptions,
  type Initializer,
} from "./layers.ts";
export {
  AvgPool,
  Conv,
  GeneralConv,
  MaxPool,
  SumPool,
  type ConvLayerOptions,
  type PoolOptions,
} from "./conv.ts";
export type {
  AnyLayer,
  ApplyOptions,
  Inputs,
  Layer,
  ParamsOf,
  Shapes,
} from "./layer.ts";
