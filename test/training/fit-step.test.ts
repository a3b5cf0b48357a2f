/** @file The training step: packed lanes against one sequence at a time, optimizers written out, groups, clipping, guards. */
import { beforeAll, describe, expect, test } from "vitest";
import {
  array,
  jit,
  numpy as np,
  tree,
  valueAndGrad,
  type Array as AdArray,
  type Value,
} from "../../src/ad/index.ts";
import { fit } from "../../src/training/fit.ts";
import { groupOf } from "../../src/training/groups.ts";
import {
  createOptimizer,
  type OptimizerOptions,
  type ParamsOptimizer,
} from "../../src/training/optimizer.ts";
import {
  compileTrainStep,
  type StepOutcome,
  type TrainState,
} from "../../src/training/train-step.ts";
import {
  buildNetwork,
  namedParams,
  nextTokenLogProbs,
  step as networkStep,
  type MlstmState,
  type UniRepParams,
} from "../../src/unirep/index.ts";
import {
  allWindows,
  float64Carry,
  float64Params,
  float64Windows,
  fromNumbers,
  hostNumbers,
  numbers,
  proteins,
  runToEnd,
  smallWeights,
  stepsOf,
  texts,
} from "./training-model.ts";
import type { Window } from "../../src/training/windows.ts";

const weights = smallWeights(4, 2);
const { config, params } = weights;
const usual: OptimizerOptions = {
  optimizer: "adamW",
  // Exact in float32, which step sizes are computed in.
  learningRate: 2 ** -8,
  warmupSteps: 0,
  schedule: "constant",
  weightDecay: 0.125,
  clipNorm: Infinity,
  frozen: [],
};
const numberOf = (x: Value): number => Number((x as AdArray).dataSync()[0]);

/** Steps over windows in float64 on the reference backend, `accumulate` windows each. */
function train(
  windows: readonly Window[],
  { lanes, window, accumulate = 1, options = usual }: { lanes: number; window: number; accumulate?: number; options?: OptimizerOptions },
): { outcomes: StepOutcome[]; params: number[][]; optimizer: ParamsOptimizer; state: TrainState } {
  const optimizer = createOptimizer(options, windows.length / accumulate);
  const start = float64Params(params);
  const frozen = optimizer.frozen<Value>(start);
  const step = compileTrainStep(optimizer, { device: "js", threads: 0, checkpoint: false });
  let state: TrainState = { optimizer: optimizer.init(start), carry: float64Carry(config, lanes) };
  const outcomes: StepOutcome[] = [];
  const after: number[][] = [];
  for (let i = 0; i * accumulate < windows.length; i++) {
    const taken = windows.slice(i * accumulate, (i + 1) * accumulate);
    const out = step(array(i), state, frozen, float64Windows(taken, window, lanes));
    state = out.state;
    outcomes.push(out);
    after.push(numbers(optimizer.merge(optimizer.moving(state.optimizer), frozen)));
  }
  return { outcomes, params: after, optimizer, state };
} // prettier-ignore

/** Mean cross-entropy of whole sequences, one after the other, token by token. */
function plainLoss(p: UniRepParams<Value>, batch: readonly Uint8Array[]): Value {
  const network = buildNetwork(p);
  const zero = np.zeros([config.units], "float64");
  let total: Value = np.zeros([], "float64");
  for (const residues of batch) {
    let states: MlstmState[] = p.layers.map(() => ({ h: zero, c: zero }));
    const tokens = [24, ...residues, 25];
    for (let t = 0; t + 1 < tokens.length; t++) {
      states = networkStep(network, states, array(Int32Array.of(tokens[t]), { shape: [] }));
      const logProbs = nextTokenLogProbs(network, states[states.length - 1].h);
      total = np.subtract(total, np.index(logProbs, tokens[t + 1] - 1));
    }
  }
  return np.divide(total, batch.reduce((sum, x) => sum + x.length + 1, 0));
} // prettier-ignore

/** The whole sequences that begin and end in a window, in any order. */
const wholeSequences = (window: Window, lanes: number): Uint8Array[] => {
  const open: number[][] = [];
  const all: number[][] = [];
  window.tokens.forEach((token, i) => {
    if (window.mask[i] === 0) return;
    if (window.keep[i] === 0) all.push((open[i % lanes] = []));
    else open[i % lanes].push(token);
  });
  return all.map((residues) => Uint8Array.from(residues));
};

describe("packed training equals training one sequence at a time, in float64 to 1e-10", () => {
  // Lanes hold two sequences each; the last step has lanes that ran out.
  const sequences = proteins(new Array<number>(11).fill(7));
  const shape = { lanes: 2, window: 16 };
  const windows = allWindows(sequences, { ...shape, seed: 2, epochs: 1 });
  const batches = windows.map((w) => wholeSequences(w, shape.lanes));
  const losses: number[] = [];
  const norms: number[] = [];
  const after: number[][] = [];
  beforeAll(() => {
    expect(batches.map((batch) => batch.length)).toEqual([4, 4, 3]);
    expect(batches.flat().map((x) => x.join()).sort()).toEqual(sequences.map((x) => x.join()).sort()); // prettier-ignore
    const names = namedParams(params).flatMap(([name, { data }]) => Array.from(data, () => name)); // prettier-ignore
    let now = numbers(float64Params(params));
    const m = now.map(() => 0);
    const v = now.map(() => 0);
    batches.forEach((batch, i) => {
      const run = jit(
        (p: UniRepParams<Value>) =>
          valueAndGrad((p: UniRepParams<Value>) => plainLoss(p, batch))(p),
        { device: "js" },
      );
      const [loss, gradient] = run(fromNumbers(params, now)) as unknown as [Value, UniRepParams<Value>]; // prettier-ignore
      losses.push(numberOf(loss));
      // A token weighs as much in the last step, which is not full, as in any other.
      const weight = batch.reduce((sum, x) => sum + x.length + 1, 0) / (shape.lanes * shape.window); // prettier-ignore
      const g = numbers(gradient).map((x) => weight * x);
      norms.push(Math.sqrt(g.reduce((sum, x) => sum + x * x, 0)));
      now = now.map((x, k) => {
        m[k] = 0.9 * m[k] + 0.1 * g[k];
        v[k] = 0.999 * v[k] + 0.001 * g[k] ** 2;
        const direction = m[k] / (1 - 0.9 ** (i + 1)) / (Math.sqrt(v[k] / (1 - 0.999 ** (i + 1))) + 1e-8); // prettier-ignore
        const decay = /\.(wx|wh|wmx|wmh|w)$/.test(names[k]) ? 0.125 : 0;
        return x - 2 ** -8 * (direction + decay * x);
      });
      after.push(now);
    });
  }, 60_000);

  test("loss, gradient norm and parameters after every AdamW step", () => {
    const found = train(windows, shape);
    found.outcomes.forEach(({ loss, norm, finite }, i) => {
      expect(numberOf(loss)).toBeCloseTo(losses[i], 10);
      expect(numberOf(norm)).toBeCloseTo(norms[i], 10);
      expect(numberOf(finite)).toBe(1);
      expectClose(found.params[i], after[i], 1e-10);
    });
  });

  test("the same in fit, compiled, to 1e-5", async () => {
    const options = { ...usual, clipNorm: 1e9, ...shape, seed: 2, weights };
    const { events, result } = await runToEnd(fit(texts(sequences), options));
    stepsOf(events).forEach(({ loss, gradientNorm }, i) => {
      expect(Math.abs(loss - losses[i])).toBeLessThan(1e-5);
      expect(Math.abs(gradientNorm - norms[i])).toBeLessThan(1e-5);
    });
    expectClose(hostNumbers(result.final.params), after[2], 1e-5);
  });

  test.each([
    { lanes: 2, window: 8, accumulate: 2 },
    { lanes: 4, window: 8, accumulate: 1 },
    { lanes: 1, window: 8, accumulate: 4 },
  ])("however a step is cut: $accumulate windows of $lanes lanes", (cut) => {
    const dealt = allWindows(sequences, { ...cut, seed: 2, epochs: 1 });
    const empty = { ...dealt[0], mask: dealt[0].mask.map(() => 0) };
    while (dealt.length % cut.accumulate !== 0) dealt.push(empty);
    const found = train(dealt, cut);
    expect(found.params).toHaveLength(3);
    found.params.forEach((now, i) => expectClose(now, after[i], 1e-10));
  });
});

/** Worst difference, relative where numbers are large. */
function expectClose(
  found: readonly number[],
  wanted: readonly number[],
  tolerance: number,
): void {
  expect(found).toHaveLength(wanted.length);
  const worst = found.reduce((most, x, i) => {
    const error = Math.abs(x - wanted[i]) / Math.max(1, Math.abs(wanted[i]));
    return error <= most ? most : error;
  }, 0);
  expect(worst).toBeLessThan(tolerance);
}

const shape = { lanes: 2, window: 8 };
const some = allWindows(proteins([7, 3, 12, 5, 9]), { ...shape, seed: 0, epochs: 1 }); // prettier-ignore

describe("groups, clipping and guards", () => {
  test.each([
    [["embedding"]],
    [["head", "layer0"]],
    [["embedding", "layer1"]],
  ] as const)("frozen %j stay as they are to the bit, all others move", (frozen) => {
    const found = train(some, { ...shape, options: { ...usual, frozen } });
    const now = found.params[found.params.length - 1];
    let at = 0;
    for (const [name, { data }] of namedParams(params)) {
      const part = now.slice(at, (at += data.length));
      const isSame = part.every((x, i) => x === data[i]);
      expect(isSame, name).toBe((frozen as readonly string[]).includes(groupOf(name)));
    }
  }); // prettier-ignore

  test("a gradient longer than clipNorm is scaled to it, a shorter one is not, and its own length is told", () => {
    const first = some.slice(0, 1);
    const momentsOf = (clipNorm: number) => {
      const { outcomes, state } = train(first, { ...shape, options: { ...usual, clipNorm } }); // prettier-ignore
      const m = [state.optimizer.decayed.m, state.optimizer.plain.m].flatMap((part) => numbers(part)); // prettier-ignore
      return { norm: numberOf(outcomes[0].norm), m };
    };
    const free = momentsOf(Infinity);
    const length = (x: readonly number[]) => Math.sqrt(x.reduce((sum, y) => sum + y * y, 0)); // prettier-ignore
    // The first moment after one step is a tenth of the gradient.
    expect(length(free.m)).toBeCloseTo(0.1 * free.norm, 12);
    const clipNorm = 2 ** -8;
    expect(free.norm).toBeGreaterThan(clipNorm);
    const clipped = momentsOf(clipNorm);
    expect(clipped.norm).toBeCloseTo(free.norm, 12);
    expect(length(clipped.m)).toBeCloseTo(0.1 * clipNorm, 12);
    expectClose(clipped.m, free.m.map((x) => (x * clipNorm) / free.norm), 1e-12); // prettier-ignore
    expect(momentsOf(2 * free.norm).m).toEqual(free.m);
  });

  test("a step whose result is not finite leaves parameters, moments and states as they were", () => {
    const good = train(some.slice(0, 2), shape);
    const before = tree.map((x: Value) => Array.from((x as AdArray).dataSync() as ArrayLike<number>), good.state); // prettier-ignore
    const optimizer = createOptimizer({ ...usual, learningRate: 1e39 }, 9);
    const step = compileTrainStep(optimizer, { device: "js", threads: 0, checkpoint: false }); // prettier-ignore
    const frozen = optimizer.frozen<Value>(float64Params(params));
    const out = step(array(2), good.state, frozen, float64Windows([some[2]], shape.window, shape.lanes)); // prettier-ignore
    expect(numberOf(out.finite)).toBe(0);
    const after = tree.map((x: Value) => Array.from((x as AdArray).dataSync() as ArrayLike<number>), out.state); // prettier-ignore
    expect(after).toEqual(before);
  });
});

describe("step sizes", () => {
  const cosine = (t: number, from: number, to: number) =>
    0.1 + 0.45 * (1 + Math.cos((Math.PI * (t - from)) / (to - from)));
  test.each([
    ["constant", 0, [1, 1, 1, 1, 1]],
    ["constant", 4, [0.25, 0.5, 0.75, 1, 1]],
    ["cosine", 0, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((t) => cosine(t, 0, 10))],
    ["cosine", 2, [0.5, 1, ...[3, 4, 5, 6, 7, 8, 9, 10].map((t) => cosine(t, 2, 10)), 0.1, 0.1]],
  ] as const)("%s with a warm-up of %d steps", (schedule, warmupSteps, expected) => {
    const optimizer = createOptimizer({ ...usual, learningRate: 1, schedule, warmupSteps }, 10);
    expected.forEach((rate, i) =>
      expect(numberOf(np.asarray(optimizer.learningRate(array(i))))).toBeCloseTo(rate, 6),
    );
  }); // prettier-ignore
});
