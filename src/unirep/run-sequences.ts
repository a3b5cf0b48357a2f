/** @file What `rep` and `score` share: sequences in, engine, results out, identical sequences computed once. */
import { encode } from "./alphabet.ts";
import type { Engine } from "./engine/engine.ts";
import type { Caller, Finished } from "./engine/job.ts";
import {
  nameSequence,
  rareLetterWarning,
  type NamedSequence,
  type SequenceInput,
} from "./inputs.ts";
import { windowed } from "./window.ts";

export interface Progress {
  /** Sequences and residues finished so far. */
  readonly sequences: number;
  readonly residues: number;
}

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** `input` (default): results in the order of the sequences. `completion`: as they are done. */
  readonly order?: "input" | "completion" | undefined;
}

export type Sequences = Iterable<SequenceInput> | AsyncIterable<SequenceInput>;

/** Bytes of results that may wait for a slower sequence before them. */
const mostResultBytes = 512 * 2 ** 20;

/**
 * Runs sequences through an engine and turns what it gives into results. The window holds enough sequences to choose
 * the longest from, and no more, so memory does not grow with the input.
 */
export async function* runSequences<R>(
  who: string,
  sequences: Sequences,
  engine: Engine,
  resultBytes: (sequence: string) => number,
  finish: (sequence: NamedSequence, finished: Finished) => R,
  { signal, onProgress, order = "input" }: RunOptions,
): AsyncGenerator<R> {
  const caller = { more: true, fetching: true };
  const running = new Map<
    string,
    { result: Promise<Finished>; users: number }
  >();
  const progress = { sequences: 0, residues: 0 };

  const work = async (
    sequence: NamedSequence,
    stop: AbortSignal,
  ): Promise<R> => {
    let shared = running.get(sequence.sequence);
    if (!shared) {
      shared = {
        result: engine.submit(encode(sequence.sequence), caller, stop),
        users: 0,
      };
      running.set(sequence.sequence, shared);
    }
    const isFirst = shared.users++ === 0;
    try {
      const finished = await shared.result;
      const result = finish(sequence, isFirst ? finished : copy(finished));
      progress.sequences++;
      progress.residues += sequence.sequence.length;
      onProgress?.({ ...progress });
      return result;
    } finally {
      if (--shared.users === 0) running.delete(sequence.sequence);
    }
  };
  yield* windowed(named(who, sequences, caller), work, {
    most: Math.max(2048, 4 * engine.lanes),
    mostCost: mostResultBytes,
    cost: ({ sequence }) => resultBytes(sequence),
    order,
    signal,
  });
}

/** Results of identical sequences share no memory: whoever changes or transfers one leaves the others whole. */
const copy = (finished: Finished): Finished => ({
  ...finished,
  h: finished.h.slice(),
  c: finished.c.slice(),
  hidden: finished.hidden && finished.hidden.slice(),
  logProbs: finished.logProbs && finished.logProbs.slice(),
});

async function* named(
  who: string,
  sequences: Sequences,
  caller: Caller,
): AsyncGenerator<NamedSequence> {
  const warn = rareLetterWarning(who);
  let index = 0;
  for await (const input of sequences) {
    const sequence = nameSequence(input, index++);
    warn(sequence);
    caller.fetching = false;
    yield sequence;
    caller.fetching = true;
  }
  caller.more = caller.fetching = false;
}
