/** @file `unirep predict`: sequence files to a table of what a top model predicts. */
import { Argument, InvalidArgumentError, type Command } from "commander";
import type { Prediction } from "../training/index.ts";
import type { Column } from "../unirep/index.ts";
import { interruptible } from "./interruptible.ts";
import {
  checkOptions,
  sequenceCommand,
  type SharedOptions,
} from "./options.ts";
import { checkOutput, outputOption } from "./output-option.ts";

interface PredictOptions extends SharedOptions {
  readonly output: string;
}

export function predictCommand(): Command {
  return sequenceCommand(
    "predict",
    "predict a property of proteins with a model of train-top",
    [
      outputOption(
        "file to write, its format by extension",
      ).makeOptionMandatory(),
    ],
    [
      "unirep predict stability.safetensors variants.fasta -o predicted.csv",
      "unirep predict binders.safetensors library.fasta.gz -o predicted.parquet --json",
    ],
    [new Argument("<top-model>", "file that unirep train-top wrote")],
  ).action((file: string, inputs: string[], options: PredictOptions) =>
    interruptible((signal) => predict(file, inputs, options, signal)),
  );
}

async function predict(
  file: string,
  inputs: readonly string[],
  options: PredictOptions,
  signal: AbortSignal,
): Promise<void> {
  checkOptions(options);
  const { output: out, json } = options;
  await checkOutput(out, columnsOf(null));
  const training = await import("../training/index.ts");
  const { hashFile, tableFiles, tokenPolicy } =
    await import("../unirep/index.ts");
  const { commandModel } = await import("./model.ts");
  const { runToTable } = await import("./table-run.ts");
  const { finish, startClock, fileFacts } = await import("./finish.ts");

  const clock = startClock();
  const top = await training.loadTopModel(file);
  const weights = await training.baseWeights("predict", top, options.weights);
  const { config, info } = weights;
  if (options.model !== undefined && options.model !== config.name)
    throw new InvalidArgumentError(
      `--model ${options.model}: the top model reads representations of model ${config.name}`,
    );
  const { kind, classes, features, training: made } = top;
  const columns = columnsOf(classes);
  await checkOutput(out, columns);
  const result = await runToTable<Prediction>(
    {
      command: "predict",
      inputs,
      out,
      options,
      columns,
      facts: {
        ...fileFacts(weights, options),
        tokenPolicy,
        topModel: {
          sha256: await hashFile(file),
          kind,
          classes,
          features,
          training: made,
        },
      },
      model: () => commandModel(weights, options),
      compute: (sequences, { model, ...how }) =>
        training.predict(top, sequences, { ...how, weights: model }),
      values: (p) => ("value" in p ? [p.value] : [...p.probabilities]),
      // The representations are the same to the last bit in any batch, and each is read by itself.
      batchSensitive: false,
      resultBytes: () => 12 * config.units + 8 * columns.length,
    },
    signal,
  );
  const what = classes === null ? "values" : `probabilities of ${classes.join(", ")}`; // prettier-ignore
  finish(
    json,
    {
      command: "predict",
      options,
      config,
      info,
      ...result,
      seconds: clock(),
      output: tableFiles(out),
    },
    {
      values: { topModel: { file, kind, classes, features } },
      lines: [`${what} by ${kind} of ${features}`],
    },
  );
}

/** `prediction`, or a probability a class: `p_` and the label, its characters other than letters and digits as `_`. */
function columnsOf(classes: readonly string[] | null): Column[] {
  if (classes === null) return [{ kind: "scalar", name: "prediction" }];
  const names = classes.map((label) => `p_${label.replaceAll(/\W/g, "_")}`);
  // Labels that differ only in other characters are numbered.
  const isClear = new Set(names).size === names.length;
  return names.map((name, k) => ({
    kind: "scalar",
    name: isClear ? name : `p_${k}`,
  }));
}
