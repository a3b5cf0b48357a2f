/** @file `designSequence`: gradient ascent on a relaxed sequence, and the best of the discrete ones it passes. */
import {
  array,
  jit,
  nn,
  numpy as np,
  optimizers,
  stopGradient,
  valueAndGrad,
  type Array as AdArray,
  type Device,
  type Value,
} from "../../ad/index.ts";
import { nameSequence } from "../../unirep/index.ts";
import { oneHotRows } from "./gradients.ts";
import type { Objective } from "./objective.ts";
import {
  checkKnown,
  checkLetters,
  resolvePositions,
  type Positions,
} from "./positions.ts";

export const relaxations = ["softmax", "straight-through"] as const;
export type Relaxation = (typeof relaxations)[number];

export interface DesignOptions {
  /** Steps of Adam. Default 100. */
  readonly steps?: number | undefined;
  /** In logits a step. Default 0.1. */
  readonly learningRate?: number | undefined;
  /**
   * What the model reads: `softmax` (default), mixtures that sharpen as the temperature falls, or `straight-through`, the
   * most probable letters, with the mixture's gradient (Bengio et al. 2013).
   */
  readonly relaxation?: Relaxation | undefined;
  /** Of the softmax, from the first step to the last, by the same factor each step. Default from 1 to 0.1. */
  readonly temperature?:
    { readonly from: number; readonly to: number } | undefined;
  /** Probability of the start's own letters at the first step, at temperature 1. Default 0.5. */
  readonly confidence?: number | undefined;
  /** Residues that stay as they are, counted from 1. */
  readonly fixed?: Positions | undefined;
  readonly device?: Device | undefined;
  readonly threads?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One step of a design; step 0 is the start itself. */
export interface DesignStep {
  readonly step: number;
  readonly temperature: number;
  /** The model's score of what it read at this step. */
  readonly relaxedScore: number;
  /** The most probable letters. */
  readonly sequence: string;
  /** Their score by the real model. */
  readonly score: number;
}

export interface Design {
  /** The step whose sequence scores highest, the first of equals; the start if none is better. */
  readonly best: DesignStep;
  readonly trajectory: readonly DesignStep[];
}

const who = "designSequence";

/**
 * Climbs the gradient of `objective` from `start`. No draws are made: equal calls give equal designs. Every different
 * sequence on the way is scored by the real model in one call at the end.
 */
export async function designSequence(
  start: string,
  objective: Pick<Objective, "letters" | "relaxed" | "score">,
  options: DesignOptions = {},
): Promise<Design> {
  const { letters, relaxed } = objective;
  const plan = planOf(options);
  const { steps, temperature } = plan;
  const { signal, device = "cpu", threads = 0 } = options;
  const { sequence } = nameSequence(start, 0);
  const length = sequence.length;
  checkLetters(who, letters);
  checkKnown(who, sequence, letters);
  const fixed = options.fixed
    ? resolvePositions(who, options.fixed, length)
    : [];
  if (fixed.length === length)
    throw new RangeError(
      `${who}: expected at least one position that is not fixed, got ${length} of ${length} fixed`,
    );

  const rows = oneHotRows(sequence, letters);
  const shape = [length, letters.length];
  const own = array(rows, { shape });
  const free = array(
    Float32Array.from({ length }, (_, i) => (fixed.includes(i) ? 0 : 1)),
    { shape: [length, 1] },
  );
  const adam = optimizers.adam(plan.learningRate);
  const read = (logits: Value, temperature: Value): Value => {
    const soft = nn.softmax(np.divide(logits, temperature));
    const hard = nn.oneHot(np.argmax(logits, -1), letters.length);
    const p =
      plan.relaxation === "softmax"
        ? soft
        : np.add(soft, stopGradient(np.subtract(hard, soft)));
    return np.add(np.multiply(free, p), np.multiply(np.subtract(1, free), own));
  };
  const climb = jit(
    (i: Value, state: optimizers.OptimizerState<Value>, temperature: Value) => {
      const [score, gradient] = valueAndGrad((logits: Value) =>
        relaxed(read(logits, temperature)),
      )(state.params);
      return { score, state: adam.update(i, np.negative(gradient), state) };
    },
    { device, threads },
  );

  const trajectory: Omit<DesignStep, "score">[] = [];
  try {
    // The logit that gives the start's letter its probability beside all others at 0.
    const logit = Math.log(
      (plan.confidence * (letters.length - 1)) / (1 - plan.confidence),
    );
    let state = adam.init<Value>(
      array(
        rows.map((x) => x * logit),
        { shape },
      ),
    );
    let current = sequence;
    for (let step = 0; step <= steps; step++) {
      signal?.throwIfAborted();
      const now =
        temperature.from *
        (temperature.to / temperature.from) ** (steps === 0 ? 0 : step / steps);
      const out = climb(array(step), state, array(now));
      const relaxedScore = (await (out.score as AdArray).data())[0];
      if (!Number.isFinite(relaxedScore))
        throw new RangeError(
          `${who}: expected a finite score, got ${relaxedScore} at step ${step}; a smaller learningRate may help`,
        );
      trajectory.push({
        step,
        temperature: now,
        relaxedScore,
        sequence: current,
      });
      state = out.state;
      current = sharpest(
        await (state.params as AdArray).data(),
        sequence,
        fixed,
        letters,
      );
    }
  } finally {
    await climb.dispose();
  }
  const distinct = [...new Set(trajectory.map((x) => x.sequence))];
  const scores = await objective.score(distinct, signal);
  const scored = trajectory.map((x) => ({
    ...x,
    score: scores[distinct.indexOf(x.sequence)],
  }));
  return {
    best: scored.reduce((a, b) => (b.score > a.score ? b : a)),
    trajectory: scored,
  };
}

/** The most probable letter at each residue that is not fixed. */
function sharpest(
  logits: ArrayLike<number>,
  start: string,
  fixed: readonly number[],
  letters: string,
): string {
  return Array.from(start, (own, i) => {
    if (fixed.includes(i)) return own;
    let best = 0;
    for (let a = 1; a < letters.length; a++)
      if (logits[i * letters.length + a] > logits[i * letters.length + best])
        best = a;
    return letters[best];
  }).join("");
}

function planOf(options: DesignOptions) {
  const plan = {
    steps: options.steps ?? 100,
    learningRate: options.learningRate ?? 0.1,
    relaxation: options.relaxation ?? "softmax",
    temperature: options.temperature ?? { from: 1, to: 0.1 },
    confidence: options.confidence ?? 0.5,
  };
  const { from, to } = plan.temperature;
  const check = (
    name: string,
    fits: boolean,
    expected: string,
    got: unknown,
  ) => {
    if (!fits)
      throw new RangeError(
        `${who}: expected ${name} to be ${expected}, got ${JSON.stringify(got)}`,
      );
  };
  check(
    "steps",
    Number.isInteger(plan.steps) && plan.steps > 0,
    "a positive integer",
    plan.steps,
  );
  check(
    "learningRate",
    plan.learningRate > 0 && plan.learningRate < Infinity,
    "a number above 0",
    plan.learningRate,
  );
  check(
    "relaxation",
    relaxations.includes(plan.relaxation),
    `one of ${relaxations.join(", ")}`,
    plan.relaxation,
  );
  check(
    "temperature",
    from > 0 && to > 0 && from < Infinity && to < Infinity,
    "from and to above 0",
    plan.temperature,
  );
  check(
    "confidence",
    plan.confidence > 0 && plan.confidence < 1,
    "between 0 and 1",
    plan.confidence,
  );
  return plan;
}
