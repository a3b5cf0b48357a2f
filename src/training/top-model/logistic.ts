/** @file Logistic regression with an L2 penalty, of two classes or more, to its optimum in float64. */
import {
  array,
  jit,
  numpy as np,
  valueAndGrad,
  type Array,
  type Value,
} from "../../ad/index.ts";
import { losses, targetRows } from "./forward.ts";
import { minimize } from "./lbfgs.ts";
import { asArray, type Matrix } from "./matrix.ts";
import { outputsOf, type Targets } from "./types.ts";

/** Decades from 1e-2 to 1e5; 1 / C of other programs. */
export const usualLogisticPenalties: readonly number[] = [1e-2, 0.1, 1, 10, 100, 1e3, 1e4, 1e5]; // prettier-ignore

export interface LogisticFit {
  readonly w: Float64Array; // (columns, outputs), row-major
  readonly b: Float64Array; // (outputs)
}

export interface LogisticOptions {
  readonly start?: LogisticFit | undefined;
  /** Largest element of the gradient, a sample. Default 1e-8. */
  readonly tolerance?: number;
}

/** Fits on some of the samples of one matrix, the compiled loss shared by all fits. */
export interface LogisticProblem {
  /** `counts` (samples): 1 for a sample that is fitted, 0 for one that is not. */
  fit(x: Matrix, counts: Float64Array, penalty: number, options?: LogisticOptions): Promise<LogisticFit>; // prettier-ignore
  dispose(): Promise<void>;
}

interface Params {
  readonly w: Value;
  readonly b: Value;
}

/**
 * Minimises the sum of the samples' cross-entropies + penalty / 2 |w|^2; intercepts are not penalised. Two classes have one
 * column of coefficients, more have one each, which the penalty makes unique.
 */
export function logisticProblem(
  targets: Extract<Targets, { type: "classes" }>,
): LogisticProblem {
  const k = outputsOf(targets.classes);
  const rows = targetRows(targets, "float64");
  const objective = jit(
    valueAndGrad((params: Params, x: Value, counts: Value, penalty: Value) => {
      const outputs = np.add(np.matmul(x, params.w), params.b);
      const fitted = np.dot(counts, losses(outputs, rows, true));
      const size = np.sum(np.square(params.w));
      return np.add(fitted, np.multiply(np.divide(penalty, 2), size));
    }),
  );
  return {
    async fit(x, counts, penalty, { start, tolerance = 1e-8 } = {}) {
      const size = x.columns * k;
      const given = [asArray(x), array(counts, { dtype: "float64" }), array(penalty, { dtype: "float64" })] as const; // prettier-ignore
      const unpack = (z: Float64Array): LogisticFit => ({
        w: z.subarray(0, size),
        b: z.subarray(size),
      });
      const first = new Float64Array(size + k);
      if (start) first.set([...start.w, ...start.b]);
      const samples = counts.reduce((sum, count) => sum + count, 0);
      const best = await minimize(
        async (z) => {
          const { w, b } = unpack(z);
          const params = {
            w: array(w, { shape: [x.columns, k], dtype: "float64" }),
            b: array(b, { dtype: "float64" }),
          };
          const [value, gradient] = objective(params, ...given) as unknown as [Array, { w: Array; b: Array }]; // prettier-ignore
          const out = new Float64Array(size + k);
          out.set(await gradient.w.data());
          out.set(await gradient.b.data(), size);
          return { value: (await value.data())[0], gradient: out };
        },
        first,
        { tolerance: tolerance * samples, maxSteps: 2000 },
      );
      return unpack(best);
    },
    dispose: () => objective.dispose(),
  };
}
