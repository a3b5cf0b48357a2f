/** @file `unirep sample`: Metropolis chains from the proteins of files towards a higher score. */
import { Command } from "commander";
import type { Chain, ModelObjective, Proposal, SampleEvent, SampleResult } from "../training/index.ts"; // prettier-ignore
import type { SequenceRecord, WeightsInfo } from "../unirep/index.ts";
import { exitCodes, exitCodesHelp, Interrupted } from "./exit-codes.ts";
import { interruptible } from "./interruptible.ts";
import { checkSampleOptions, sampleOptions, type SampleCommandOptions } from "./sample-options.ts"; // prettier-ignore
import type { NamedRow } from "./write-sequences.ts";

export function sampleCommand(): Command {
  const command = new Command("sample")
    .description("change proteins towards a higher score, by Metropolis chains")
    .argument(
      "<inputs...>",
      "FASTA, GenPept/GenBank or SnapGene protein files, plain or gzip; - is standard input",
    );
  for (const option of sampleOptions()) command.addOption(option);
  return command
    .addHelpText(
      "after",
      `\nExamples:\n  unirep sample start.fasta -o sampled.fasta --model 64 --chains 100 --steps 2000\n  unirep sample gfp.fasta -o designs.csv --top-model brightness.safetensors --temperature 0.1 --cool-to 0.01 --positions 29-110 --trust-radius 15 --mutations poisson:1.5\n  unirep sample start.fasta -o sampled.fasta --proposal gradient --resume\n${exitCodesHelp}`,
    )
    .action(
      (inputs: string[], options: SampleCommandOptions, command: Command) => {
        checkSampleOptions(command, options);
        return interruptible((signal) => run(inputs, options, signal));
      },
    );
}

async function run(
  inputs: readonly string[],
  options: SampleCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  const { gradientProposal, sampleChains, siteProposal } = await import("../training/index.ts"); // prettier-ignore
  const { startClock } = await import("./finish.ts");
  const { readAll } = await import("./training-input.ts");
  const { writeSequences } = await import("./write-sequences.ts");
  const clock = startClock();
  const { output, steps, chains, positions, letters, seed, trustRadius } = options; // prettier-ignore
  const { records, account } = await readAll(inputs, options, signal);
  const { objective, info } = await objectiveOf(options);
  const proposal: Proposal =
    options.proposal === "gradient"
      ? gradientProposal(objective, { positions, letters, device: options.device, threads: options.threads }) // prettier-ignore
      : siteProposal({ positions, letters, mutations: options.mutations });
  const { temperature = 1, coolTo } = options;
  const file = `${output}.proposals.jsonl`;
  const events = sampleChains(startersOf(records, chains), objective.score, {
    steps,
    seed,
    proposal,
    temperature: coolTo === undefined ? temperature : { from: temperature, to: coolTo }, // prettier-ignore
    trustRadius,
    file,
    resume: options.resume,
    facts: objective.facts,
    signal,
  });
  const { result, resumedFrom } = await follow(events, steps, file, signal);
  await writeSequences(output, result.chains.map(rowOf));
  await finishSample(options, {
    result,
    resumedFrom,
    info,
    seconds: clock(),
    files: [output, file],
  });
  if (account.read.skipped > 0) process.exitCode = exitCodes.skipped;
}

/** Each record as many times as there are chains from it. */
const startersOf = (
  records: readonly SequenceRecord[],
  chains: number,
): { id: string; sequence: string }[] =>
  records.flatMap(({ id, sequence }) =>
    Array.from({ length: chains }, () => ({ id, sequence })),
  );

async function objectiveOf(
  options: SampleCommandOptions,
): Promise<{ objective: ModelObjective; info: WeightsInfo }> {
  const training = await import("../training/index.ts");
  const { device, threads, label } = options;
  if (options.topModel !== undefined) {
    const model = await training.loadTopModel(options.topModel);
    const { weights } = options;
    const objective = await training.topModelObjective(model, { device, threads, label, weights }); // prettier-ignore
    return { objective, info: (model.base as NonNullable<typeof model.base>).info }; // prettier-ignore
  }
  const { commandWeights } = await import("./model.ts");
  const weights = await commandWeights(options);
  const objective = await training.languageModelObjective(weights, { device, threads }); // prettier-ignore
  return { objective, info: weights.info };
}

/** Shows the steps; an interruption says what is kept and how to go on. */
async function follow(
  events: AsyncGenerator<SampleEvent, SampleResult>,
  steps: number,
  file: string,
  signal: AbortSignal,
): Promise<{ result: SampleResult; resumedFrom: number }> {
  const { startProgress } = await import("./progress.ts");
  let progress: Awaited<ReturnType<typeof startProgress>> | undefined;
  let resumedFrom = 0;
  let residues = 0;
  try {
    for (;;) {
      const next = await events.next();
      if (next.done) return { result: next.value, resumedFrom };
      const { type, step, chains } = next.value;
      if (type === "start") {
        resumedFrom = step;
        residues = chains.reduce((sum, x) => sum + x.sequence.length, 0);
        progress = await startProgress("sample", { total: steps * residues, from: step * residues }); // prettier-ignore
      } else progress?.update(step * residues);
    }
  } catch (error) {
    if (!(signal.reason instanceof Interrupted) || !progress) throw error;
    throw new Interrupted(
      signal.reason.stopSignal,
      `interrupted: all steps so far are kept in ${file}; run the same command with --resume to go on`,
    );
  } finally {
    progress?.stop();
  }
}

const changes = ({ starter, best }: Chain): string =>
  [...best.sequence]
    .flatMap((x, i) => (x === starter[i] ? [] : [`${starter[i]}${i + 1}${x}`]))
    .join("/");

const rowOf = (chain: Chain): NamedRow => ({
  id: `${chain.id}-chain${chain.chain}`,
  sequence: chain.best.sequence,
  facts: {
    score: chain.best.score,
    step: chain.best.step,
    mutations: changes(chain) || "none",
  },
});

async function finishSample(
  { json, seed, steps }: SampleCommandOptions,
  outcome: {
    readonly result: SampleResult;
    readonly resumedFrom: number;
    readonly info: WeightsInfo;
    readonly seconds: number;
    readonly files: readonly string[];
  },
): Promise<void> {
  const { counted, report } = await import("./report.ts");
  const { packageVersion } = await import("./version.ts");
  const { result, resumedFrom, info, files } = outcome;
  const { chains } = result;
  const moves = chains.reduce((sum, x) => sum + x.moves, 0);
  const accepted = moves / (result.steps * chains.length);
  const best = chains.reduce((a, b) => (b.best.score > a.best.score ? b : a));
  const seconds = Number(outcome.seconds.toFixed(3));
  report(
    json,
    {
      command: "sample",
      version: packageVersion(),
      chains: chains.length,
      steps: result.steps,
      resumedFrom,
      accepted,
      best: { ...rowOf(best).facts, id: best.id, chain: best.chain, sequence: best.best.sequence }, // prettier-ignore
      seed,
      seconds,
      weights: info,
      output: files,
    },
    [
      `${counted(chains.length, "chain")} of ${counted(steps, "step")}, ${(100 * accepted).toFixed(1)} % of proposals accepted`,
      `best score ${Number(best.best.score.toPrecision(6))}: ${best.id}, chain ${best.chain}, step ${best.best.step}, ${changes(best) || "unchanged"}`,
      `weights ${info.id} (SHA-256 ${info.sha256.slice(0, 12)}, licence ${info.licence}), seed ${seed}`,
      `${seconds} s`,
      ...files.map((file) => `written: ${file}`),
    ],
  );
}
