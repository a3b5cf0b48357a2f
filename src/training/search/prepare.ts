/** @file What a search needs before its first trial: sequences, folds, weights, and the first lines of its study. */
import { createHash } from "node:crypto";
import { array, type Value } from "../../ad/index.ts";
import {
  encode,
  givenWeights,
  mapParams,
  nameSequence,
  type Sequences,
  type Weights,
} from "../../unirep/index.ts";
import { createEvaluator } from "../evaluate.ts";
import { planOf, type FitPlan } from "../fit-options.ts";
import { checkFrozen } from "../groups.ts";
import type { FixedOptions, SearchPlan } from "./evotune-options.ts";
import { makeFolds, type Fold } from "./folds.ts";
import { isList, type Space } from "./space.ts";
import type { BaselineLine, StudyLine } from "./study-lines.ts";

export interface Prepared {
  readonly sequences: readonly string[];
  readonly folds: readonly Fold[];
  /** `fixed` with the weights loaded. */
  readonly fixed: FixedOptions & { readonly weights: Weights };
  readonly space: Space;
  readonly study: StudyLine;
}

export async function prepareSearch(
  sequences: Sequences,
  { space, epochs, trials, folds, parallel, fixed }: SearchPlan,
): Promise<Prepared> {
  const texts: string[] = [];
  for await (const input of sequences)
    texts.push(nameSequence(input, texts.length).sequence);
  const weights = await givenWeights("evotune", fixed);
  const usual = planOf(fixed, weights.config);
  const residues = texts.reduce((sum, text) => sum + text.length, 0);
  const tokens = ((residues + texts.length) * (folds - 1)) / folds;
  const { lanes = lanesFor(usual, tokens) } = fixed;
  const options = { ...fixed, ...("lanes" in space ? {} : { lanes }), weights };
  const { seed, frozen, epochs: _epochs, learningRate: _rate, ...common } = planOf(options, weights.config); // prettier-ignore
  checkFrozen(frozen, weights.params);
  checkChoices(space, options);
  const hash = createHash("sha256");
  for (const text of texts) hash.update(text).update("\n");
  const { id, sha256 } = weights.info;
  return {
    sequences: texts,
    folds: makeFolds(texts, folds, seed),
    fixed: options,
    space,
    study: {
      type: "study",
      format: 1,
      model: weights.config.name,
      weights: { id, sha256 },
      sequences: texts.length,
      residues,
      data: hash.digest("hex"),
      seed,
      trials,
      folds,
      parallel,
      epochs,
      search: space,
      fixed: Object.fromEntries(
        Object.entries({
          ...common,
          frozen,
          ...(fixed.learningRate !== undefined && {
            learningRate: fixed.learningRate,
          }),
        }).filter(([name]) => !(name in space)),
      ),
    },
  };
}

/** Steps of an epoch below which a family is too small for the usual number of lanes. */
const leastSteps = 16;

/** The usual lanes, or as few as it takes for an epoch of `tokens` to have enough steps to learn in. */
function lanesFor(
  { lanes, window, accumulate }: FitPlan,
  tokens: number,
): number {
  const few = Math.floor(tokens / (window * accumulate * leastSteps));
  return Math.max(1, Math.min(lanes, few));
}

/** Every choice of every list must be one that fit takes, so that no trial ends the search hours later. */
function checkChoices(
  space: SearchPlan["space"],
  options: Prepared["fixed"],
): void {
  const { config, params } = options.weights;
  for (const [name, dimension] of Object.entries(space)) {
    const values = isList(dimension) ? dimension : [dimension.low];
    for (const value of values) {
      const { frozen } = planOf({ ...options, [name]: value }, config); // prettier-ignore
      checkFrozen(frozen, params);
    }
  }
}

/** Scores all sequences under the weights that training begins with. */
export async function baseline({
  sequences,
  fixed,
}: Prepared): Promise<BaselineLine> {
  const { weights, device = "cpu", threads = 0 } = fixed;
  const plan = planOf(fixed, weights.config);
  const lanes = Math.min(plan.lanes, sequences.length);
  const evaluator = createEvaluator(weights.config, { device, threads, lanes, steps: plan.window }); // prettier-ignore
  try {
    const params = mapParams(
      weights.params,
      ({ data, shape }) => array(data, { shape }) as Value,
    );
    const found = await evaluator.run(params, sequences.map(encode), fixed.signal); // prettier-ignore
    return { type: "baseline", ...found };
  } finally {
    await evaluator.dispose();
  }
}
