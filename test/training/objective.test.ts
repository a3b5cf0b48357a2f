/** @file The objective: its value and gradient against plain loops and central differences, and states carried over windows. */
import { describe, expect, test } from "vitest";
import {
  array,
  jit,
  tree,
  valueAndGrad,
  type Array as AdArray,
  type Value,
} from "../../src/ad/index.ts";
import { createEvaluator } from "../../src/training/evaluate.ts";
import {
  scoreWindow,
  type Carry,
  type WindowArrays,
} from "../../src/training/objective.ts";
import {
  customModel,
  decode,
  initParams,
  loadModel,
  mapParams,
  namedParams,
  score,
  type UniRepParams,
} from "../../src/unirep/index.ts";
import { plainRun } from "../unirep/plain-model.ts";
import {
  allWindows,
  dice,
  float64Carry,
  float64Params,
  float64Windows,
  numbers,
  proteins,
  smallWeights,
  texts,
} from "./training-model.ts";

const numberOf = (x: Value): number => (x as AdArray).dataSync()[0];

/** Sum of the cross-entropies of whole sequences, by plain loops. */
const plainTotal = (
  params: UniRepParams,
  sequences: readonly Uint8Array[],
): number =>
  -sequences
    .flatMap((tokens) => plainRun(params, decode(tokens)).logProbs)
    .reduce((a, b) => a + b, 0);

const shapes = [
  { units: 1, layers: 1 },
  { units: 4, layers: 1 },
  { units: 3, layers: 3 },
];

describe("the objective in float64", () => {
  test.each(
    shapes.flatMap((shape) => [
      { ...shape, checkpoint: false },
      { ...shape, checkpoint: true },
    ]),
  )("and its gradient by every parameter equal plain loops and their central differences, $units x $layers, checkpoint $checkpoint", ({ checkpoint, ...shape }) => {
    const config = customModel({ ...shape, embedding: 2 });
    const params = initParams(config, { seed: 4, style: "original" });
    const sequences = proteins([3, 1, 6, 2, 4]);
    const [lanes, steps] = [2, 16];
    const windows = allWindows(sequences, { lanes, window: steps, seed: 0, epochs: 1 });
    expect(windows).toHaveLength(1);
    const run = jit(
      (p: UniRepParams<Value>, carry: Carry, window: WindowArrays) =>
        valueAndGrad((p: UniRepParams<Value>) => scoreWindow(p, carry, window, checkpoint).total)(p),
      { device: "js" },
    );
    const [total, gradient] = run(
      float64Params(params),
      float64Carry(config, lanes),
      float64Windows(windows, steps, lanes, false),
    ) as unknown as [Value, UniRepParams<Value>];
    expect(numberOf(total)).toBeCloseTo(plainTotal(params, sequences), 10);

    const wide = mapParams(params, ({ shape, data }) => ({
      shape,
      data: Float64Array.from(data) as unknown as Float32Array,
    }));
    const slopes = namedParams(wide).flatMap(([, { data }]) =>
      Array.from(data, (x, i) => {
        const at = (y: number) => {
          data[i] = y;
          return plainTotal(wide, sequences);
        };
        const slope = (at(x + 1e-5) - at(x - 1e-5)) / 2e-5;
        data[i] = x;
        return slope;
      }),
    );
    numbers(gradient).forEach((g, i) =>
      expect(Math.abs(g - slopes[i]) / Math.max(1, Math.abs(g))).toBeLessThan(1e-7),
    );
  }); // prettier-ignore

  test("has the gradient of its central differences where windows cut proteins and states come from before", () => {
    const { config, params } = smallWeights(4, 2);
    const [lanes, steps] = [3, 5];
    const windows = allWindows(proteins([13, 2, 7, 1, 9]), { lanes, window: steps, seed: 0, epochs: 1 }); // prettier-ignore
    const window = float64Windows([windows[1]], steps, lanes, false);
    const roll = dice(2);
    const plain = (x: unknown): number[] => Array.from((x as AdArray).dataSync() as ArrayLike<number>); // prettier-ignore
    const like = (x: Value, values: readonly number[]) =>
      array(Float64Array.from(values), { shape: x.shape }) as Value;
    const spread = (x: Value) => like(x, plain(x).map(() => roll(1000) / 500 - 1)); // prettier-ignore
    const at = [float64Params(params), tree.map(spread, float64Carry(config, lanes)) as Carry] as const; // prettier-ignore
    const run = jit(
      (p: UniRepParams<Value>, carry: Carry) =>
        valueAndGrad(
          (p: UniRepParams<Value>, carry: Carry) => scoreWindow(p, carry, window).total,
          { argnums: [0, 1] },
        )(p, carry),
      { device: "js" },
    ); // prettier-ignore
    for (let i = 0; i < 5; i++) {
      const direction = tree.map(spread, at);
      const value = (h: number): number => {
        const move = (x: Value, d: Value) => {
          const along = plain(d);
          return like(x, plain(x).map((value, k) => value + h * along[k])); // prettier-ignore
        };
        const moved = tree.map(move, at, direction) as typeof at;
        return numberOf((run(...moved) as unknown as [Value])[0]);
      };
      const [, gradient] = run(...at) as unknown as [Value, unknown];
      const [g, d] = [gradient, direction].map((x) => tree.leaves(x).flatMap(plain)); // prettier-ignore
      const slope = g.reduce((sum, x, k) => sum + x * d[k], 0);
      expect(slope).toBeCloseTo((value(1e-5) - value(-1e-5)) / 2e-5, 5);
    }
  });

  test.each([1, 3, 7, 64])("carries states exactly over windows of %d steps", (steps) => {
    const { config, params } = smallWeights(4, 2);
    const sequences = proteins([40, 3, 17, 1, 25, 8]);
    const lanes = 2;
    const windows = allWindows(sequences, { lanes, window: steps, seed: 5, epochs: 1 });
    const wide = float64Params(params);
    const run = jit(scoreWindow, { device: "js" });
    let carry = float64Carry(config, lanes);
    let [total, hits] = [0, 0];
    for (const window of windows) {
      const out = run(wide, carry, float64Windows([window], steps, lanes, false));
      total += numberOf(out.total);
      hits += numberOf(out.hits);
      carry = out.carry;
    }
    expect(total).toBeCloseTo(plainTotal(params, sequences), 9);
    const plainHits = sequences.reduce((sum, x) => sum + plainRun(params, decode(x)).accuracy * (x.length + 1), 0);
    expect(hits).toBeCloseTo(plainHits, 9);
  }); // prettier-ignore
});

describe("evaluation, compiled", () => {
  test.each([3, 50])("equals score() to 1e-5 with windows of %d steps", async (steps) => {
    const weights = smallWeights(8, 2);
    const sequences = proteins([30, 2, 90, 11, 1, 47]);
    const evaluator = createEvaluator(weights.config, { device: "cpu", threads: 1, lanes: 4, steps });
    const params = mapParams(weights.params, ({ data, shape }) => array(data, { shape }) as Value);
    const found = await evaluator.run(params, sequences);
    await evaluator.dispose();
    const model = await loadModel({ weights });
    const scores = await score(texts(sequences), { model });
    await model.dispose();
    const tokens = scores.reduce((sum, { length }) => sum + length + 1, 0);
    const mean = (pick: "crossEntropy" | "accuracy") =>
      scores.reduce((sum, row) => sum + row[pick] * (row.length + 1), 0) / tokens;
    expect(found.tokens).toBe(tokens);
    expect(Math.abs(found.crossEntropy - mean("crossEntropy"))).toBeLessThan(1e-5);
    expect(found.perplexity).toBe(Math.exp(found.crossEntropy));
    expect(found.accuracy).toBeCloseTo(mean("accuracy"), 10);
  }); // prettier-ignore

  test("of nothing is refused", async () => {
    const { config, params } = smallWeights(2, 1);
    const evaluator = createEvaluator(config, { device: "js", threads: 0, lanes: 1, steps: 4 }); // prettier-ignore
    await expect(evaluator.run(float64Params(params), [])).rejects.toThrow(
      "evaluate: expected at least one sequence, got none",
    );
  });
});
