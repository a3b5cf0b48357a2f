/** @file `sampleChains`: Metropolis chains that step together and are scored in one call a step. */
import type { FileHandle } from "node:fs/promises";
import { random } from "../../ad/index.ts";
import { nameSequence, type SequenceInput } from "../../unirep/index.ts";
import { follow, type Chain, type ProposalRecord } from "./chain.ts";
import { foldKey, rollDice } from "./dice.ts";
import type { Proposal } from "./proposal.ts";
import {
  appendStep,
  createSampleFile,
  reopenSampleFile,
  type RunFacts,
} from "./sample-file.ts";
import {
  proposeStep,
  scoreStarters,
  type ScoreSequences,
} from "./sample-step.ts";
import { siteProposal } from "./site-proposal.ts";
import {
  temperatureAt,
  temperatureFacts,
  type Temperature,
} from "./temperature.ts";

export interface SampleOptions {
  /** Proposals of each chain. */
  readonly steps: number;
  /** Decides all draws, with each chain's number. Default 0. */
  readonly seed?: number | undefined;
  /** How chains move. Default `siteProposal()`: one residue, any other amino acid, all alike. */
  readonly proposal?: Proposal | undefined;
  /** In units of the score. Default 0.1. */
  readonly temperature?: Temperature | undefined;
  /** Most residues in which a chain may differ from its starter; default: any number. */
  readonly trustRadius?: number | undefined;
  /** Number of the first chain, so that runs of some chains each are parts of a larger one. Default 0. */
  readonly firstChain?: number | undefined;
  /** JSON Lines file of all proposals. */
  readonly file?: string | undefined;
  /** Goes on from `file`; without one the run begins. */
  readonly resume?: boolean | undefined;
  /** What the scores depend on, such as the hash of a model, kept in `file`: a run goes on only under the same. */
  readonly facts?: Readonly<Record<string, unknown>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type SampleEvent =
  | {
      readonly type: "start";
      /** Steps done in an earlier session. */
      readonly step: number;
      readonly chains: readonly Chain[];
    }
  | {
      readonly type: "step";
      readonly step: number;
      readonly temperature: number;
      /** One a chain, in the chains' order. */
      readonly proposals: readonly ProposalRecord[];
      readonly chains: readonly Chain[];
    };

export interface SampleResult {
  readonly steps: number;
  readonly chains: readonly Chain[];
}

/**
 * One Metropolis chain a starter. Each step proposes a sequence for every chain, leaves out those beyond the trust
 * radius, scores the others in one call, and moves with probability
 * min(1, exp((new - old) / temperature) q(new -> old) / q(old -> new)). A chain's draws depend on the seed and its number
 * alone; with scores that do not depend on the batch, so does everything else about it.
 *
 * With `file` every proposal is kept, and `resume` goes on after a crash or an abort exactly as if there had been none.
 */
export async function* sampleChains(
  starters: Iterable<SequenceInput>,
  score: ScoreSequences,
  options: SampleOptions,
): AsyncGenerator<SampleEvent, SampleResult> {
  const {
    steps,
    seed = 0,
    firstChain = 0,
    temperature = 0.1,
    signal,
  } = options;
  const { trustRadius = Infinity, proposal = siteProposal() } = options;
  signal?.throwIfAborted();
  checkOptions(options);
  let chains = [...starters].map((input, i): Chain => {
    const { id, sequence } = nameSequence(input, i);
    const best = { sequence, score: -Infinity, step: 0 };
    return {
      chain: firstChain + i,
      id,
      starter: sequence,
      sequence,
      score: -Infinity,
      moves: 0,
      best,
    };
  });
  if (chains.length === 0)
    throw new RangeError(
      "sampleChains: expected at least one starter, got none",
    );
  const key = random.threefry.prngKey(seed);
  const keys = chains.map(({ chain }) => foldKey(key, chain));
  const mover = proposal.begin(chains.map(({ starter }) => starter));

  let done = -1;
  const take = (records: readonly ProposalRecord[]): void => {
    chains = chains.map((chain, k) => follow(chain, records[k]));
    done = records[0].step;
  };
  const facts: RunFacts = {
    starters: chains.map(({ starter }) => starter),
    seed,
    firstChain,
    temperature: temperatureFacts(temperature, steps),
    trustRadius: Number.isFinite(trustRadius) ? trustRadius : "none",
    proposal: proposal.facts,
    score: options.facts ?? {},
  };
  const { file, resume = false } = options;
  let handle: FileHandle | null = null;
  try {
    if (file !== undefined && resume)
      handle = await reopenSampleFile(file, facts, chains.length, take);
    if (file !== undefined) handle ??= await createSampleFile(file, facts);
    if (done < 0) {
      const records = await scoreStarters(chains, score, signal);
      take(records);
      if (handle) await appendStep(handle, records, null);
    }
    yield { type: "start", step: done, chains };
    while (done < steps) {
      signal?.throwIfAborted();
      const step = done + 1;
      const now = temperatureAt(temperature, step, steps);
      const records = await proposeStep(chains, {
        step,
        temperature: now,
        dice: keys.map((key) => rollDice(foldKey(key, step))),
        mover,
        score,
        trustRadius,
        signal,
      });
      take(records);
      if (handle) await appendStep(handle, records, now);
      yield {
        type: "step",
        step,
        temperature: now,
        proposals: records,
        chains,
      };
    }
    return { steps: done, chains };
  } finally {
    await handle?.close();
  }
}

function checkOptions(options: SampleOptions): void {
  const {
    steps,
    firstChain = 0,
    trustRadius = Infinity,
    resume,
    file,
  } = options;
  const whole = (name: string, value: number) => {
    if (!Number.isSafeInteger(value) || value < 0)
      throw new RangeError(
        `sampleChains: expected ${name} to be an integer from 0, got ${value}`,
      );
  };
  whole("steps", steps);
  whole("firstChain", firstChain);
  if (trustRadius !== Infinity) whole("trustRadius", trustRadius);
  if (resume && file === undefined)
    throw new TypeError(
      "sampleChains: expected a file to resume from, got none",
    );
}
