/** @file What sampling leaves: the table of all proposals, and the best that each chain has found. */
import { createReadStream, createWriteStream } from "node:fs";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import { stringify } from "csv-stringify/sync";
import type { Chain, ProposalRecord } from "../../../training/index.ts";

type Proposal = ProposalRecord & { readonly temperature: number | null };

const columns = ["chain", "start", "step", "sequence", "score", "accepted", "reason", "temperature"] as const; // prettier-ignore

/**
 * Writes the proposals of the run kept in `file` to a CSV table, step by step and within a step by chain; `starts` are
 * names of the chains' starting proteins. A score that was not computed is an empty cell.
 */
export async function writeProposals(
  file: string,
  starts: readonly string[],
  out: string,
  signal: AbortSignal,
): Promise<void> {
  async function* rows(): AsyncGenerator<string> {
    yield row(columns);
    const lines = createInterface({ input: createReadStream(file) });
    for await (const text of lines) {
      const line = JSON.parse(text) as Proposal | { readonly meta: unknown };
      if ("meta" in line) continue;
      const cells = { ...line, start: starts[line.chain] };
      yield row(columns.map((name) => String(cells[name] ?? "")));
    }
  }
  await pipeline(rows, createWriteStream(out), { signal });
}

const row = (cells: readonly string[]): string =>
  stringify([[...cells]], { record_delimiter: "\n" });

/** How often the chains moved, the best protein of all in full, and where the table has the best one of each chain. */
export function summaryOf(
  chains: readonly Chain[],
  steps: number,
): Readonly<Record<string, unknown>> {
  const moves = chains.reduce((sum, chain) => sum + chain.moves, 0);
  const best = chains.reduce((a, b) => (b.best.score > a.best.score ? b : a));
  return {
    chains: chains.length,
    steps,
    acceptedShare: steps === 0 ? 0 : moves / (steps * chains.length),
    best: { ...bestOf(best), sequence: best.best.sequence },
    bestOfChains: chains.map(bestOf),
  };
}

const bestOf = ({ chain, id, starter, best }: Chain) => ({
  chain,
  start: id,
  step: best.step,
  score: best.score,
  mutations: [...best.sequence].filter((x, i) => x !== starter[i]).length,
});
