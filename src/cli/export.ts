/** @file `unirep export`: a model as an ONNX file. */
import { Command, InvalidArgumentError, Option } from "commander";
import type { ExportTask } from "../unirep/index.ts";
import { exitCodesHelp } from "./exit-codes.ts";
import { weightsOptions, type SharedOptions } from "./options.ts";
import { report } from "./report.ts";
import { packageVersion } from "./version.ts";

interface ExportOptions extends Pick<
  SharedOptions,
  "model" | "weights" | "json"
> {
  readonly task: ExportTask;
  readonly output: string;
}

// Help must not load the library, which has this list; the type keeps the two the same.
const tasks = Object.keys({
  representation: true,
  "language-model": true,
} satisfies Record<ExportTask, true>);

const ownOptions = (): Option[] => [
  new Option("-o, --output <file>", "file to write: .onnx")
    .argParser(onnxFile)
    .makeOptionMandatory(),
  new Option(
    "--task <name>",
    "representation: h_avg, h_final, c_final; language-model: log_probs, cross_entropy",
  )
    .choices(tasks)
    .default("representation"),
];

export function exportCommand(): Command {
  const command = new Command("export").description(
    "write a model as an ONNX file, for any runtime of the format",
  );
  for (const option of [...ownOptions(), ...weightsOptions()])
    command.addOption(option);
  return command
    .option("--json", "print one JSON object on standard output, nothing else")
    .addHelpText(
      "after",
      `\nExamples:\n  unirep export -o unirep-1900.onnx\n  unirep export --model 64 --task language-model -o unirep-64-lm.onnx\n  unirep export --weights evotuned.safetensors -o evotuned.onnx --json\n${exitCodesHelp}`,
    )
    .action(exportToFile);
}

async function exportToFile(options: ExportOptions): Promise<void> {
  const { task, output, json } = options;
  const { exportModelFile } = await import("../unirep/index.ts");
  const { commandWeights } = await import("./model.ts");
  const weights = await commandWeights(options);
  const { config, info } = weights;
  const { bytes } = await exportModelFile(output, weights, { task });
  report(
    json,
    {
      command: "export",
      version: packageVersion(),
      task,
      model: config.name,
      weights: info,
      bytes,
      output: [output],
    },
    [
      `${task}, model ${config.name}, weights ${info.id} (SHA-256 ${info.sha256.slice(0, 12)}, licence ${info.licence})`,
      `written: ${output} (${(bytes / 1e6).toFixed(1)} MB)`,
    ],
  );
}

function onnxFile(text: string): string {
  if (!text.toLowerCase().endsWith(".onnx"))
    throw new InvalidArgumentError("Expected the extension .onnx.");
  return text;
}
