/** @file One function a kind of top model: samples in, parameters out, whatever must be chosen chosen from these samples alone. */
import { losses, outputsFor, targetRows } from "./forward.ts";
import { drawFolds, drawHeldOut, samplesOf } from "./folds.ts";
import { logisticProblem, type LogisticFit } from "./logistic.ts";
import {
  pickRows,
  standardization,
  standardize,
  type Matrix,
  type Standardization,
} from "./matrix.ts";
import { fitMlp, type MlpOptions } from "./mlp.ts";
import { fitRidge, type RidgeFit } from "./ridge.ts";
import { pickTargets, toOwnUnits, unitTargets } from "./targets.ts";
import {
  outputsOf,
  type Targets,
  type TopModelKind,
  type TopModelParams,
} from "./types.ts";

/** Samples to learn from. */
export interface Samples {
  readonly x: Matrix;
  readonly targets: Targets;
  /** Equal for samples that must not be on both sides of a split. */
  readonly groups: readonly string[];
}

export interface Trained {
  readonly params: TopModelParams;
  /** What was chosen on the way. */
  readonly chosen: Readonly<Record<string, number>>;
  readonly ridge: RidgeFit | null;
}

export interface TrainerOptions {
  readonly penalties: readonly number[];
  readonly mlp: MlpOptions;
  readonly seed: number;
}

type Trainer = (samples: Samples, options: TrainerOptions) => Promise<Trained>;

const float32 = (shape: readonly number[], data: ArrayLike<number>) => ({
  shape,
  data: Float32Array.from(data),
});

const withScale = (
  { mean, scale }: Standardization,
  layers: TopModelParams["layers"],
): TopModelParams => ({
  mean: float32([mean.length], mean),
  scale: float32([scale.length], scale),
  layers,
});

const ridge: Trainer = async ({ x, targets }, { penalties }) => {
  if (targets.type !== "values")
    throw new TypeError(
      "fitTopModel: expected numbers as the targets of ridge, got labels; use logistic or mlp",
    );
  const scale = standardization(x);
  const fit = await fitRidge(standardize(x, scale), targets.values, penalties);
  const layer = { w: float32([x.columns, 1], fit.w), b: float32([1], [fit.b]) };
  return {
    params: withScale(scale, [layer]),
    chosen: { penalty: fit.penalty },
    ridge: fit,
  };
};

/** Gradient a sample at which a fit is good enough to compare penalties by. */
const roughly = 1e-5;
/** Folds within the samples, to choose a penalty by. */
const innerFolds = 5;

const logistic: Trainer = async (
  { x, targets, groups },
  { penalties, seed },
) => {
  if (targets.type !== "classes")
    throw new TypeError(
      "fitTopModel: expected labels (strings) as the targets of logistic, got numbers; use ridge or mlp",
    );
  const k = outputsOf(targets.classes);
  const layersOf = ({ w, b }: LogisticFit) => [
    { w: float32([x.columns, k], w), b: float32([k], b) },
  ];
  const descending = [...penalties].sort((a, b) => b - a);
  const problem = logisticProblem(targets);
  try {
    const sums = descending.map(() => 0);
    if (descending.length > 1) {
      const folds = Math.min(innerFolds, new Set(groups).size);
      const foldOf = drawFolds("fitTopModel", groups, targets, { folds, seed });
      for (let fold = 0; fold < folds; fold++) {
        const [held, others] = [true, false].map((is) => samplesOf(foldOf, fold, is)); // prettier-ignore
        const scale = standardization(pickRows(x, others));
        const scaled = standardize(x, scale);
        const heldOut = { x: pickRows(x, held), targets: pickTargets(targets, held) }; // prettier-ignore
        const counts = Float64Array.from(foldOf, (f) => Number(f !== fold));
        let fit: LogisticFit | undefined;
        for (const [i, penalty] of descending.entries()) {
          fit = await problem.fit(scaled, counts, penalty, { start: fit, tolerance: roughly }); // prettier-ignore
          sums[i] += await totalLoss(withScale(scale, layersOf(fit)), heldOut);
        }
      }
    }
    const penalty = descending[sums.indexOf(Math.min(...sums))];
    const scale = standardization(x);
    const every = new Float64Array(x.rows).fill(1);
    const fit = await problem.fit(standardize(x, scale), every, penalty);
    return {
      params: withScale(scale, layersOf(fit)),
      chosen: { penalty },
      ridge: null,
    };
  } finally {
    await problem.dispose();
  }
};

async function totalLoss(
  params: TopModelParams,
  { x, targets }: Pick<Samples, "x" | "targets">,
): Promise<number> {
  const rows = targetRows(targets, "float64");
  const each = losses(outputsFor(params, x), rows, true);
  return Float64Array.from(await each.data()).reduce((sum, x) => sum + x, 0);
}

/** Of the samples, held out to stop by. */
const heldOutShare = 0.2;

const mlp: Trainer = async ({ x, targets, groups }, options) => {
  const scale = standardization(x);
  const heldOut = drawHeldOut("fitTopModel", groups, targets, { share: heldOutShare, seed: options.seed }); // prettier-ignore
  const unit = unitTargets(targets);
  const fit = await fitMlp(standardize(x, scale), unit.targets, heldOut, options.mlp); // prettier-ignore
  const layers = await Promise.all(
    fit.layers.map(async ({ w, b }) => ({
      w: float32(w.shape, await w.data()),
      b: float32(b.shape, await b.data()),
    })),
  );
  return {
    params: withScale(scale, toOwnUnits(layers, unit)),
    chosen: { steps: fit.steps },
    ridge: null,
  };
};

export const trainers: Readonly<Record<TopModelKind, Trainer>> = {
  ridge,
  logistic,
  mlp,
};
