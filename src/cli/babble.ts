/** @file `unirep babble`: sequences drawn from the language model. */
import { Command, Option } from "commander";
import type { Babbled } from "../training/index.ts";
import { exitCodesHelp } from "./exit-codes.ts";
import { interruptible } from "./interruptible.ts";
import { positiveInteger, weightsOptions, type SharedOptions } from "./options.ts"; // prettier-ignore
import { integerFrom0, positiveNumber } from "./training-options.ts";
import { sequencesOption, type NamedRow } from "./write-sequences.ts";

interface BabbleCommandOptions extends Pick<
  SharedOptions,
  "model" | "weights" | "device" | "threads" | "json"
> {
  readonly output?: string;
  readonly count: number;
  readonly prefix?: string;
  readonly temperature: number;
  readonly topP: number;
  readonly letters?: string;
  readonly minLength: number;
  readonly maxLength: number;
  readonly seed: number;
  readonly lanes?: number;
}

const ownOptions = (): Option[] => [
  sequencesOption("file to write (default: FASTA on standard output)"),
  new Option("-n, --count <n>", "sequences to draw").argParser(positiveInteger).default(10),
  new Option("--prefix <residues>", "what every sequence begins with"),
  new Option("--temperature <t>", "below 1 the likely letters become more so").argParser(positiveNumber).default(1),
  new Option("--top-p <share>", "draw from the likeliest letters that together have this probability").argParser(positiveNumber).default(1),
  new Option("--letters <letters>", "amino acids that may be drawn (default: all 20)"),
  new Option("--min-length <n>", "residues before which no sequence ends").argParser(positiveInteger).default(1),
  new Option("--max-length <n>", "residues at which a sequence is ended").argParser(positiveInteger).default(2000),
  new Option("--seed <n>", "decides all draws").argParser(integerFrom0).default(0),
  new Option("--lanes <n>", "sequences drawn side by side (default: 64)").argParser(positiveInteger),
  ...weightsOptions(),
  new Option("--device <name>", "cpu: compiled; cuda: an NVIDIA GPU; js: the slow reference").choices(["cpu", "cuda", "js"]).default("cpu"),
  new Option("--threads <n>", "threads of the computation (default: one a core)").argParser(positiveInteger),
  new Option("--json", "print one JSON object on standard output, nothing else"),
]; // prettier-ignore

export function babbleCommand(): Command {
  const command = new Command("babble").description(
    "draw proteins from the language model",
  );
  for (const option of ownOptions()) command.addOption(option);
  return command
    .addHelpText(
      "after",
      `\nExamples:\n  unirep babble -n 100 -o drawn.fasta\n  unirep babble --model 64 --prefix MKTAY --temperature 0.8 --seed 3\n  unirep babble --weights tuned/best.safetensors -n 1000 -o drawn.csv --json\n${exitCodesHelp}`,
    )
    .action((options: BabbleCommandOptions) =>
      interruptible((signal) => run(options, signal)),
    );
}

async function run(
  options: BabbleCommandOptions,
  signal: AbortSignal,
): Promise<void> {
  const { babble } = await import("../training/index.ts");
  const { commandWeights } = await import("./model.ts");
  const { startClock } = await import("./finish.ts");
  const { fastaText, writeSequences } = await import("./write-sequences.ts");
  const { counted, report } = await import("./report.ts");
  const { packageVersion } = await import("./version.ts");
  const clock = startClock();
  const { model: _, output, json, count, ...rest } = options;
  const weights = await commandWeights(options);
  const drawn = babble({ ...rest, count, weights, signal });
  const rows: NamedRow[] = [];
  let residues = 0;
  let stopped = 0;
  for await (const found of drawn) {
    const row = rowOf(found);
    rows.push(row);
    residues += found.sequence.length;
    if (found.end === "stop") stopped++;
    if (output === undefined && !json) process.stdout.write(fastaText([row]));
  }
  if (output !== undefined) await writeSequences(output, rows);
  const seconds = Number(clock().toFixed(3));
  const { config, info } = weights;
  const lines = [
    `${counted(rows.length, "sequence")}, ${counted(residues, "residue")}, ${stopped} ended by stop`,
    `model ${config.name}, weights ${info.id} (SHA-256 ${info.sha256.slice(0, 12)}, licence ${info.licence}), seed ${options.seed}`,
    `${seconds} s, ${Math.round(residues / seconds)} residues/s`,
  ];
  // Without a file standard output is the FASTA.
  if (output === undefined && !json)
    process.stderr.write(`${lines.join("\n")}\n`);
  else
    report(
      json,
      {
        command: "babble",
        version: packageVersion(),
        sequences: rows.length,
        residues,
        stopped,
        seed: options.seed,
        temperature: options.temperature,
        seconds,
        model: config.name,
        weights: info,
        output: output === undefined ? [] : [output],
        ...(output === undefined && { drawn: rows.map(({ id, sequence, facts }) => ({ id, sequence, ...facts })) }), // prettier-ignore
      },
      [...lines, `written: ${output}`],
    );
}

function rowOf({ id, sequence, logProbs, end }: Babbled): NamedRow {
  const logProb = logProbs.reduce((sum, x) => sum + x, 0);
  const perplexity = Math.exp(-logProb / logProbs.length);
  return {
    id: `babble-${id}`,
    sequence,
    facts: { length: sequence.length, end, log_prob: Number(logProb.toPrecision(7)), perplexity: Number(perplexity.toPrecision(7)) }, // prettier-ignore
  };
}
