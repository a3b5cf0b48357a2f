/** @file Locally balanced proposals: the model's gradient says where a change is likely to gain; Hastings' correction is exact. */
import type { Device } from "../../ad/index.ts";
import { batchedGradients } from "./gradients.ts";
import type { Objective } from "./objective.ts";
import {
  checkKnown,
  checkLetters,
  checkSites,
  resolvePositions,
  type Positions,
} from "./positions.ts";
import type { Move, Mover, Proposal } from "./proposal.ts";

export interface GradientProposalOptions {
  /** Residues that may change, counted from 1; by default all. */
  readonly positions?: Positions | undefined;
  /** Letters that may be proposed; by default all of the objective's. */
  readonly letters?: string | undefined;
  /** Sequences differentiated together; what does not fit runs afterwards. Default 32. */
  readonly lanes?: number | undefined;
  readonly device?: Device | undefined;
  readonly threads?: number | undefined;
}

const who = "gradientProposal";

/** A row's sequence and the gradient there. */
interface Known {
  readonly sequence: string;
  readonly gradient: Float32Array;
}

/**
 * Changes one residue: x -> y with probability proportional to exp(d(y) / (2 T)), d the first-order estimate of
 * f(y) - f(x) from the gradient at the one-hot x, and T the temperature (Zanella 2020, with g(t) = sqrt(t); Grathwohl et al.
 * 2021). The estimate decides only how fast chains mix: their stationary distribution is that of the scores, even where
 * these are of another model.
 *
 * A step costs a gradient for each chain; a proposal beyond the trust radius costs none of its own sequence.
 */
export function gradientProposal(
  objective: Pick<Objective, "letters" | "relaxed" | "facts">,
  options: GradientProposalOptions = {},
): Proposal & { dispose(): Promise<void> } {
  const { letters, relaxed } = objective;
  const { positions, lanes = 32, device = "cpu", threads = 0 } = options;
  const { letters: open = letters } = options;
  checkLetters(who, open);
  checkKnown(who, open, letters);
  const isOpen = [...letters].map((letter) => open.includes(letter));
  if (!Number.isInteger(lanes) || lanes < 1)
    throw new RangeError(
      `${who}: expected lanes to be a positive integer, got ${lanes}`,
    );
  const gradients = batchedGradients(relaxed, letters, {
    device,
    threads,
    lanes,
  });

  /** Unnormalised logarithms of q(x -> y), (sites, letters), -Infinity for letters that cannot be proposed; and their logsumexp. */
  const moves = (
    sites: readonly number[],
    { sequence, gradient }: Known,
    temperature: number,
  ) => {
    const logs = new Float64Array(sites.length * letters.length);
    sites.forEach((i, s) => {
      const own = letters.indexOf(sequence[i]);
      const row = gradient.subarray(
        i * letters.length,
        (i + 1) * letters.length,
      );
      row.forEach((g, a) => {
        logs[s * letters.length + a] =
          a === own || !isOpen[a]
            ? -Infinity
            : (g - row[own]) / (2 * temperature);
      });
    });
    const most = logs.reduce((a, b) => Math.max(a, b), -Infinity);
    const shares = logs.map((x) => Math.exp(x - most));
    const total = shares.reduce((a, b) => a + b, 0);
    return { logs, shares, total, logTotal: most + Math.log(total) };
  };

  return {
    facts: {
      kind: "gradient",
      letters: open,
      positions: positions ?? "all",
      model: objective.facts,
    },
    dispose: () => gradients.dispose(),
    begin(starters): Mover {
      const byLength = new Map<number, number[]>();
      for (const starter of starters) {
        const sites = resolvePositions(who, positions, starter.length);
        if (sites.length === 0)
          throw new RangeError(
            `${who}: expected at least 1 position that may change, got 0`,
          );
        checkKnown(who, starter, letters);
        checkSites(who, starter, sites, open);
        byLength.set(starter.length, sites);
      }
      const sitesOf = ({ length }: string) => byLength.get(length) as number[];
      /** What the last step knows of each row: where it was and where it might have gone. */
      let known: readonly (readonly Known[])[] = [];
      /** All rows or none are computed, so that a resumed run, which knows none, computes the same batches. */
      const at = async (
        sequences: readonly string[],
        signal: AbortSignal | undefined,
      ): Promise<Known[]> => {
        const found = sequences.map((sequence, k) =>
          known[k]?.find((x) => x.sequence === sequence),
        );
        if (found.every((x) => x !== undefined)) return found;
        const fresh = await gradients.run(sequences, signal);
        return sequences.map((sequence, k) => ({
          sequence,
          gradient: fresh[k],
        }));
      };
      const logProbability = (from: Known, to: string, temperature: number) => {
        const sites = sitesOf(to);
        const { logs, logTotal } = moves(sites, from, temperature);
        const s = sites.findIndex((i) => from.sequence[i] !== to[i]);
        return (
          logs[s * letters.length + letters.indexOf(to[sites[s]])] - logTotal
        );
      };
      return {
        async propose(sequences, dice, { temperature, signal }) {
          const here = await at(sequences, signal);
          known = here.map((x) => [x]);
          return here.map((x, k) => {
            const sites = sitesOf(x.sequence);
            const { shares, total } = moves(sites, x, temperature);
            const drawn = dice[k].pick(shares, total);
            const i = sites[Math.floor(drawn / letters.length)];
            const letter = letters[drawn % letters.length];
            return x.sequence.slice(0, i) + letter + x.sequence.slice(i + 1);
          });
        },
        async correction(list: readonly Move[], { temperature, signal }) {
          const here = await at(
            list.map(({ from }) => from),
            signal,
          );
          const there = await at(
            list.map(({ to }) => to),
            signal,
          );
          known = here.map((x, k) => [x, there[k]]);
          return list.map(({ from, to }, k) =>
            from === to
              ? 0
              : logProbability(there[k], from, temperature) -
                logProbability(here[k], to, temperature),
          );
        },
      };
    },
  };
}
