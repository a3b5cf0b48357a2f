/** @file Proposals that change letters at random sites: uniform unless weights say otherwise. */
import type { Dice } from "./dice.ts";
import { readPwm, type Pwm, type PwmRow } from "./pwm.ts";
import {
  checkLetters,
  checkSites,
  resolvePositions,
  standardLetters,
  type Positions,
} from "./positions.ts";
import type { Proposal } from "./proposal.ts";

export interface SiteProposalOptions {
  /** Residues that may change, counted from 1; by default all. */
  readonly positions?: Positions | undefined;
  /** How often each residue of the sequence is chosen, relative to the others; by default all alike. */
  readonly positionWeights?: readonly number[] | undefined;
  /** How often each letter is proposed at each residue of the sequence; by default all alike. */
  readonly pwm?: Pwm | undefined;
  /** Letters that may be proposed; by default the 20 amino acids. */
  readonly letters?: string | undefined;
  /** Residues changed by a step: a number, or 1 + Poisson(poisson - 1) of them. Default 1. */
  readonly mutations?: number | { readonly poisson: number } | undefined;
}

const who = "siteProposal";

/** Indices of the residues that may change, and the weight of each. */
interface Sites {
  readonly open: readonly number[];
  readonly weights: Float64Array;
}

/**
 * Changes `mutations` different residues, drawn by `positionWeights`, each to another letter, drawn by its row of `pwm`
 * without the letter that is there. Without a PWM the proposal is symmetric; with one its correction is exact.
 */
export function siteProposal(options: SiteProposalOptions = {}): Proposal {
  const { letters = standardLetters, mutations = 1, positions } = options;
  checkLetters(who, letters);
  checkMutations(mutations);
  // Copies: what the caller does with its arrays afterwards changes nothing here.
  const weights =
    options.positionWeights && readWeights(options.positionWeights);
  const pwm = options.pwm && readPwm(who, options.pwm, letters);
  const uniform: PwmRow = {
    share: new Float64Array(letters.length).fill(1 / letters.length),
  };
  const rowOf = (i: number): PwmRow => pwm?.[i] ?? uniform;
  const sitesOf = (length: number): Sites => {
    const open = resolvePositions(who, positions, length).filter(
      (i) => (weights?.[i] ?? 1) > 0,
    );
    return { open, weights: Float64Array.from(open, (i) => weights?.[i] ?? 1) };
  };

  const propose = (sequence: string, { open, weights }: Sites, dice: Dice) => {
    const wanted =
      typeof mutations === "number"
        ? mutations
        : 1 + dice.poisson(mutations.poisson - 1);
    const left = weights.slice();
    let out = sequence;
    for (let k = Math.min(wanted, open.length); k > 0; k--) {
      const s = dice.pick(left, sum(left));
      left[s] = 0;
      const i = open[s];
      const share = rowOf(i).share.slice();
      share[letters.indexOf(sequence[i])] = 0;
      const letter = letters[dice.pick(share, sum(share))];
      out = out.slice(0, i) + letter + out.slice(i + 1);
    }
    return out;
  };
  /** log of the probability that a residue that changes goes from `from` to `to`. */
  const logLetter = (i: number, from: string, to: string): number => {
    const { share } = rowOf(i);
    const others = share.filter((_, a) => letters[a] !== from);
    return Math.log(share[letters.indexOf(to)]) - Math.log(sum(others));
  };

  return {
    facts: {
      kind: "sites",
      letters,
      mutations,
      positions: positions ?? "all",
      positionWeights: weights ? Array.from(weights) : "equal",
      pwm: pwm ? pwm.map(({ share }) => Array.from(share)) : "equal",
    },
    begin(starters) {
      const byLength = new Map<number, Sites>();
      for (const starter of starters) {
        const { length } = starter;
        checkLength("positionWeights", weights, length);
        checkLength("pwm", pwm, length);
        const sites = byLength.get(length) ?? sitesOf(length);
        byLength.set(length, sites);
        const { open } = sites;
        const needed = typeof mutations === "number" ? mutations : 1;
        if (open.length < needed)
          throw new RangeError(
            `${who}: expected at least ${needed} positions that may change, got ${open.length}`,
          );
        checkSites(who, starter, open, letters);
        for (const i of open) checkRow(rowOf(i), starter[i], i, letters);
      }
      return {
        propose: (sequences, dice) =>
          sequences.map((sequence, k) =>
            propose(sequence, byLength.get(sequence.length) as Sites, dice[k]),
          ),
        // Which residues change does not depend on the letters there, so that only the letters' part is left.
        correction: (moves) =>
          moves.map(({ from, to }) => {
            let log = 0;
            if (pwm)
              for (let i = 0; i < from.length; i++)
                if (from[i] !== to[i])
                  log +=
                    logLetter(i, to[i], from[i]) - logLetter(i, from[i], to[i]);
            return log;
          }),
      };
    },
  };
}

function sum(x: Float64Array): number {
  let total = 0;
  for (const value of x) total += value;
  return total;
}

function checkMutations(
  mutations: NonNullable<SiteProposalOptions["mutations"]>,
): void {
  const fits =
    typeof mutations === "number"
      ? Number.isInteger(mutations) && mutations >= 1
      : mutations.poisson >= 1 && mutations.poisson <= 100;
  if (!fits)
    throw new RangeError(
      `${who}: expected mutations to be an integer from 1, or { poisson: mean } with a mean from 1 to 100, got ${JSON.stringify(mutations)}`,
    );
}

function checkRow(
  { share }: PwmRow,
  letter: string,
  i: number,
  letters: string,
): void {
  const hasOther = share.some((w, a) => w > 0 && letters[a] !== letter);
  if (share[letters.indexOf(letter)] === 0 || !hasOther)
    throw new RangeError(
      `${who}: expected the PWM to give a weight above 0 to the starter's letter ${letter} at position ${i + 1} and to another one, so that a move can be undone, got ${JSON.stringify(Object.fromEntries([...letters].map((x, a) => [x, share[a]] as const).filter(([, w]) => w > 0)))}; give them a small weight, or leave the position out of positions`,
    );
}

function readWeights(weights: readonly number[]): Float64Array {
  const bad = weights.findIndex((w) => !(w >= 0 && w < Infinity));
  if (bad >= 0)
    throw new RangeError(
      `${who}: expected positionWeights to be numbers from 0, got ${weights[bad]} at position ${bad + 1}`,
    );
  return Float64Array.from(weights);
}

function checkLength(
  name: string,
  rows: { readonly length: number } | undefined,
  length: number,
): void {
  if (rows && rows.length !== length)
    throw new RangeError(
      `${who}: expected ${name} to have an entry for each of the ${length} residues of a starter, got ${rows.length}`,
    );
}
