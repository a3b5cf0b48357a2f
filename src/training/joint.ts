/** @file `fitJoint`: tunes a UniRep model and a top model on it together, end to end, for a measured property. */
import { array, jit, optimizers, type Array, type Value } from "../ad/index.ts";
import {
  givenWeights,
  mapParams,
  type SequenceInput,
  type UniRepParams,
} from "../unirep/index.ts";
import type { FitEnd } from "./fit-events.ts";
import { epochBatches, jointBatch } from "./joint-batches.ts";
import { readJointData, type JointData } from "./joint-data.ts";
import { jointPlanOf, type FitJointOptions, type FitJointResult, type JointEvent, type JointStepEvent, type JointValidation } from "./joint-options.ts"; // prettier-ignore
import { compileJointStep, jointOutputs, type JointShape, type JointState } from "./joint-step.ts"; // prettier-ignore
import { NotFiniteError } from "./not-finite-error.ts";
import { createOptimizer } from "./optimizer.ts";
import type { FreezableGroup } from "./groups.ts";
import { outcome, paramArrays } from "./top-model/forward.ts";
import { metricsOf } from "./top-model/metrics.ts";
import { toOwnUnits } from "./top-model/targets.ts";
import type { DenseParams, Labels, TopModel, TopModelParams } from "./top-model/types.ts"; // prettier-ignore
import { tunedWeights } from "./tuned-weights.ts";

/**
 * Tunes end to end: the gradient of the prediction's loss runs through the top model and the mLSTM over whole sequences.
 * The top model begins as `fitTopModel` gives it on the representations as they are, so that step 0 is the model without
 * tuning; the epoch of the lowest held-out loss wins, that one included. The language-model head stays as it is.
 */
export async function* fitJoint(
  sequences: readonly SequenceInput[],
  y: Labels,
  options: FitJointOptions = {},
): AsyncGenerator<JointEvent, FitJointResult> {
  const { signal, device = "cpu", threads = 0 } = options;
  signal?.throwIfAborted();
  const initial = await givenWeights("fitJoint", options);
  const plan = jointPlanOf(options, initial.config);
  const data = await readJointData(sequences, y, initial, plan, options);
  const { training, heldOut, features, kind } = data;
  const shape: JointShape = {
    config: initial.config,
    features,
    isClasses: training.targets.type === "classes",
    checkpoint: plan.rematerialize,
  };
  const batch = Math.min(plan.batch, training.samples.length);
  const lengths = training.residues.map((row) => row.length);
  const totalSteps = plan.epochs * Math.ceil(lengths.length / batch);

  const optimizer = createOptimizer(
    {
      ...plan,
      optimizer: "adamW",
      warmupSteps: 0,
      schedule: "constant",
      frozen: ["head", ...(plan.frozen as FreezableGroup[])],
    },
    totalSteps,
  );
  const { weightDecay, clipNorm } = plan;
  const top = optimizers.adamW(plan.topLearningRate, { weightDecay });
  const params = mapParams(initial.params, ({ data, shape }) => array(data, { shape }) as Value); // prettier-ignore
  const { layers, ...scale } = paramArrays(data.top, "float32");
  const constants = { frozen: optimizer.frozen(params), scale };
  let state: JointState = { model: optimizer.init(params), top: top.init(layers) }; // prettier-ignore
  const paramsOf = ({ model }: JointState): UniRepParams<Value> =>
    optimizer.merge(optimizer.moving(model), constants.frozen);

  const step = compileJointStep(shape, { optimizer, top, clipNorm, device, threads }); // prettier-ignore
  const outputs = jit(
    (params: UniRepParams<Value>, top: TopModelParams<Value>, tokens: Value) =>
      outcome(jointOutputs(shape, params, top, tokens), shape.isClasses),
    { device, threads },
  );
  const validate = (at: { step: number; epoch: number }) =>
    validation(data, batch, at, (tokens) =>
      outputs(paramsOf(state), { ...scale, layers: state.top.params }, tokens),
    );
  const read = async (steps: number) => ({
    weights: await tunedWeights(initial, paramsOf(state), { steps, sequences: lengths.length, by: "unirep-ts, jointly with a top model" }), // prettier-ignore
    layers: await readLayers(state.top.params),
  });

  try {
    yield { type: "start", sequences: lengths.length, validationSequences: heldOut.samples.length, totalSteps }; // prettier-ignore
    const frozen = await validate({ step: 0, epoch: 0 });
    let best = { validation: frozen, ...(await read(0)) };
    yield { type: "validation", best: true, ...frozen };
    let [steps, waited] = [0, 0];
    let end: FitEnd = "epochs";
    for (let epoch = 0; epoch < plan.epochs; epoch++) {
      const batches = epochBatches(lengths, { batch, seed: plan.seed, epoch });
      for (const [k, members] of batches.entries()) {
        signal?.throwIfAborted();
        const begun = performance.now();
        const arrays = jointBatch(members, training.residues, data.rows, batch);
        const out = step(array(steps), state, constants, arrays);
        state = out.state;
        const [loss, gradientNorm] = await Promise.all([out.loss, out.norm].map(async (x) => (await (x as Array).data())[0])); // prettier-ignore
        steps++;
        if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm))
          throw new NotFiniteError(
            steps,
            `fitJoint: step ${steps}: expected a finite loss and gradient, got loss ${loss} and gradient norm ${gradientNorm}; a smaller learningRate or clipNorm may help`,
          );
        const residues = members.reduce((sum, i) => sum + lengths[i], 0);
        yield {
          type: "step",
          step: steps,
          epoch: epoch + (k + 1) / batches.length,
          loss,
          gradientNorm,
          residues,
          residuesPerSecond: (1000 * residues) / (performance.now() - begun),
        } satisfies JointStepEvent;
      }
      const now = await validate({ step: steps, epoch: epoch + 1 });
      const isBest = now.loss < best.validation.loss;
      if (isBest) best = { validation: now, ...(await read(steps)) };
      waited = isBest ? 0 : waited + 1;
      yield { type: "validation", best: isBest, ...now };
      if (waited < plan.patience) continue;
      end = "early stop";
      break;
    }
    const { weights } = best;
    const { targets } = training;
    const model: TopModel = {
      kind,
      classes: targets.type === "classes" ? targets.classes : null,
      params: { ...data.top, layers: toOwnUnits(best.layers, data.unit) },
      features,
      base: { config: weights.config, info: weights.info },
      tuned: weights,
      training: {
        samples: sequences.length,
        seed: plan.seed,
        ...data.chosen,
        heldOut: { samples: heldOut.samples.length, ...best.validation },
        withoutTuning: frozen.metrics,
      },
    };
    return { end, steps, weights, model, best: best.validation, frozen, heldOut: heldOut.samples }; // prettier-ignore
  } finally {
    await Promise.all([step.dispose(), outputs.dispose()]);
  }
}

/** How the held-out samples are predicted by `outputs`, which gives unit targets or probabilities. */
async function validation(
  { heldOut, unit, rows }: JointData,
  batch: number,
  at: { readonly step: number; readonly epoch: number },
  outputs: (tokens: Value) => Value,
): Promise<JointValidation> {
  const { residues, targets } = heldOut;
  const { columns } = rows;
  const data = new Float64Array(residues.length * columns);
  const wanted = { rows: residues.length, columns, data };
  const lengths = residues.map((row) => row.length);
  for (const members of epochBatches(lengths, { batch, seed: 0, epoch: 0 })) {
    const { tokens } = jointBatch(members, residues, wanted, batch);
    const out = await (outputs(tokens) as Array).data();
    members.forEach((i, row) => {
      for (let k = 0; k < columns; k++)
        data[i * columns + k] = out[row * columns + k] * unit.scale + unit.mean;
    });
  }
  const metrics = metricsOf(targets, wanted);
  const loss = "rmse" in metrics ? (metrics.rmse / unit.scale) ** 2 : metrics.logLoss; // prettier-ignore
  return { ...at, loss, metrics };
}

/** Layers on the host. */
const readLayers = (
  layers: readonly DenseParams<Value>[],
): Promise<TopModelParams["layers"]> =>
  Promise.all(
    layers.map(async ({ w, b }) => ({
      w: { shape: w.shape, data: Float32Array.from(await w.data()) },
      b: { shape: b.shape, data: Float32Array.from(await b.data()) },
    })),
  );
