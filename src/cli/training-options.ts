/** @file The options that `fit` and `evotune` share, and the parsers of numbers, ranges and lists. */
import { Command, InvalidArgumentError, Option } from "commander";
import type { FitOptions, FreezableGroup } from "../training/index.ts";
import { exitCodesHelp } from "./exit-codes.ts";
import { positiveInteger, weightsOptions, type SharedOptions } from "./options.ts"; // prettier-ignore

export interface TrainingOptions extends Pick<
  SharedOptions,
  "model" | "weights" | "gaps" | "onError" | "resume" | "json" | "threads"
> {
  readonly output: string;
  readonly device: "cpu" | "cuda" | "js";
  readonly optimizer?: FitOptions["optimizer"];
  readonly seed?: number;
  readonly rematerialize?: boolean;
  readonly checkpointSteps?: number;
}

/** A command that trains on sequence files; options of its own come first in its help. */
export function trainingCommand(
  name: string,
  description: string,
  own: readonly Option[],
  examples: readonly string[],
): Command {
  const command = new Command(name)
    .description(description)
    .argument(
      "<inputs...>",
      "FASTA, GenPept/GenBank or SnapGene protein files, plain or gzip; - is standard input",
    )
    .requiredOption(
      "-o, --output <folder>",
      "folder of the run: checkpoints, best.safetensors, final.safetensors",
    );
  for (const option of [...own, ...sharedOptions()]) command.addOption(option);
  return command.addHelpText(
    "after",
    `\nExamples:\n${examples.map((example) => `  ${example}`).join("\n")}\n${exitCodesHelp}`,
  );
}

const sharedOptions = (): Option[] => [
  new Option("--optimizer <name>", "adamW decays matrices apart from the gradient (default: adamW)").choices(["adam", "adamW"]),
  new Option("--seed <n>", "decides the order of the data and what is held out (default: 0)").argParser(integerFrom0),
  new Option("--rematerialize", "keep only every so many states for the gradient: about a tenth of the memory, a third more time"),
  new Option("--checkpoint-steps <n>", "steps between checkpoints; one is written after each epoch too (default: 200)").argParser(positiveInteger),
  ...weightsOptions(),
  new Option("--device <name>", "cpu: compiled; cuda: an NVIDIA GPU; js: the slow reference").choices(["cpu", "cuda", "js"]).default("cpu"),
  new Option("--threads <n>", "threads of the computation (default: one a core)").argParser(positiveInteger),
  new Option("--gaps <policy>", "alignment gaps (- and .)").choices(["refuse", "remove"]).default("refuse"),
  new Option("--on-error <policy>", "a bad record ends the command, or is reported and left out").choices(["fail", "skip"]).default("fail"),
  new Option("--resume", "continue the run in the folder of -o; without one it begins"),
  new Option("--json", "print one JSON object on standard output, nothing else"),
]; // prettier-ignore

export function integerFrom0(text: string): number {
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new InvalidArgumentError("Expected an integer from 0.");
  return Number(text);
}

const decimal = /^\d*\.?\d+(?:e[+-]?\d+)?$/i;

export function numberFrom0(text: string): number {
  if (!decimal.test(text) || !Number.isFinite(Number(text)))
    throw new InvalidArgumentError("Expected a number from 0.");
  return Number(text);
}

export function positiveNumber(text: string): number {
  if (!(numberFrom0(text) > 0))
    throw new InvalidArgumentError("Expected a positive number.");
  return Number(text);
}

/** `embedding,layer0`: groups that a model may have; whether it has them is known once it is loaded. */
export function groups(text: string): FreezableGroup[] {
  const list = text.split(",");
  if (!list.every((x) => /^(?:embedding|head|layer\d+)$/.test(x)))
    throw new InvalidArgumentError(
      "Expected embedding, head, layer0, layer1, ..., or several with commas.",
    );
  return list as FreezableGroup[];
}
