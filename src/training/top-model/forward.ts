/** @file A top model as a function of arrays: the same one trains, predicts, is exported and is differentiated through. */
import {
  array,
  nn,
  numpy as np,
  type DType,
  type Value,
} from "../../ad/index.ts";
import type { HostTensor } from "../../unirep/index.ts";
import { asArray, type Matrix } from "./matrix.ts";
import type { Targets, TopModelParams } from "./types.ts";

/** Features (..., features) to values or logits (..., outputs). */
export function forward(params: TopModelParams<Value>, features: Value): Value {
  const { mean, scale, layers } = params;
  const x = np.divide(np.subtract(features, mean), scale);
  return layers.reduce(
    (x, { w, b }, i) => np.add(np.matmul(i === 0 ? x : nn.relu(x), w), b),
    x,
  );
}

/** Logits (..., 1) of two classes or (..., classes) of more, to the log-probabilities of all classes. */
export function logProbabilities(logits: Value): Value {
  const [columns] = logits.shape.slice(-1);
  return nn.logSoftmax(
    columns === 1 ? np.concatenate([np.zerosLike(logits), logits], -1) : logits,
  );
}

/** What the last layer gives, as it is read: the value, or the classes' probabilities, (..., 1) or (..., classes). */
export const outcome = (outputs: Value, isClasses: boolean): Value =>
  isClasses ? np.exp(logProbabilities(outputs)) : outputs;

/** Loss of each sample from outputs and `targetRows`: squared error, or cross-entropy in nats. (..., rows) */
export const losses = (
  outputs: Value,
  targets: Value,
  isClasses: boolean,
): Value =>
  np.sum(
    isClasses
      ? np.negative(np.multiply(targets, logProbabilities(outputs)))
      : np.square(np.subtract(outputs, targets)),
    { axis: -1 },
  );

/** Targets as `losses` reads them: values (samples, 1), or rows of a one at the class (samples, classes). */
export function targetRows(targets: Targets, dtype: DType): Value {
  if (targets.type === "values")
    return array(targets.values, { shape: [targets.values.length, 1], dtype });
  const { classes, labels } = targets;
  const data = new Float64Array(labels.length * classes.length);
  labels.forEach((label, i) => (data[i * classes.length + label] = 1));
  return array(data, { shape: [labels.length, classes.length], dtype });
}

/** Parameters as arrays. */
export function paramArrays(
  { mean, scale, layers }: TopModelParams,
  dtype: DType,
): TopModelParams<Value> {
  const on = ({ data, shape }: HostTensor): Value =>
    array(data, { shape, dtype });
  return {
    mean: on(mean),
    scale: on(scale),
    layers: layers.map(({ w, b }) => ({ w: on(w), b: on(b) })),
  };
}

/** `forward` for samples on the host, in float64. */
export const outputsFor = (params: TopModelParams, x: Matrix): Value =>
  forward(paramArrays(params, "float64"), asArray(x));

/** Values (samples, 1) or probabilities (samples, classes) for samples on the host. */
export async function outcomesFor(
  params: TopModelParams,
  x: Matrix,
  isClasses: boolean,
): Promise<Matrix> {
  const out = outcome(outputsFor(params, x), isClasses);
  const [rows, columns] = out.shape;
  return { rows, columns, data: Float64Array.from(await out.data()) };
}
