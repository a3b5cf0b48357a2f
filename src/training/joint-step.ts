/** @file The objective of mLSTM and top model together, and one compiled step along its gradient. */
import {
  jit,
  numpy as np,
  optimizers,
  tree,
  valueAndGrad,
  type Device,
  type Value,
} from "../ad/index.ts";
import {
  buildNetwork,
  representationProgram,
  type ModelConfig,
  type UniRepParams,
} from "../unirep/index.ts";
import type { Part } from "./groups.ts";
import type { JointBatch } from "./joint-batches.ts";
import type { Moving, OptimizerState, ParamsOptimizer } from "./optimizer.ts";
import { featuresOf } from "./top-model/export.ts";
import { forward, losses } from "./top-model/forward.ts";
import type {
  DenseParams,
  FeatureKind,
  TopModelParams,
} from "./top-model/types.ts";

/** What does not change: the architecture and what the top model reads and gives. */
export interface JointShape {
  readonly config: ModelConfig;
  readonly features: FeatureKind;
  readonly isClasses: boolean;
  /** Keeps only every so many states for the gradient. */
  readonly checkpoint: boolean;
}

/** Tokens (batch, steps) through mLSTM and top model to values or logits (batch, outputs). */
export function jointOutputs(
  { config, features, checkpoint }: Omit<JointShape, "isClasses">,
  params: UniRepParams<Value>,
  top: TopModelParams<Value>,
  tokens: Value,
): Value {
  const read = representationProgram(
    config,
    buildNetwork(params),
    (representation) => ({ x: featuresOf(representation, features) }),
    { checkpoint },
  );
  return forward(top, read(tokens).x);
}

/** Mean loss of the samples of a batch. () */
export function jointLoss(
  shape: JointShape,
  params: UniRepParams<Value>,
  top: TopModelParams<Value>,
  { tokens, targets, counts }: { readonly [K in keyof JointBatch]: Value },
): Value {
  const outputs = jointOutputs(shape, params, top, tokens);
  const each = losses(outputs, targets, shape.isClasses);
  return np.divide(np.dot(counts, each), np.sum(counts));
}

type Layers = readonly DenseParams<Value>[];

/** What a step changes: the mLSTM's parameters and the layers of the top model, with their moments. */
export interface JointState {
  readonly model: OptimizerState;
  readonly top: optimizers.OptimizerState<Layers>;
}

export interface JointConstants {
  readonly frozen: Part<Value>;
  readonly scale: Pick<TopModelParams<Value>, "mean" | "scale">;
}

export interface JointStepOptions {
  readonly optimizer: ParamsOptimizer;
  readonly top: optimizers.Optimizer;
  readonly clipNorm: number;
  readonly device: Device;
  readonly threads: number;
}

/** The gradient of a batch, and the state after a step along it; compiled once for each padded length. */
export function compileJointStep(
  shape: JointShape,
  { optimizer, top, clipNorm, device, threads }: JointStepOptions,
) {
  const loss = (
    [moving, layers]: [Moving, Layers],
    { frozen, scale }: JointConstants,
    batch: JointBatch,
  ): Value =>
    jointLoss(shape, optimizer.merge(moving, frozen), { ...scale, layers }, batch);
  const step = (
    i: Value,
    state: JointState,
    constants: JointConstants,
    batch: JointBatch,
  ) => {
    const at: [Moving, Layers] = [optimizer.moving(state.model), state.top.params];
    const [value, gradient] = valueAndGrad(loss)(at, constants, batch) as unknown as [Value, [Moving, Layers]];
    const moved = optimizer.update(i, gradient[0], state.model);
    const after: JointState = {
      model: moved.state,
      top: top.update(i, optimizers.clipGrads(gradient[1], clipNorm), state.top),
    };
    const finite = np.logicalAnd(np.isfinite(value), np.isfinite(moved.norm));
    // A step that is not finite is not taken.
    const kept = tree.map((a: Value, b: Value) => np.where(finite, a, b), after, state) as JointState;
    return { state: kept, loss: value, norm: moved.norm };
  };
  return jit(step, { device, threads, donateArgnums: [1] });
} // prettier-ignore
