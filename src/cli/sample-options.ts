/** @file The options of `unirep sample`, checked as they are parsed. */
import { InvalidArgumentError, Option, type Command } from "commander";
import type { Positions, SiteProposalOptions } from "../training/index.ts";
import { positiveInteger, weightsOptions, type SharedOptions } from "./options.ts"; // prettier-ignore
import { integerFrom0, positiveNumber } from "./training-options.ts";
import { sequencesOption } from "./write-sequences.ts";

export interface SampleCommandOptions extends Pick<
  SharedOptions,
  | "model"
  | "weights"
  | "device"
  | "threads"
  | "gaps"
  | "onError"
  | "resume"
  | "json"
> {
  readonly output: string;
  readonly steps: number;
  readonly chains: number;
  readonly seed: number;
  readonly temperature?: number;
  readonly coolTo?: number;
  readonly trustRadius?: number;
  readonly positions?: Positions;
  readonly letters?: string;
  readonly mutations?: SiteProposalOptions["mutations"];
  readonly proposal: "uniform" | "gradient";
  readonly topModel?: string;
  readonly label?: string;
}

export const sampleOptions = (): Option[] => [
  sequencesOption("the best sequence of each chain; all proposals go to <file>.proposals.jsonl").makeOptionMandatory(),
  new Option("--steps <n>", "proposals of each chain").argParser(positiveInteger).default(1000),
  new Option("--chains <n>", "chains from each sequence").argParser(positiveInteger).default(1),
  new Option("--temperature <t>", "in units of the score (default: 1, at which the language model itself is sampled)").argParser(positiveNumber),
  new Option("--cool-to <t>", "temperature of the last step, by the same factor each step").argParser(positiveNumber),
  new Option("--trust-radius <n>", "most residues that may differ from the start (default: any number)").argParser(integerFrom0),
  new Option("--positions <list>", "residues that may change, such as 29-110,115 (default: all)").argParser(positionList),
  new Option("--letters <letters>", "amino acids that may be proposed (default: all 20)"),
  new Option("--mutations <n>", "residues changed by a step, or poisson:MEAN of them, at least one (default: 1)").argParser(mutationCount),
  new Option("--proposal <name>", "uniform, or by the gradient of the score, one residue a step").choices(["uniform", "gradient"]).default("uniform"),
  new Option("--top-model <file>", "maximise the prediction of a model of unirep train-top (default: the log-probability of the language model)"),
  new Option("--label <name>", "the class to aim at, for a top model of classes"),
  new Option("--seed <n>", "decides all draws").argParser(integerFrom0).default(0),
  ...weightsOptions(),
  new Option("--device <name>", "cpu: compiled; cuda: an NVIDIA GPU; js: the slow reference").choices(["cpu", "cuda", "js"]).default("cpu"),
  new Option("--threads <n>", "threads of the computation (default: one a core)").argParser(positiveInteger),
  new Option("--gaps <policy>", "alignment gaps (- and .)").choices(["refuse", "remove"]).default("refuse"),
  new Option("--on-error <policy>", "a bad record ends the command, or is reported and left out").choices(["fail", "skip"]).default("fail"),
  new Option("--resume", "continue the interrupted run of the same -o; without one it begins"),
  new Option("--json", "print one JSON object on standard output, nothing else"),
]; // prettier-ignore

/** Refuses options that exclude or need each other, as wrong usage. */
export function checkSampleOptions(
  command: Command,
  options: SampleCommandOptions,
): void {
  const { topModel, label, temperature, model, proposal, mutations } = options;
  const wrong = (text: string) => command.error(`error: ${text}`);
  if (label !== undefined && topModel === undefined)
    wrong("--label needs --top-model");
  if (topModel !== undefined && model !== undefined)
    wrong("--model goes without --top-model, which knows its model");
  if (topModel !== undefined && temperature === undefined)
    wrong("--top-model needs --temperature, in the units of what it predicts");
  if (proposal === "gradient" && mutations !== undefined)
    wrong("--mutations goes with --proposal uniform: gradients propose one");
}

function positionList(text: string): Positions {
  return text.split(",").map((part) => {
    const found = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (!found)
      throw new InvalidArgumentError(
        "Expected residue numbers and ranges such as 29-110,115.",
      );
    const [first, last] = [found[1], found[2] ?? found[1]].map(Number);
    return [first, last] as const;
  });
}

function mutationCount(
  text: string,
): NonNullable<SiteProposalOptions["mutations"]> {
  const poisson = /^poisson:(.+)$/.exec(text);
  return poisson
    ? { poisson: positiveNumber(poisson[1]) }
    : positiveInteger(text);
}
