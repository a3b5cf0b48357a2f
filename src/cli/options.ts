/** @file The options that `embed` and `score` share, checked as they are parsed. */
import {
  type Argument,
  Command,
  InvalidArgumentError,
  Option,
} from "commander";
import type { EngineDevice, ModelName } from "../unirep/index.ts";
import { exitCodesHelp } from "./exit-codes.ts";

export interface SharedOptions {
  readonly model?: ModelName;
  readonly weights?: string;
  readonly device: EngineDevice;
  readonly precision: "f32" | "int8";
  readonly threads?: number;
  readonly gaps: "refuse" | "remove";
  readonly onError: "fail" | "skip";
  readonly resume?: boolean;
  readonly json?: boolean;
}

/** A command over sequence files with the shared options; arguments and options of its own come first. */
export function sequenceCommand(
  name: string,
  description: string,
  own: readonly Option[],
  examples: readonly string[],
  before: readonly Argument[] = [],
): Command {
  const command = new Command(name).description(description);
  before.forEach((argument) => command.addArgument(argument));
  command.argument(
    "<inputs...>",
    "FASTA, GenPept/GenBank or SnapGene protein files, plain or gzip; - is standard input",
  );
  for (const option of [...own, ...sharedOptions()]) command.addOption(option);
  return command.addHelpText(
    "after",
    `\nExamples:\n${examples.map((example) => `  ${example}`).join("\n")}\n${exitCodesHelp}`,
  );
}

// Help must not load the engine, which has this list; the type keeps the two the same.
const engineDevices = Object.keys({
  cpu: true,
  cuda: true,
  js: true,
} satisfies Record<EngineDevice, true>);

/** `--model` and `--weights`. */
export const weightsOptions = (): Option[] => [
  new Option(
    "--model <name>",
    "published architecture (default: that of --weights, else 1900)",
  ).choices(["64", "256", "1900"]),
  new Option(
    "--weights <path|id>",
    "file, folder or id of weights (unirep-ts-64 comes with this package), random[:SEED] or untrained[:SEED] (default: the model's published ones)",
  ),
];

function sharedOptions(): Option[] {
  return [
    ...weightsOptions(),
    new Option(
      "--device <name>",
      "cpu: compiled; cuda: an NVIDIA GPU; js: the slow reference",
    )
      .choices(engineDevices)
      .default("cpu"),
    new Option("--precision <name>", "int8 is faster and less exact")
      .choices(["f32", "int8"])
      .default("f32"),
    new Option(
      "--threads <n>",
      "threads of the computation (default: one a core)",
    ).argParser(positiveInteger),
    new Option("--gaps <policy>", "alignment gaps (- and .)")
      .choices(["refuse", "remove"])
      .default("refuse"),
    new Option(
      "--on-error <policy>",
      "a bad record ends the command, or is reported and left out",
    )
      .choices(["fail", "skip"])
      .default("fail"),
    new Option("--resume", "continue the interrupted run of the same -o"),
    new Option(
      "--json",
      "print one JSON object on standard output, nothing else",
    ),
  ];
}

/** Refuses options that exclude each other, as wrong usage. */
export function checkOptions({ device, precision }: SharedOptions): void {
  if (device !== "cpu" && precision === "int8")
    throw new InvalidArgumentError("--precision int8 needs --device cpu");
}

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1)
    throw new InvalidArgumentError("Expected a positive integer.");
  return value;
}

/** The parser of a comma-separated list of distinct choices. */
export function listOf<T extends string>(
  choices: readonly T[],
): (text: string) => T[] {
  return (text) => {
    const given = text.split(",");
    const known = given.filter((item): item is T =>
      (choices as readonly string[]).includes(item),
    );
    if (known.length < given.length || new Set(known).size < known.length) {
      throw new InvalidArgumentError(
        `Expected different ones of ${choices.join(", ")}, separated by commas.`,
      );
    }
    return known;
  };
}
