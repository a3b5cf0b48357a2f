/** @file Temperature schedules of Metropolis chains: constant, geometric, or a function of the step. */

export type Temperature =
  | number
  /** From the first step's to the last step's, by the same factor each step. */
  | { readonly from: number; readonly to: number }
  /** Temperature of step i, counted from 1. */
  | ((step: number) => number);

/** Temperature of step 1 to `steps`; a RangeError names a step whose temperature is no positive number. */
export function temperatureAt(
  temperature: Temperature,
  step: number,
  steps: number,
): number {
  const value =
    typeof temperature === "number"
      ? temperature
      : typeof temperature === "function"
        ? temperature(step)
        : geometric(temperature, step, steps);
  if (!(value > 0 && value < Infinity))
    throw new RangeError(
      `sampleChains: expected a temperature above 0, got ${value} at step ${step}`,
    );
  return value;
}

const geometric = (
  { from, to }: { readonly from: number; readonly to: number },
  step: number,
  steps: number,
): number =>
  steps === 1 ? from : from * (to / from) ** ((step - 1) / (steps - 1));

/** The schedule as a run's file tells it; the content of a function is not known. */
export const temperatureFacts = (
  temperature: Temperature,
  steps: number,
): unknown =>
  typeof temperature === "function"
    ? "a function"
    : typeof temperature === "number"
      ? temperature
      : { ...temperature, steps };
