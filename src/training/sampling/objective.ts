/** @file What sampling and design aim at: one score, as the real model gives it and as a function with a gradient. */
import {
  array,
  numpy as np,
  vmap,
  type Array as AdArray,
  type Value,
} from "../../ad/index.ts";
import {
  loadModel,
  prepareNetwork,
  rep,
  score,
  type EngineDevice,
  type Network,
  type UniRep,
  type Weights,
} from "../../unirep/index.ts";
import { checkLetters, standardLetters } from "./positions.ts";
import { relaxedLogProb, runRelaxed, type RelaxedScore } from "./relaxed.ts";
import type { ScoreSequences } from "./sample-step.ts";

/** A score of sequences, higher is better, that can also be differentiated. */
export interface Objective {
  /** Letters of a relaxed sequence's columns, in order. */
  readonly letters: string;
  /** What the score depends on, for a run's file. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** (L, letters) -> (); at one-hot rows it is `score` to rounding. */
  readonly relaxed: RelaxedScore;
  /** Through the real model. */
  readonly score: ScoreSequences;
}

/** An objective on a model; `dispose` frees the model's native memory. */
export interface ModelObjective extends Objective {
  dispose(): Promise<void>;
}

export interface ObjectiveOptions {
  /** Default: the 20 amino acids. */
  readonly letters?: string | undefined;
  readonly device?: EngineDevice | undefined;
  readonly threads?: number | undefined;
}

/** A representation as a head reads it. (n) each */
export interface RelaxedRepresentation {
  readonly hAvg: Value;
  readonly hFinal: Value;
  readonly cFinal: Value;
}

/**
 * The language model's log-probability of a sequence and its stop, in nats: the sum of `score(...).logProbs`. Chains at
 * temperature 1 draw from the language model itself, among sequences of the starter's length.
 */
export function languageModelObjective(
  weights: Weights,
  options: ObjectiveOptions = {},
): Promise<ModelObjective> {
  return build(
    "log-probability",
    weights,
    options,
    (model, network, letters) => ({
      relaxed: (p) => relaxedLogProb(network, letters, p),
      score: async (sequences, signal) =>
        (await score(sequences, { model, signal })).map(({ logProbs }) =>
          logProbs.reduce((sum, x) => sum + x, 0),
        ),
    }),
  );
}

/**
 * A head on the representation, such as a top model's prediction: `head` is traced, takes (n) arrays and gives a scalar.
 * `name` tells heads apart in a run's file.
 */
export function representationObjective(
  weights: Weights,
  head: (representation: RelaxedRepresentation) => Value,
  options: ObjectiveOptions & { readonly name: string },
): Promise<ModelObjective> {
  return build(options.name, weights, options, (model, network, letters) => ({
    relaxed(p) {
      const { hidden, cFinal } = runRelaxed(network, letters, p);
      return head({
        hAvg: np.mean(hidden, { axis: 0 }),
        hFinal: np.index(hidden, -1),
        cFinal,
      });
    },
    async score(sequences, signal) {
      const found = await rep(sequences, { model, signal });
      const stack = (name: keyof RelaxedRepresentation): Value => {
        const n = model.config.units;
        const out = new Float32Array(found.length * n);
        found.forEach((r, i) => out.set(r[name], i * n));
        return array(out, { shape: [found.length, n] });
      };
      const scores = vmap(head)({
        hAvg: stack("hAvg"),
        hFinal: stack("hFinal"),
        cFinal: stack("cFinal"),
      });
      return (scores as AdArray).data();
    },
  }));
}

async function build(
  kind: string,
  weights: Weights,
  { letters = standardLetters, device = "cpu", threads = 0 }: ObjectiveOptions,
  parts: (
    model: UniRep,
    network: Network,
    letters: string,
  ) => Pick<Objective, "relaxed" | "score">,
): Promise<ModelObjective> {
  checkLetters("objective", letters);
  const model = await loadModel({ weights, device, threads });
  const network = await prepareNetwork(weights.params, device);
  return {
    ...parts(model, network, letters),
    letters,
    facts: { kind, weights: weights.info.sha256 },
    dispose: () => model.dispose(),
  };
}
