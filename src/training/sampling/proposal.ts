/** @file What a kind of proposal is: how it moves chains, and how likely the way back is compared with the way there. */
import type { Dice } from "./dice.ts";

/** One chain's proposal; `to` is `from` for a chain whose proposal was left out. */
export interface Move {
  readonly from: string;
  readonly to: string;
}

export interface Step {
  readonly temperature: number;
  readonly signal?: AbortSignal | undefined;
}

/** A proposal at work in one run. Rows are the run's chains, always all of them in the same order. */
export interface Mover {
  /** A new sequence of the same length for each chain, drawn with that chain's dice. */
  propose(
    sequences: readonly string[],
    dice: readonly Dice[],
    step: Step,
  ): readonly string[] | Promise<readonly string[]>;
  /** log q(to -> from) - log q(from -> to) of each move: Hastings' correction, 0 for symmetric proposals. */
  correction(
    moves: readonly Move[],
    step: Step,
  ): readonly number[] | Promise<readonly number[]>;
}

export interface Proposal {
  /** What decides its draws, for the run's file; a run goes on only under the same. */
  readonly facts: Readonly<Record<string, unknown>>;
  /** Begins a run; throws unless it can move from each starter and back. */
  begin(starters: readonly string[]): Mover;
}
