/** @file `score`: how probable the language model finds each sequence. */
import { sharedModel, type ModelOptions, type UniRep } from "./load-model.ts";
import { checkWhole } from "./represent.ts";
import type { Score } from "./representation.ts";
import { Results } from "./results.ts";
import {
  runSequences,
  type RunOptions,
  type Sequences,
} from "./run-sequences.ts";

export interface ScoreOptions extends RunOptions, Omit<ModelOptions, "model"> {
  /** Published architecture, by default `"1900"`, or a model from `loadModel`. */
  readonly model?: ModelOptions["model"] | UniRep;
}

/**
 * Language-model scores: categorical cross-entropy of the targets [residues, stop] given [start, residues], averaged
 * over the L + 1 targets of each sequence (churchlab/UniRep's loss of one sequence). Called like `rep`.
 */
export function score(sequence: string, options?: ScoreOptions): Promise<Score>;
export function score(
  sequences: Sequences,
  options?: ScoreOptions,
): Results<Score>;
export function score(
  sequences: string | Sequences,
  options: ScoreOptions = {},
): Promise<Score> | Results<Score> {
  const run = (input: Sequences) =>
    async function* () {
      options.signal?.throwIfAborted();
      checkWhole(input);
      const model = await sharedModel(options);
      yield* runSequences<Score>(
        "score",
        input,
        model.engine("score"),
        ({ length }) => 4 * (length + 4),
        ({ id, sequence: { length } }, { logProbs, hits }) => {
          const targets = logProbs as Float32Array;
          const crossEntropy =
            -targets.reduce((sum, x) => sum + x, 0) / targets.length;
          return {
            id,
            length,
            crossEntropy,
            perplexity: Math.exp(crossEntropy),
            accuracy: hits / targets.length,
            logProbs: targets,
          };
        },
        options,
      );
    };
  if (typeof sequences !== "string") return new Results(run(sequences));
  return new Results(run([sequences])).then(([only]) => only);
}
