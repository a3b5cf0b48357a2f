/** @file Step sizes over time. */
import {
  add,
  cos,
  divide,
  floorDivide,
  greater,
  less,
  minimum,
  multiply,
  power,
  subtract,
  where,
  astype,
} from "../numpy/index.ts";
import type { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";
import type { Schedule } from "./optimizer.ts";

const real = (i: Value): Value => astype(i, "float32");

/** The same step size always. */
export const constant =
  (stepSize: number): Schedule =>
  () =>
    stepSize;

/** stepSize * decayRate^(i / decaySteps). */
export const exponentialDecay =
  (stepSize: number, decaySteps: number, decayRate: number): Schedule =>
  (i) =>
    multiply(stepSize, power(decayRate, divide(real(i), decaySteps)));

/** stepSize / (1 + decayRate i / decaySteps); with `staircase` the quotient i / decaySteps is rounded down. */
export const inverseTimeDecay =
  (
    stepSize: number,
    decaySteps: number,
    decayRate: number,
    staircase = false,
  ): Schedule =>
  (i) => {
    const t = (staircase ? floorDivide : divide)(real(i), decaySteps);
    return divide(stepSize, add(1, multiply(decayRate, t)));
  };

/** From stepSize to finalStepSize along (1 - i / decaySteps)^power, constant afterwards. */
export const polynomialDecay =
  (
    stepSize: number,
    decaySteps: number,
    finalStepSize: number,
    exponent = 1,
  ): Schedule =>
  (i) => {
    const t = divide(minimum(real(i), decaySteps), decaySteps);
    return add(
      multiply(stepSize - finalStepSize, power(subtract(1, t), exponent)),
      finalStepSize,
    );
  };

/** `values[k]` while i lies above `boundaries[k-1]` and up to, including, `boundaries[k]`. */
export function piecewiseConstant(
  boundaries: readonly number[],
  values: readonly number[],
): Schedule {
  if (values.length !== boundaries.length + 1)
    throw new TypeError(
      `piecewiseConstant: expected one value more than the ${boundaries.length} boundaries, got ${values.length}`,
    );
  return (i) =>
    boundaries.reduce<ArrayLike>(
      (value, boundary, k) =>
        where(greater(real(i), boundary), values[k + 1], value),
      values[0],
    );
}

/** From 0 up to stepSize in `warmupSteps`, then down to `finalStepSize` along half a cosine until `totalSteps`. */
export const warmupCosine =
  (
    stepSize: number,
    warmupSteps: number,
    totalSteps: number,
    finalStepSize = 0,
  ): Schedule =>
  (i) => {
    const t = real(i);
    const up = divide(multiply(stepSize, t), Math.max(1, warmupSteps));
    const done = minimum(
      divide(subtract(t, warmupSteps), Math.max(1, totalSteps - warmupSteps)),
      1,
    );
    const half = multiply(add(cos(multiply(Math.PI, done)), 1), 0.5);
    const down = add(finalStepSize, multiply(stepSize - finalStepSize, half));
    return where(less(t, warmupSteps), up, down);
  };

/** A number stands for itself at every step. */
export const asSchedule = (stepSize: number | Schedule): Schedule =>
  typeof stepSize === "number" ? constant(stepSize) : stepSize;
