/** @file Task `sample`: Metropolis chains towards what the language model finds more probable, and the table of their steps. */
import path from "node:path";
import { languageModelObjective, sampleChains, type Chain, type SampleEvent } from "../../../training/index.ts"; // prettier-ignore
import { readSequences, type SequenceRecord } from "../../../unirep/index.ts";
import { BadInputError } from "../../handlers/work.ts";
import type { RunTask, TaskContext } from "../task-context.ts";
import type { TaskParams } from "../tasks.ts";
import { weightsOf } from "../weights.ts";
import { summaryOf, writeProposals } from "./sample-table.ts";

type Params = TaskParams<"sample">;
type Context = TaskContext<"sample">;

/** Milliseconds between two words on how far it is, and between two moments to keep the folder. */
const progressMs = 250;
const saveMs = 10_000;

/**
 * Runs the chains and writes every proposal to `out`, a CSV table in the order of steps. The score is the
 * log-probability of the protein and its stop, in nats. Chain k begins at sequence k, and where there are fewer
 * sequences than chains at the first ones again.
 */
export const runSample: RunTask<"sample"> = async (params, context) => {
  const { model, folder, options, out } = params;
  const { signal, threads } = context;
  const starters = await startersOf(params, signal);
  const file = path.join(folder, "proposals.jsonl");
  const { steps, seed, temperature, trustRadius } = options;
  const objective = await languageModelObjective(await weightsOf(model), { threads }); // prettier-ignore
  try {
    const events = sampleChains(starters, objective.score, {
      steps,
      seed,
      temperature,
      trustRadius: trustRadius ?? undefined,
      file,
      resume: true,
      facts: objective.facts,
      signal,
    });
    const chains = await follow(events, starters, steps, context);
    await writeProposals(file, starters.map(({ id }) => id), out, signal); // prettier-ignore
    return { summary: summaryOf(chains, steps) };
  } catch (error) {
    // Only the protein and the options decide whether a start has a score.
    const isTheirs = error instanceof RangeError && error.message.startsWith("sampleChains: "); // prettier-ignore
    throw isTheirs ? new BadInputError(error.message) : error;
  } finally {
    await objective.dispose();
  }
};

async function startersOf(
  { file, options: { chains } }: Params,
  signal: AbortSignal,
): Promise<SequenceRecord[]> {
  const records: SequenceRecord[] = [];
  for await (const record of readSequences([file], { signal })) {
    records.push(record);
    if (records.length > chains)
      throw new BadInputError(
        `sampling: expected at most as many sequences as chains (${chains}), got more: each begins a chain`,
      );
  }
  return Array.from({ length: chains }, (_, k) => records[k % records.length]);
}

async function follow(
  events: AsyncGenerator<SampleEvent, { readonly chains: readonly Chain[] }>,
  starters: readonly SequenceRecord[],
  steps: number,
  context: Context,
): Promise<readonly Chain[]> {
  const residues = starters.reduce((sum, x) => sum + x.sequence.length, 0);
  let begun = 0;
  let [beganAt, toldAt, savedAt] = [0, 0, 0];
  let best = -Infinity;
  for (;;) {
    const next = await events.next();
    if (next.done) return next.value.chains;
    const { type, step, chains } = next.value;
    const now = performance.now();
    if (type === "start") {
      begun = step;
      beganAt = toldAt = savedAt = now;
    } else context.computed(residues);
    const found = Math.max(...chains.map((chain) => chain.best.score));
    if (found > best) {
      best = found;
      if (type === "step")
        await context.tell({ event: { type: "accepted", step, best }, save: false }); // prettier-ignore
    }
    if (now - toldAt < progressMs && step < steps) continue;
    const save = now - savedAt >= saveMs;
    toldAt = now;
    if (save) savedAt = now;
    const seconds = (now - beganAt) / 1000;
    const rate = seconds > 0 ? (step - begun) / seconds : 0;
    await context.tell({
      event: {
        type: "progress",
        done: step * chains.length,
        total: steps * chains.length,
        residuesPerSecond: rate > 0 ? rate * residues : null,
        etaSeconds: rate > 0 ? (steps - step) / rate : null,
      },
      save,
    });
  }
}
