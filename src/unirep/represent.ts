/** @file `rep`: sequences to UniRep representations. */
import { nameSequence, type SequenceInput } from "./inputs.ts";
import { sharedModel, type UniRep, type ModelOptions } from "./load-model.ts";
import type { Representation } from "./representation.ts";
import { Results } from "./results.ts";
import {
  runSequences,
  type RunOptions,
  type Sequences,
} from "./run-sequences.ts";

export interface RepOptions extends RunOptions, Omit<ModelOptions, "model"> {
  /** Published architecture, by default `"1900"`, or a model from `loadModel`. */
  readonly model?: ModelOptions["model"] | UniRep;
  /** Also returns every top hidden state, (L + 1, n). */
  readonly perResidue?: boolean | undefined;
}

/**
 * UniRep representations: `await rep("MKLV")` gives one, `await rep(["MKLV", ...])` an array in input order, and
 * `for await (const r of rep(readSequences(paths)))` one after the other with bounded memory.
 *
 * A sequence reads [start, residues], without stop; `hAvg` is the mean of the top layer's L + 1 hidden states,
 * `hFinal` and `cFinal` its last states (churchlab/UniRep `get_rep`). Results do not depend on which sequences share
 * a batch (to 1e-5). A sequence with a letter that is no amino acid ends the call with a LetterError that names its
 * place and column; an array is checked whole before anything runs.
 */
export function rep(
  sequence: string,
  options?: RepOptions,
): Promise<Representation>;
export function rep(
  sequences: Sequences,
  options?: RepOptions,
): Results<Representation>;
export function rep(
  sequences: string | Sequences,
  options: RepOptions = {},
): Promise<Representation> | Results<Representation> {
  const { perResidue = false } = options;
  const run = (input: Sequences) =>
    async function* () {
      options.signal?.throwIfAborted();
      checkWhole(input);
      const model = await sharedModel(options);
      const n = model.config.units;
      yield* runSequences<Representation>(
        "rep",
        input,
        model.engine(perResidue ? "residues" : "represent"),
        ({ length }) => 4 * n * (perResidue ? length + 4 : 3),
        ({ id, sequence: { length } }, { sum, h, c, hidden }) => ({
          id,
          length,
          hAvg: Float32Array.from(sum, (x) => x / (length + 1)),
          hFinal: h as Float32Array,
          cFinal: c as Float32Array,
          ...(hidden && { perResidue: hidden as Float32Array }),
        }),
        options,
      );
    };
  if (typeof sequences !== "string") return new Results(run(sequences));
  return new Results(run([sequences])).then(([only]) => only);
}

/** An array can be checked before anything is computed; a stream only as it comes. */
export function checkWhole(sequences: Sequences): void {
  if (Array.isArray(sequences))
    sequences.forEach((input: SequenceInput, i) => nameSequence(input, i));
}
