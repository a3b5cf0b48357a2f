/** @file UniRep as layers: the representations of `rep`, whatever the padding, composed, differentiated, batched and compiled. */
import { describe, expect, test } from "vitest";
import {
  array,
  grad,
  jit,
  numpy as np,
  random,
  stax,
  tree,
  vmap,
  type Array,
  type Value,
} from "../../src/ad/index.ts";
import {
  AAEmbedding,
  fromLayerParams,
  mLSTM,
  mLSTMAvgHidden,
  mLSTMFusion,
  mLSTMHiddenStates,
  toLayerParams,
  tokenBatch,
} from "../../src/training/index.ts";
import {
  mapParams,
  rep,
  type HostTensor,
  type UniRepParams,
} from "../../src/unirep/index.ts";
import { error, testWeights, tiny, tinyParams } from "../unirep/test-model.ts";

const { Dense, Relu, serial } = stax;
const sequences = ["MKLVPRG", "A", "ACDEFGHIKLMNPQRSTVWYACDE"];
const weights = testWeights(tiny, tinyParams);
const arrays = (dtype: "float32" | "float64"): UniRepParams<Value> =>
  mapParams(tinyParams, ({ data, shape }) => array(data, { shape, dtype }));
const published = toLayerParams(arrays("float32"));
/** The two-layer model with a readout on top. */
const stack = (readout: stax.Layer<null>, checkpoint = false) =>
  serial(
    AAEmbedding(10),
    mLSTM(8, { checkpoint }),
    mLSTMHiddenStates(),
    mLSTM(8, { checkpoint }),
    readout,
  );
type Params = ReturnType<ReturnType<typeof stack>[0]>[1];
const run = (
  network: ReturnType<typeof stack>,
  inputs: stax.Inputs,
  params: unknown = published,
) => network[1](params as Params, inputs);
const data = async (x: unknown) => (x as Array).data();

describe("the representations of rep", () => {
  test.each([
    ["mLSTMAvgHidden", mLSTMAvgHidden, (r: Float32Array[]) => r[0]],
    ["mLSTMFusion", mLSTMFusion, (r: Float32Array[]) => r.flatMap((x) => [...x])],
  ] as const)("%s, one protein at a time and in one padded batch", async (_, layer, pick) => {
    const want = await rep(sequences, { weights });
    const network = stack(layer());
    const [tokens, mask] = tokenBatch(sequences, 40);
    const batch = jit(vmap((t: Value, m: Value) => run(network, [t, m]) as Value));
    const out = batch(tokens, mask);
    expect(out.shape[0]).toBe(3);
    const width = out.shape[1];
    for (const [i, { hAvg, hFinal, cFinal }] of want.entries()) {
      const expected = pick([hAvg, hFinal, cFinal]);
      const [alone] = tokenBatch([sequences[i]]);
      const single = run(network, np.reshape(alone, [-1])) as Value;
      expect(error((await data(single)) as Float32Array, expected)).toBeLessThan(1e-5);
      const row = ((await data(out)) as Float32Array).subarray(i * width, (i + 1) * width);
      expect(error(row, expected)).toBeLessThan(1e-5);
    }
    await batch.dispose();
  }); // prettier-ignore

  test("mLSTMHiddenStates are rep's states by residue, the start token's first", async () => {
    const [want] = await rep([sequences[0]], { weights, perResidue: true });
    const [tokens] = tokenBatch([sequences[0]]);
    const out = run(stack(mLSTMHiddenStates()), np.reshape(tokens, [-1]));
    expect((out as Value).shape).toEqual([8, 8]);
    expect(error((await data(out)) as Float32Array, want.perResidue as Float32Array)).toBeLessThan(1e-5); // prettier-ignore
  });

  test("one-hot rows are the tokens they stand for", async () => {
    const [tokens] = tokenBatch([sequences[0]]);
    const one = np.reshape(tokens, [-1]);
    const rows = np.astype(np.equal(np.expandDims(one, 1), np.arange(26)), "float32"); // prettier-ignore
    const network = stack(mLSTMFusion());
    const [a, b] = await Promise.all([one, rows].map((x) => data(run(network, x)))); // prettier-ignore
    expect(error(a as Float32Array, b as Float32Array)).toBeLessThan(1e-6);
  });
});

describe("initialisation", () => {
  const key = random.key(3);
  const [tokens, mask] = tokenBatch(["MKLVP"]).map((x) => np.reshape(x, [-1]));
  test.each([
    ["a vector", [mLSTMAvgHidden(), Dense(4), Relu, Dense(1)], [1]],
    ["three vectors in one", [mLSTMFusion(), Dense(2)], [2]],
  ] as const)("%s: the announced shape is the one that comes, with and without a mask", (_, top, shape) => {
    const network = serial(AAEmbedding(), mLSTM(6), ...(top as readonly stax.AnyLayer[]));
    for (const [inputShape, input] of [
      [tokens.shape, tokens],
      [[tokens.shape, mask.shape], [tokens, mask]],
    ] as const) {
      const [out, params] = network[0](key, inputShape);
      expect(out).toEqual(shape);
      const result = network[1](params, input) as Value;
      expect(result.shape).toEqual(shape);
      expect((result.tolist() as number[]).every(Number.isFinite)).toBe(true);
    }
  }); // prettier-ignore

  test("states of every step go through Dense without a mask, and keep it with one", () => {
    const free = serial(AAEmbedding(), mLSTM(6), mLSTMHiddenStates(), Dense(25));
    const [shape, params] = free[0](key, tokens.shape);
    expect(shape).toEqual([6, 25]);
    expect((free[1](params, tokens) as Value).shape).toEqual([6, 25]);
    const masked = serial(AAEmbedding(), mLSTM(6), mLSTMHiddenStates());
    expect(masked[0](key, [[6], [6]])[0]).toEqual([[6, 6], [6]]);
  }); // prettier-ignore
});

test("parameters go in as published and come out as they were", () => {
  const params = [...published, [array([1]), array([2])]];
  const back = fromLayerParams<Value>(params, arrays("float32"));
  const [was, is] = [arrays("float32"), back].map((p) =>
    mapParams(p, (x) => x.tolist()),
  );
  expect(is).toEqual(was);
  expect(() => fromLayerParams(published.slice(0, 2), arrays("float32"))).toThrow(
    "fromLayerParams: expected the parameters of an mLSTM at place 3 of the network's, got none",
  ); // prettier-ignore
  expect(() => mLSTMFusion()[1](null, array([1]))).toThrow(
    "mLSTMFusion: expected the results of an mLSTM before it",
  );
  expect(() => tokenBatch(["MKLV"], 4)).toThrow(
    "tokenBatch: expected at most 3 residues for 4 steps, got 4 in sequence 1",
  );
});

describe("gradients", () => {
  const [tokens, mask] = tokenBatch(["MKLV", "GA"], 7);
  const float64 = toLayerParams(arrays("float64"));
  const head = array(Float64Array.from({ length: 24 }, (_, i) => Math.cos(i)));
  const loss =
    (checkpoint: boolean, masks: Value = mask) =>
    (params: readonly unknown[]): Value => {
      const network = stack(mLSTMFusion(), checkpoint);
      const out = vmap((t: Value, m: Value) => run(network, [t, m], params) as Value)(tokens, masks); // prettier-ignore
      return np.sum(np.tanh(np.matmul(out, head)));
    };

  test("are finite differences, in every parameter", () => {
    const gradient = grad(loss(false))(float64);
    const [leaves, def] = tree.flatten(float64);
    const slopes = tree.leaves(gradient) as Value[];
    leaves.forEach((leaf, k) => {
      const values = (leaf as Array).dataSync();
      for (const j of [0, values.length >> 1]) {
        const at = (h: number) => {
          const moved = Float64Array.from(values);
          moved[j] += h;
          const changed = leaves.with(k, array(moved, { shape: (leaf as Array).shape }));
          return loss(false)(tree.unflatten(def, changed) as readonly unknown[]).item();
        };
        const difference = (at(1e-5) - at(-1e-5)) / 2e-5;
        expect(slopes[k].dataSync()[j]).toBeCloseTo(difference, 7);
      }
    });
  }); // prettier-ignore

  test("are the same with checkpoint and compiled", async () => {
    const want = tree.leaves(grad(loss(false))(float64)) as Array[];
    const compiled = jit(grad(loss(true)));
    const got = tree.leaves(compiled(float64)) as Array[];
    for (const [i, x] of want.entries())
      expect(error((await data(got[i])) as Float32Array, (await data(x)) as Float32Array)).toBeLessThan(1e-12);
    await compiled.dispose();
  }); // prettier-ignore
});

test("published weights: a stack of four layers is rep's fusion", async (context) => {
  const cache = process.env.UNIREP_TEST_WEIGHTS ?? "";
  context.skip(
    cache === "",
    "UNIREP_TEST_WEIGHTS names no folder with the published weights, which are not part of this repository",
  );
  const { loadWeights } = await import("../../src/unirep/index.ts");
  const model = await loadWeights({ model: "64" }, { cache });
  const params = toLayerParams(
    mapParams(model.params, ({ data, shape }: HostTensor) =>
      array(data, { shape }),
    ),
  );
  const between = [mLSTM(64), mLSTMHiddenStates()];
  const network = serial(AAEmbedding(), ...between, ...between, ...between, mLSTM(64), mLSTMFusion()); // prettier-ignore
  const [tokens] = tokenBatch([sequences[0]]);
  const apply = jit((t: Value) => network[1](params as never, t) as Value);
  const out = await data(apply(np.reshape(tokens, [-1])));
  const [r] = await rep([sequences[0]], { weights: model });
  const want = [...r.hAvg, ...r.hFinal, ...r.cFinal];
  expect(error(out as Float32Array, want)).toBeLessThan(1e-5);
  await apply.dispose();
});
