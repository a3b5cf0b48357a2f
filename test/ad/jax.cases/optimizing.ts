/** @file jax.example_libraries.optimizers: the descents of goldens/cases/optimizing.py. */
import {
  array,
  grad,
  numpy as np,
  optimizers,
  scalar,
  type Value,
} from "../../../src/ad/index.ts";
import { golden, type Golden } from "./families.ts";

const { sgd } = optimizers;
const methods = {
  sgd: sgd(0.1),
  momentum: optimizers.momentum(0.1, 0.9),
  nesterov: optimizers.nesterov(0.1, 0.9),
  adagrad: optimizers.adagrad(0.1),
  rmsprop: optimizers.rmsprop(0.1),
  rmspropMomentum: optimizers.rmspropMomentum(0.1),
  adam: optimizers.adam(0.1),
  adamax: optimizers.adamax(0.1),
  constant: sgd(optimizers.constant(0.1)),
  exponentialDecay: sgd(optimizers.exponentialDecay(0.1, 2, 0.5)),
  inverseTimeDecay: sgd(optimizers.inverseTimeDecay(0.1, 2, 0.5)),
  polynomialDecay: sgd(optimizers.polynomialDecay(0.1, 4, 0.01, 2)),
  piecewiseConstant: sgd(
    optimizers.piecewiseConstant([1, 3], [0.1, 0.05, 0.2]),
  ),
};

const loss = (x: Value): Value =>
  np.add(
    np.sum(np.multiply(np.square(x), array([1, 2, 0.5], { dtype: x.dtype }))),
    np.prod(np.sin(x)),
  );

const steps =
  ({ init, update, getParams }: optimizers.Optimizer) =>
  (x: Value): Value => {
    let state = init(x);
    for (let i = 0; i < 5; i++)
      state = update(scalar(i, "int32"), grad(loss)(getParams(state)), state);
    return getParams(state);
  };

export const goldens: Golden[] = [
  ...Object.entries(methods).map(([name, method]) =>
    golden(`optimizers.${name}.steps`, steps(method), ["value"], ["f32"]),
  ),
  golden(
    "optimizers.clipGrads.norm",
    (x) => optimizers.clipGrads({ a: x, b: np.multiply(x, 2) }, 1),
    ["value"],
    ["f32"],
  ),
  golden(
    "optimizers.l2Norm.tree",
    (x) => optimizers.l2Norm([x, np.multiply(x, 2)]),
    ["value"],
    ["f32"],
  ),
];
