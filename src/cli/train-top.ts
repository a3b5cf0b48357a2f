/** @file `unirep train-top`: a table of sequences and measurements to a model that predicts them. */
import { Command, InvalidArgumentError, Option } from "commander";
import type { FeatureKind, TopModel, TopModelKind } from "../training/index.ts";
import { exitCodesHelp } from "./exit-codes.ts";
import { interruptible } from "./interruptible.ts";
import {
  positiveInteger,
  weightsOptions,
  type SharedOptions,
} from "./options.ts";
import { integerFrom0, positiveNumber } from "./training-options.ts";

export interface TrainTopOptions extends Pick<SharedOptions, "model" | "weights" | "device" | "threads" | "gaps" | "json"> {
  readonly sequenceColumn: string;
  readonly targetColumn: string;
  readonly output: string;
  readonly kind?: TopModelKind;
  readonly features?: FeatureKind;
  readonly folds?: number;
  readonly seed?: number;
  readonly finetune?: boolean;
  readonly epochs?: number;
  readonly lr?: number;
  readonly patience?: number;
} // prettier-ignore

// Help must not load the library, which has these lists; the types keep them the same.
const kinds = Object.keys({ ridge: true, logistic: true, mlp: true } satisfies Record<TopModelKind, true>); // prettier-ignore
const features = Object.keys({ h_avg: true, h_final: true, c_final: true, fusion: true } satisfies Record<FeatureKind, true>); // prettier-ignore

const options = (): Option[] => [
  new Option("--sequence-column <name>", "column of the sequences").default("sequence"),
  new Option("--target-column <name>", "column of what to predict: numbers, or labels of classes").makeOptionMandatory(),
  new Option("-o, --output <file>", "file to write: .safetensors").argParser(safetensorsFile).makeOptionMandatory(),
  new Option("--kind <name>", "ridge: numbers; logistic: classes; mlp: either (default: ridge or logistic, as the targets are)").choices(kinds),
  new Option("--features <name>", "what is read of a representation; fusion is all three (default: h_avg)").choices(features),
  new Option("--folds <n>", "folds of the cross-validation (default: 5)").argParser(positiveInteger),
  new Option("--seed <n>", "decides the folds (default: 0)").argParser(integerFrom0),
  new Option("--finetune", "tune the weights of the model too, end to end"),
  new Option("--epochs <n>", "with --finetune: passes over the samples (default: 20)").argParser(positiveInteger),
  new Option("--lr <rate>", "with --finetune: learning rate of the weights (default: 0.0001)").argParser(positiveNumber),
  new Option("--patience <epochs>", "with --finetune: end after so many epochs without a better one (default: 5)").argParser(positiveInteger),
  ...weightsOptions(),
  new Option("--device <name>", "cpu: compiled; cuda: an NVIDIA GPU; js: the slow reference").choices(["cpu", "cuda", "js"]).default("cpu"),
  new Option("--threads <n>", "threads of the computation (default: one a core)").argParser(positiveInteger),
  new Option("--gaps <policy>", "alignment gaps (- and .)").choices(["refuse", "remove"]).default("refuse"),
  new Option("--json", "print one JSON object on standard output, nothing else"),
]; // prettier-ignore

export function trainTopCommand(): Command {
  const command = new Command("train-top")
    .description("fit a model of a measured property to representations")
    .argument("<table>", "CSV or TSV file with a header");
  options().forEach((option) => command.addOption(option));
  return command
    .addHelpText(
      "after",
      `\nExamples:\n  unirep train-top stability.csv --target-column ddg -o stability.safetensors --model 64\n  unirep train-top binders.csv --target-column binds --kind logistic --features fusion -o binders.safetensors\n  unirep train-top stability.csv --target-column ddg --model 64 --finetune -o tuned.safetensors\n  unirep predict stability.safetensors variants.fasta -o predicted.csv\n${exitCodesHelp}`,
    )
    .action((table: string, given: TrainTopOptions) => {
      const lone = (["epochs", "lr", "patience"] as const).find((name) => given[name] !== undefined); // prettier-ignore
      if (lone && !given.finetune)
        command.error(`error: --${lone} needs --finetune`);
      if (given.finetune && given.folds !== undefined)
        command.error("error: --folds and --finetune exclude each other: a fifth of the samples is held out instead"); // prettier-ignore
      return interruptible((signal) => trainTop(table, given, signal));
    });
}

async function trainTop(
  table: string,
  options: TrainTopOptions,
  signal: AbortSignal,
): Promise<void> {
  const { output, kind, json, finetune, gaps } = options;
  const { saveTopModel } = await import("../training/index.ts");
  const { refuseExisting } = await import("../unirep/index.ts");
  const { commandWeights } = await import("./model.ts");
  const { startClock } = await import("./finish.ts");
  const { report } = await import("./report.ts");
  const { metricsLine } = await import("./metrics-line.ts");
  const { readLabelled } = await import("./labelled-table.ts");
  const { fitFrozen, fitTuned } = await import("./train-top-run.ts");
  const { packageVersion } = await import("./version.ts");
  const clock = startClock();
  await refuseExisting(output);
  const columns = { sequence: options.sequenceColumn, target: options.targetColumn }; // prettier-ignore
  const data = await readLabelled(table, columns, { asLabels: kind === "logistic", gaps }); // prettier-ignore
  const weights = await commandWeights(options);
  const fitted = await (finetune ? fitTuned : fitFrozen)(data, weights, options, signal); // prettier-ignore
  const model: TopModel = {
    ...fitted.model,
    training: {
      ...fitted.model.training,
      software: "unirep-ts",
      version: packageVersion(),
      target: columns.target,
      input: data.file,
    },
  };
  const { bytes } = await saveTopModel(output, model);
  const seconds = Number(clock().toFixed(3));
  const info = model.base?.info ?? weights.info;
  report(
    json,
    {
      command: "train-top",
      version: packageVersion(),
      kind: model.kind,
      features: model.features,
      classes: model.classes,
      samples: data.sequences.length,
      ...fitted.values,
      seconds,
      model: weights.config.name,
      weights: info,
      inputs: [data.file],
      bytes,
      output: [output],
    },
    [
      `${model.kind} of ${model.features}, ${data.sequences.length} samples${model.classes ? `, classes ${model.classes.join(", ")}` : ""}`,
      ...fitted.metrics.map(([name, metrics]) => `${name}: ${metricsLine(metrics)}`), // prettier-ignore
      `model ${weights.config.name}, weights ${info.id} (SHA-256 ${info.sha256.slice(0, 12)}, licence ${info.licence})`,
      `${seconds} s`,
      `written: ${output} (${(bytes / 1e6).toFixed(2)} MB)`,
    ],
  );
}

function safetensorsFile(text: string): string {
  if (!text.toLowerCase().endsWith(".safetensors"))
    throw new InvalidArgumentError("Expected the extension .safetensors.");
  return text;
}
