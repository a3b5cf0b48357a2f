/** @file A small multilayer perceptron, trained on all samples at once and stopped where held-out ones do best. */
import {
  array,
  jit,
  numpy as np,
  optimizers,
  random,
  scan,
  stax,
  tree,
  valueAndGrad,
  type Array,
  type Value,
} from "../../ad/index.ts";
import { forward, losses, targetRows } from "./forward.ts";
import { samplesOf } from "./folds.ts";
import type { Matrix } from "./matrix.ts";
import { outputsOf, type DenseParams, type Targets } from "./types.ts";

export interface MlpOptions {
  /** Units of each hidden layer. */
  readonly hidden: readonly number[];
  readonly learningRate: number;
  /** AdamW's. */
  readonly weightDecay: number;
  /** Steps without a lower held-out loss after which training ends. */
  readonly patience: number;
  readonly maxSteps: number;
  readonly seed: number;
}

export const usualMlp: Omit<MlpOptions, "seed"> = {
  hidden: [64],
  learningRate: 1e-3,
  weightDecay: 0.01,
  patience: 100,
  maxSteps: 5000,
};

export interface MlpFit {
  readonly layers: readonly DenseParams<Array>[];
  /** Steps after which the held-out loss was lowest, and that loss. */
  readonly steps: number;
  readonly heldOutLoss: number;
}

type Layers = readonly DenseParams<Value>[];
interface State {
  readonly optimizer: optimizers.OptimizerState<Layers>;
  readonly best: Layers;
  readonly bestLoss: Value;
  readonly bestStep: Value;
}

/** Steps of one call. */
const block = 20;

/** Untrained layers from `columns` features to `outputs`. The last one is 0, so that training begins at the mean. */
function initialLayers(
  columns: number,
  hidden: readonly number[],
  outputs: number,
  seed: number,
): Layers {
  const zeros: stax.DenseOptions["wInit"] = (_key, shape) => np.zeros(shape);
  const network = stax.serial(
    ...hidden.map((width) => stax.Dense(width)),
    stax.Dense(outputs, { wInit: zeros, bInit: zeros }),
  );
  const [, params] = network[0](random.key(seed), [-1, columns]);
  return params.map(([w, b]) => ({ w, b }));
}

/**
 * Fits standardised `x` to `targets` (values of mean 0 and variance 1, or classes). Samples of fold 0 are held out: the
 * layers of the step at which their loss was lowest are the result.
 */
export async function fitMlp(
  x: Matrix,
  targets: Targets,
  folds: Int32Array,
  options: MlpOptions,
): Promise<MlpFit> {
  const { hidden, learningRate, weightDecay, patience, maxSteps, seed } =
    options;
  const isClasses = targets.type === "classes";
  const outputs = outputsOf(isClasses ? targets.classes : null);
  const adamW = optimizers.adamW(learningRate, { weightDecay });
  const shares = [true, false].map((held) => {
    const share = new Float32Array(x.rows);
    const samples = samplesOf(folds, 0, held);
    samples.forEach((i) => (share[i] = 1 / samples.length));
    return array(share);
  });
  const features = array(Float32Array.from(x.data), { shape: [x.rows, x.columns] }); // prettier-ignore
  const none = { mean: array(0), scale: array(1) };
  const run = jit(
    (state: State, first: Value, x: Value, y: Value, held: Value, fitted: Value): State => {
      const loss = (layers: Layers): [Value, Value] => {
        const each = losses(forward({ ...none, layers }, x), y, isClasses);
        return [np.dot(fitted, each), np.dot(held, each)];
      };
      const step = (before: State, i: Value): [State, null] => {
        const { params } = before.optimizer;
        // The held-out loss is that of the layers before the step.
        const [[, heldLoss], gradient] = valueAndGrad(loss, { hasAux: true })(params) as unknown as [[Value, Value], Layers];
        const better = np.less(heldLoss, before.bestLoss);
        const pick = (a: Value, b: Value) => np.where(better, a, b);
        return [
          {
            optimizer: adamW.update(i, gradient, before.optimizer),
            best: tree.map(pick, params, before.best) as Layers,
            bestLoss: pick(heldLoss, before.bestLoss),
            bestStep: pick(i, before.bestStep),
          },
          null,
        ];
      };
      const steps = np.add(first, np.arange(block));
      return scan(step, state, steps)[0];
    },
  ); // prettier-ignore
  const layers = initialLayers(x.columns, hidden, outputs, seed);
  let state: State = {
    optimizer: adamW.init(layers),
    best: layers,
    bestLoss: array(Infinity),
    bestStep: array(Int32Array.of(0), { shape: [] }),
  };
  const y = targetRows(targets, "float32");
  try {
    for (let done = 0; done < maxSteps; done += block) {
      const first = array(Int32Array.of(done), { shape: [] });
      state = run(state, first, features, y, shares[0], shares[1]);
      const [best] = await (state.bestStep as Array).data();
      if (done + block - best > patience) break;
    }
    const [heldOutLoss] = await (state.bestLoss as Array).data();
    if (!Number.isFinite(heldOutLoss))
      throw new Error(
        `fitTopModel: expected a finite held-out loss of the mlp, got ${heldOutLoss}; a smaller learningRate may help`,
      );
    const [steps] = await (state.bestStep as Array).data();
    return {
      layers: state.best as readonly DenseParams<Array>[],
      steps,
      heldOutLoss,
    };
  } finally {
    await run.dispose();
  }
}
