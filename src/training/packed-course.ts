/** @file The usual course: packed lanes, true epochs, truncated back-propagation through time. */
import type { Course, CourseModel } from "./course.ts";
import type { FitData } from "./fit-data.ts";
import type { FitPlan } from "./fit-options.ts";
import { compileTrainStep, type StepOptions } from "./train-step.ts";
import { windowArrays } from "./window-arrays.ts";
import { emptyWindow, Windows, type Position, type Window } from "./windows.ts";

/** Steps if every lane were full to the end. */
export const packedSteps = (
  { residues, training }: FitData,
  { epochs, lanes, window, accumulate }: FitPlan,
): number =>
  Math.ceil(
    (epochs * (residues + training.length)) / (lanes * window * accumulate),
  );

export function packedCourse(
  data: FitData,
  plan: FitPlan,
  { optimizer, frozen }: CourseModel,
  position: Position,
  options: StepOptions,
): Course {
  const { training } = data;
  const windows = new Windows(training, plan, position);
  const step = compileTrainStep(optimizer, options);
  const take = (): Window[] | null => {
    const first = windows.take();
    if (first === null) return null;
    // The last of the data may not fill a step: empty windows add nothing to its sums.
    return Array.from({ length: plan.accumulate }, (_, i) =>
      i === 0 ? first : (windows.take() ?? emptyWindow(plan)),
    );
  };
  return {
    totalSteps: packedSteps(data, plan),
    get position() {
      return windows.position;
    },
    get epoch() {
      const { epoch, next } = windows.position;
      return epoch + next / training.length;
    },
    get epochsDone() {
      return windows.ended ? plan.epochs : windows.position.epoch;
    },
    take() {
      const taken = take();
      return (
        taken && {
          tokens: taken.reduce((sum, { count }) => sum + count, 0),
          residues: taken.reduce((sum, { residues }) => sum + residues, 0),
          run: (i, state) =>
            step(
              i,
              state,
              frozen,
              windowArrays(taken, plan.window, plan.lanes),
            ),
          contents: () => taken.map(plainWindow),
        }
      );
    },
    dispose: () => step.dispose(),
  };
}

const plainWindow = ({ count, residues, ...arrays }: Window): unknown => ({
  count,
  residues,
  ...Object.fromEntries(
    Object.entries(arrays).map(([name, values]) => [name, Array.from(values)]),
  ),
});
