/** @file A Metropolis chain: where it is, what it has seen, and how a proposal changes it. */

/** What became of a proposal. */
export type Reason =
  /** The chain moved there. */
  | "accepted"
  /** Metropolis' coin fell the other way. */
  | "rejected"
  /** Too far from the starter; never scored. */
  | "trust radius"
  /** Its score was -Infinity. */
  | "forbidden"
  /** Step 0: where the chain begins. */
  | "starter";

/** One proposal of one chain. */
export interface ProposalRecord {
  readonly step: number;
  readonly chain: number;
  readonly sequence: string;
  /** null where nothing was scored, or the score was -Infinity. */
  readonly score: number | null;
  readonly accepted: boolean;
  readonly reason: Reason;
}

export interface Best {
  readonly sequence: string;
  readonly score: number;
  readonly step: number;
}

export interface Chain {
  /** Its number, which with the seed decides its draws. */
  readonly chain: number;
  readonly id: string;
  readonly starter: string;
  /** Where it is now. */
  readonly sequence: string;
  readonly score: number;
  /** Moves made. */
  readonly moves: number;
  /** The best sequence it has stood on; the first of equals. */
  readonly best: Best;
}

/** The chain after `record`. */
export function follow(chain: Chain, record: ProposalRecord): Chain {
  if (!record.accepted) return chain;
  const { sequence, step } = record;
  const score = record.score as number;
  if (record.reason === "starter")
    return { ...chain, score, best: { sequence, score, step } };
  const isBest = score > chain.best.score;
  return {
    ...chain,
    sequence,
    score,
    moves: chain.moves + 1,
    best: isBest ? { sequence, score, step } : chain.best,
  };
}

/**
 * Whether Metropolis moves: min(1, exp((after - before) / temperature + correction)) against a uniform draw, as
 * logarithms, so that no gain overflows and no loss underflows.
 */
export function accepts(
  before: number,
  after: number,
  temperature: number,
  correction: number,
  uniform: number,
): boolean {
  const log = (after - before) / temperature + correction;
  return log >= 0 || Math.log(uniform) < log;
}
