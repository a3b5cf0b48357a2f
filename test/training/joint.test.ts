/** @file Joint training: its gradient, its batches, what it learns beyond frozen features, and what it leaves alone. */
import { describe, expect, test } from "vitest";
import {
  array,
  grad,
  tree,
  type Array as AdArray,
  type Value,
} from "../../src/ad/index.ts";
import {
  fitJoint,
  fitTopModel,
  predict,
  exportTopModel,
  type FitJointOptions,
  type FitJointResult,
  type JointEvent,
  type ValueMetrics,
} from "../../src/training/index.ts";
import { epochBatches, jointBatch, paddedSteps } from "../../src/training/joint-batches.ts"; // prettier-ignore
import { jointLoss } from "../../src/training/joint-step.ts";
import { tokenRows } from "../../src/training/layers-params.ts";
import {
  customModel,
  encode,
  initParams,
  mapParams,
  namedParams,
  rep,
  type UniRepParams,
} from "../../src/unirep/index.ts";
import { proteins } from "../cli/run-cli.ts";
import { loadExported, tokenRows as exportedRows } from "../unirep/exported-model.cases.ts"; // prettier-ignore
import { error, testWeights } from "../unirep/test-model.ts";

const config = customModel({ units: 8, layers: 2 });
const weights = testWeights(config, initParams(config, { seed: 1, style: "original" })); // prettier-ignore
/** One layer whose biases are 0: those of the original, 3, shut it against learning in few steps. */
const small = customModel({ units: 12 });
const learner = testWeights(
  small,
  mapParams(initParams(small, { seed: 1, style: "original" }), (x, name) =>
    name.endsWith(".b") ? { ...x, data: x.data.map(() => 0) } : x,
  ),
);
const sequences = proteins(300, { from: 8, to: 24 }).map((p) => p.sequence);
/** The share of L, V, I, F and M in the second half of a sequence, in percent. */
const share = (s: string) => {
  const half = s.slice(s.length >> 1);
  return (100 * [...half].filter((c) => "LVIFM".includes(c)).length) / half.length; // prettier-ignore
};
const y = sequences.map(share);

async function run(
  options: FitJointOptions,
  targets: readonly number[] | readonly string[] = y,
): Promise<{ events: JointEvent[]; result: FitJointResult }> {
  const events: JointEvent[] = [];
  const steps = fitJoint(sequences, targets, { weights: learner, ...options });
  for (;;) {
    const next = await steps.next();
    if (next.done) return { events, result: next.value };
    events.push(next.value);
  }
}

describe("the loss", () => {
  const residues = ["MKLV", "GA", "MKWYVR"].map(encode);
  const float64 = (x: ArrayLike<number>, shape: number[]) =>
    array(Float64Array.from(x), { shape }) as Value;
  const params = mapParams(weights.params, ({ data, shape }) => float64(data, [...shape])); // prettier-ignore
  const top = {
    mean: float64([0.1], [1]),
    scale: float64([0.5], [1]),
    layers: [
      { w: float64(Array.from({ length: 72 }, (_, i) => Math.sin(i)), [24, 3]), b: float64([0.1, 0.2, 0.3], [3]) },
      { w: float64([0.5, -0.4, 0.3], [3, 1]), b: float64([0.7], [1]) },
    ],
  }; // prettier-ignore
  const shape = { config, features: "fusion", isClasses: false, checkpoint: false } as const; // prettier-ignore
  const targets = float64([1, -2, 0.5, 9], [4, 1]);
  const counts = float64([1, 1, 1, 0], [4]);
  const loss =
    (steps: number, checkpoint = false) =>
    ([p, t]: [UniRepParams<Value>, typeof top]): Value => {
      const [tokens] = tokenRows(residues, steps, 4);
      return jointLoss({ ...shape, checkpoint }, p, t, { tokens, targets, counts }); // prettier-ignore
    };
  type At = Parameters<ReturnType<typeof loss>>[0];

  test("has the gradient that finite differences have, in every parameter but the head", () => {
    const at: At = [params, top];
    const gradient = tree.leaves(grad(loss(8))(at)) as Value[];
    const [leaves, def] = tree.flatten(at);
    const head = [params.head.w, params.head.b] as unknown[];
    leaves.forEach((leaf, k) => {
      const values = (leaf as AdArray).dataSync();
      const j = values.length >> 1;
      const moved = (h: number) => {
        const data = Float64Array.from(values);
        data[j] += h;
        const changed = leaves.with(k, float64(data, [...(leaf as AdArray).shape])); // prettier-ignore
        return loss(8)(tree.unflatten(def, changed) as At).item();
      };
      const slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
      expect(Math.abs(gradient[k].dataSync()[j] - slope)).toBeLessThan(1e-6 * Math.max(1, Math.abs(slope))); // prettier-ignore
      if (head.includes(leaf)) expect(slope).toBe(0);
    });
  });

  test("does not depend on padding, on rows beyond the samples, or on checkpoints, nor does its gradient", () => {
    const at: At = [params, top];
    const want = [loss(7)(at), ...(tree.leaves(grad(loss(7))(at)) as Value[])];
    for (const [steps, checkpoint] of [[12, false], [33, false], [12, true]] as const) {
      const got = [loss(steps, checkpoint)(at), ...(tree.leaves(grad(loss(steps, checkpoint))(at)) as Value[])];
      got.forEach((x, i) => expect(error(x.dataSync(), want[i].dataSync())).toBeLessThan(1e-12));
    }
  }); // prettier-ignore
});

describe("batches", () => {
  const lengths = sequences.map((s) => s.length);
  test("hold every sample once an epoch, in another order each, of similar lengths", () => {
    const [first, again, second] = [0, 0, 1].map((epoch) => epochBatches(lengths, { batch: 8, seed: 5, epoch })); // prettier-ignore
    expect(first.flat().sort((a, b) => a - b)).toEqual([...lengths.keys()]);
    expect(again).toEqual(first);
    expect(second).not.toEqual(first);
    const spread = first.map((b) => Math.max(...b.map((i) => lengths[i])) - Math.min(...b.map((i) => lengths[i]))); // prettier-ignore
    // Of 16 letters in all; a last pool of few samples has to take what is left.
    expect(spread.sort((a, b) => a - b)[spread.length >> 1]).toBeLessThan(3);
  });

  test("are padded by a third at most above 16 steps, to few sizes", () => {
    const sizes = new Set<number>();
    for (let steps = 1; steps <= 2000; steps++) {
      const padded = paddedSteps(steps);
      sizes.add(padded);
      expect(padded).toBeGreaterThanOrEqual(steps);
      if (steps > 16) expect(padded).toBeLessThanOrEqual(1.5 * steps);
    }
    expect(sizes.size).toBeLessThanOrEqual(16);
  });

  test("rows beyond the samples count nothing", () => {
    const rows = { rows: 2, columns: 1, data: Float64Array.of(3, 4) };
    const { tokens, targets, counts } = jointBatch([1], ["MK", "GAV"].map(encode), rows, 3); // prettier-ignore
    expect(tokens.shape).toEqual([3, 12]);
    expect(counts.tolist()).toEqual([1, 0, 0]);
    expect(targets.tolist()).toEqual([[4], [0], [0]]);
  });
});

describe("training", () => {
  const options = { epochs: 10, learningRate: 0.03, topLearningRate: 0.01, patience: 10, features: "h_final" } as const; // prettier-ignore
  let tuned: Awaited<ReturnType<typeof run>>;

  test("predicts what frozen features cannot, and says so in its events", async () => {
    tuned = await run(options);
    const { events, result } = tuned;
    const [before, after] = [result.frozen, result.best].map(({ metrics }) => (metrics as ValueMetrics).r2); // prettier-ignore
    const fusion = await fitTopModel(sequences, y, { weights: learner, features: "fusion" }); // prettier-ignore
    const wide = (fusion.crossValidation?.metrics as ValueMetrics).r2;
    expect(Math.max(before, wide)).toBeLessThan(0.5);
    expect(after).toBeGreaterThan(0.65);
    expect(events[0]).toEqual({ type: "start", sequences: 240, validationSequences: 60, totalSteps: 80 }); // prettier-ignore
    const validations = events.filter((e) => e.type === "validation");
    expect(validations.length).toBe(11);
    expect(Math.min(...validations.map((e) => e.loss))).toBe(result.best.loss);
    expect(events.filter((e) => e.type === "step").length).toBe(result.steps);
  });

  test("its weights and top model predict for themselves what the validation said, in ONNX too", async () => {
    const { model, weights: own, heldOut, best } = tuned.result;
    const held = Array.from(heldOut, (i) => sequences[i]);
    const values = (await predict(model, held)).map((p) => ("value" in p ? p.value : NaN)); // prettier-ignore
    const errors = values.map((v, i) => (v - y[heldOut[i]]) ** 2);
    const rmse = Math.sqrt(errors.reduce((a, b) => a + b) / errors.length);
    expect(rmse).toBeCloseTo((best.metrics as ValueMetrics).rmse, 3);
    expect(own.info.id).toMatch(/^test-1x12-tuned-/);
    expect((await rep("MK", { weights: own })).hAvg.length).toBe(12);
    const exported = await loadExported(await exportTopModel(model));
    const out = await exported.run(exportedRows(held));
    await exported.release();
    expect(error(out.prediction.data, values)).toBeLessThan(1e-4);
  });

  test("the same seed gives the same bits, and frozen groups and the head stay", async () => {
    const few = { ...options, epochs: 1, frozen: ["embedding"] } as const; // prettier-ignore
    const [a, b] = [await run(few), await run(few)];
    expect(b.result.weights.info.sha256).toBe(a.result.weights.info.sha256);
    const before = new Map(namedParams(learner.params));
    for (const [name, { data }] of namedParams(a.result.weights.params)) {
      const same = data.every((x, i) => x === before.get(name)?.data[i]);
      expect([name, same]).toEqual([name, !name.startsWith("layers.0")]);
    }
  });

  test("classes: cross-entropy falls below that of frozen features", async () => {
    const labels = y.map((v) => (v > 25 ? "rich" : v > 12 ? "some" : "poor"));
    const { result } = await run({ ...options, epochs: 3, kind: "logistic", penalties: [1] }, labels); // prettier-ignore
    expect(result.best.loss).toBeLessThan(result.frozen.loss);
    expect(result.model.classes).toEqual(["poor", "rich", "some"]);
  });

  test("an abort ends it with its reason", async () => {
    const stop = new AbortController();
    const steps = fitJoint(sequences, y, {
      weights: learner,
      signal: stop.signal,
    });
    await steps.next();
    stop.abort(new Error("enough"));
    await expect((async () => { for await (const _ of steps); })()).rejects.toThrow("enough"); // prettier-ignore
  });

  test.each([
    ["a group that is not there", { frozen: ["layer1"] }, "fitJoint: expected frozen to be among embedding, layer0, got layer1"],
    ["nothing left to train", { frozen: ["embedding", "layer0"] }, "fitJoint: expected frozen to be less than all groups"],
    ["no held-out share", { validation: 0 }, "fitJoint: expected validation to be a share between 0 and 1, got 0"],
    ["weights of another model", { model: "64" }, "fitJoint: expected weights of model 64, got test-1x12 of model 1x12"],
  ] as const)("%s is refused", async (_, options, message) => {
    await expect(run(options as FitJointOptions)).rejects.toThrow(message);
  }); // prettier-ignore
});
