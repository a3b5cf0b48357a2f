/** @file One step of all chains: propose, leave out what is too far, score the rest in one call, decide. */
import { accepts, type Chain, type ProposalRecord } from "./chain.ts";
import type { Dice } from "./dice.ts";
import { hamming, shorten } from "./positions.ts";
import type { Mover } from "./proposal.ts";

/** Scores sequences, higher is better, in their order; -Infinity forbids one. */
export type ScoreSequences = (
  sequences: readonly string[],
  signal?: AbortSignal,
) => ArrayLike<number> | Promise<ArrayLike<number>>;

export interface StepInputs {
  readonly step: number;
  readonly temperature: number;
  /** One a chain. */
  readonly dice: readonly Dice[];
  readonly mover: Mover;
  readonly score: ScoreSequences;
  readonly trustRadius: number;
  readonly signal: AbortSignal | undefined;
}

/** Step 0: every chain on its starter, whose score has to be finite. */
export async function scoreStarters(
  chains: readonly Chain[],
  score: ScoreSequences,
  signal: AbortSignal | undefined,
): Promise<ProposalRecord[]> {
  const starters = chains.map(({ starter }) => starter);
  const scores = await checkedScores(starters, score, signal);
  return chains.map(({ chain, starter, id }, k) => {
    if (scores[k] === -Infinity)
      throw new RangeError(
        `sampleChains: expected a finite score of starter ${id}, got -Infinity`,
      );
    return {
      step: 0,
      chain,
      sequence: starter,
      score: scores[k],
      accepted: true,
      reason: "starter",
    };
  });
}

export async function proposeStep(
  chains: readonly Chain[],
  inputs: StepInputs,
): Promise<ProposalRecord[]> {
  const { step, temperature, dice, mover, trustRadius, signal } = inputs;
  const proposed = await mover.propose(
    chains.map(({ sequence }) => sequence),
    dice,
    { temperature, signal },
  );
  checkProposals(chains, proposed);
  const isNear = proposed.map(
    (sequence, k) => hamming(sequence, chains[k].starter) <= trustRadius,
  );
  const near = proposed.filter((_, k) => isNear[k]);
  const scores =
    near.length > 0 ? await checkedScores(near, inputs.score, signal) : [];
  const corrections =
    near.length > 0
      ? await mover.correction(
          chains.map(({ sequence: from }, k) => ({
            from,
            to: isNear[k] ? proposed[k] : from,
          })),
          { temperature, signal },
        )
      : [];
  let next = 0;
  return chains.map(({ chain, score: before }, k) => {
    const record = { step, chain, sequence: proposed[k] };
    if (!isNear[k])
      return {
        ...record,
        score: null,
        accepted: false,
        reason: "trust radius",
      };
    const score = scores[next++];
    if (score === -Infinity)
      return { ...record, score: null, accepted: false, reason: "forbidden" };
    const accepted = accepts(
      before,
      score,
      temperature,
      corrections[k],
      dice[k].uniform(),
    );
    const reason = accepted ? "accepted" : "rejected";
    return { ...record, score, accepted, reason };
  });
}

async function checkedScores(
  sequences: readonly string[],
  score: ScoreSequences,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const scores = Array.from(await score(sequences, signal));
  if (scores.length !== sequences.length)
    throw new RangeError(
      `sampleChains: expected a score for each of ${sequences.length} sequences, got ${scores.length}`,
    );
  const bad = scores.findIndex((x) => !(x < Infinity));
  if (bad >= 0)
    throw new RangeError(
      `sampleChains: expected scores to be numbers or -Infinity, got ${scores[bad]} for ${shorten(sequences[bad])}`,
    );
  return scores;
}

/** The trust radius counts differing letters, which needs sequences of one length. */
function checkProposals(
  chains: readonly Chain[],
  proposed: readonly string[],
): void {
  const bad = chains.findIndex(
    ({ sequence }, k) => proposed[k]?.length !== sequence.length,
  );
  if (bad >= 0)
    throw new RangeError(
      `sampleChains: expected a proposal of ${chains[bad].sequence.length} residues for chain ${chains[bad].chain}, got ${proposed[bad]?.length ?? "none"}`,
    );
}
