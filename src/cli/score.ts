/** @file `unirep score`: how probable the language model finds the sequences of files. */
import type { Command } from "commander";
import type { Column, Score, Weights } from "../unirep/index.ts";
import { interruptible } from "./interruptible.ts";
import {
  checkOptions,
  sequenceCommand,
  type SharedOptions,
} from "./options.ts";
import { checkOutput, outputOption } from "./output-option.ts";
import { scoreTotals, type ScoreTotals } from "./score-totals.ts";
import type { Finished } from "./summary.ts";

interface ScoreOptions extends SharedOptions {
  readonly output?: string;
}

const columns: readonly Column[] = [
  { kind: "scalar", name: "cross_entropy" },
  { kind: "scalar", name: "perplexity" },
  { kind: "scalar", name: "accuracy" },
  { kind: "list", name: "log_probs" },
];

type Outcome = Pick<
  Finished,
  "account" | "computedResidues" | "duplicates" | "resumedFrom" | "output"
> & { readonly totals: ScoreTotals };

export function scoreCommand(): Command {
  return sequenceCommand(
    "score",
    "compute the language model's perplexity of proteins",
    [
      outputOption(
        "also write scores by sequence and log-probabilities by token to this file, its format by extension",
      ),
    ],
    [
      "unirep score proteins.fasta",
      "unirep score proteins.fasta --model 64 --json",
      "unirep score variants.fasta.gz -o variants.parquet --on-error skip",
    ],
  ).action((inputs: string[], options: ScoreOptions, command: Command) => {
    if (options.resume && options.output === undefined)
      command.error("error: --resume needs -o: without a file nothing is kept");
    return interruptible((signal) => score(inputs, options, signal));
  });
}

async function score(
  inputs: readonly string[],
  options: ScoreOptions,
  signal: AbortSignal,
): Promise<void> {
  checkOptions(options);
  if (options.output !== undefined) await checkOutput(options.output, columns);
  const { commandWeights } = await import("./model.ts");
  const { finish, startClock } = await import("./finish.ts");
  const { streamScores } = await import("./stream-scores.ts");

  const clock = startClock();
  const weights = await commandWeights(options);
  const { totals, ...outcome } =
    options.output === undefined
      ? await streamScores(inputs, options, weights, signal)
      : await scoreToTable(inputs, options, options.output, weights, signal);
  const { config, info } = weights;
  finish(
    options.json,
    {
      command: "score",
      options,
      config,
      info,
      ...outcome,
      seconds: clock(),
    },
    {
      values: totals,
      lines: [
        `perplexity ${totals.perplexity.toFixed(3)}, cross-entropy ${totals.crossEntropyPerToken.toFixed(4)} nats a token, accuracy ${(100 * totals.accuracy).toFixed(2)} %, ${totals.tokens} tokens (residues and one stop a sequence)`,
      ],
    },
  );
}

async function scoreToTable(
  inputs: readonly string[],
  options: ScoreOptions,
  out: string,
  weights: Weights,
  signal: AbortSignal,
): Promise<Outcome> {
  const library = await import("../unirep/index.ts");
  const { commandModel } = await import("./model.ts");
  const { runToTable } = await import("./table-run.ts");
  const { fileFacts } = await import("./finish.ts");
  const sum = scoreTotals();
  const result = await runToTable<Score>(
    {
      command: "score",
      inputs,
      out,
      options,
      columns,
      facts: {
        ...fileFacts(weights, options),
        tokenPolicy: library.tokenPolicy,
      },
      model: () => commandModel(weights, options),
      compute: library.score,
      values: (r) => [r.crossEntropy, r.perplexity, r.accuracy, r.logProbs],
      // Measured: log-probabilities differ in the last bit (1e-6) with the place in the batch.
      batchSensitive: true,
      resultBytes: (length) => 4 * (length + 4),
      inspect: async (table) => {
        const scalars = [columns[0], columns[2]];
        for await (const { length, values } of table.rows(scalars)) {
          const [crossEntropy, accuracy] = values as number[];
          sum.add({ length, crossEntropy, accuracy });
        }
      },
    },
    signal,
  );
  return {
    ...result,
    output: library.tableFiles(out),
    totals: sum.totals(),
  };
}
