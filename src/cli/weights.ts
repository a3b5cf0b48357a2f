/** @file `unirep weights`: list, pull, import, export and verify model weights. */
import { SingleBar } from "cli-progress";
import { Command } from "commander";
import { stat } from "node:fs/promises";
import path from "node:path";
import {
  cacheFolder,
  findByParams,
  hashFile,
  importedPath,
  isBuiltInId,
  isRegistryId,
  loadWeights,
  namedParams,
  pullWeights,
  registry,
  registryIds,
  weightFormats,
  writeNpyFolder,
  writeSafetensorsFile,
  type Weights,
} from "../unirep/index.ts";
import { Interrupted } from "./exit-codes.ts";
import { interruptible } from "./interruptible.ts";
import { report } from "./report.ts";
import { listWeights } from "./weights-list.ts";

interface JsonOption {
  readonly json?: boolean;
}

/** The command with its subcommands; failures are thrown, for the main program to print. */
export function weightsCommand(): Command {
  const command = new Command("weights")
    .description("get, convert and check model weights")
    .addHelpText(
      "after",
      "\nExamples:\n  unirep weights list\n  unirep weights pull unirep-1900\n  unirep weights pull -h",
    );
  subcommand(
    command,
    "list",
    "list this package's own weights, the published ones, and which of those are in the cache",
    ["weights list"],
  ).action(listWeights);
  subcommand(
    command,
    "pull",
    "download published weights into the cache, or do nothing if they are there",
    ["weights pull unirep-64", "weights pull unirep-1900 --json"],
  )
    .argument("<id>", `one of ${registryIds.join(", ")}`)
    .option(
      "--mirror <url>",
      "folder URL that holds the same file, in place of its public places",
    )
    .action(pull);
  subcommand(
    command,
    "import",
    `convert weights (${weightFormats.join(", ")}) into the cache`,
    [
      "weights import 1900_weights/",
      "weights import evotuned/model_weights.pkl --id gfp-evotuned",
    ],
  )
    .argument("<path>", "file or folder of weights")
    .option(
      "--id <name>",
      "the name to use them by, as in --weights NAME (default: the file's name)",
    )
    .action(importWeights);
  subcommand(
    command,
    "export",
    "write weights as one .safetensors file or as a folder of .npy files",
    [
      "weights export unirep-64 -o unirep-64.safetensors",
      "weights export gfp-evotuned -o gfp_weights/",
    ],
  )
    .argument("<weights>", "id or path")
    .requiredOption(
      "-o, --output <path>",
      "FILE.safetensors, or any other name for a folder in original UniRep's layout",
    )
    .action(exportWeights);
  subcommand(
    command,
    "verify",
    "print what weights are, their hash, and whether they are published ones",
    ["weights verify unirep-64", "weights verify 1900_weights/ --json"],
  )
    .argument("<weights>", "id or path")
    .action(verify);
  return command;
}

function subcommand(
  parent: Command,
  name: string,
  description: string,
  examples: readonly string[],
): Command {
  return parent
    .command(name)
    .description(description)
    .option("--json", "print one JSON object")
    .addHelpText(
      "after",
      `\nExamples:\n${examples.map((example) => `  unirep ${example}`).join("\n")}`,
    );
}

async function pull(
  id: string,
  { json, mirror }: JsonOption & { mirror?: string },
): Promise<void> {
  if (!isRegistryId(id))
    throw new Error(
      `weights pull: expected one of ${registryIds.join(", ")}, got "${id}"`,
    );
  const bar = process.stderr.isTTY
    ? new SingleBar({
        format: `${id} [{bar}] {percentage}% {value}/{total} bytes, {eta} s left`,
        stream: process.stderr,
      })
    : undefined;
  try {
    bar?.start(registry[id].bytes, 0);
    const pulled = await interruptible((signal) =>
      pullWeights(id, {
        baseUrl: mirror,
        signal,
        onProgress: (received) => bar?.update(received),
      }),
    );
    const { sha256, licence, licenceUrl, provenance, citation } = pulled.entry;
    const { path: file, downloaded } = pulled;
    bar?.stop();
    report(
      json,
      {
        id,
        path: file,
        downloaded,
        sha256,
        licence,
        licenceUrl,
        provenance,
        citation,
      },
      [
        `${id}: ${downloaded ? "downloaded to" : "already in"} ${file}`,
        `licence: ${licence} (${licenceUrl})`,
        `source: ${provenance}`,
        `cite: ${citation}`,
      ],
    );
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    throw new Interrupted(
      error.stopSignal,
      `interrupted: run the same command again to go on with the download`,
    );
  } finally {
    bar?.stop();
  }
}

async function importWeights(
  source: string,
  { json, id }: JsonOption & { id?: string },
): Promise<void> {
  await stat(source).catch((cause: unknown) => {
    throw new Error(`weights import: no file or folder "${source}"`, { cause });
  });
  // A path as such, never an id of the same name.
  const read = await loadWeights({ weights: path.resolve(source) });
  const name =
    id ?? read.info.id.replace(/\.(npz|pkl|pickle|safetensors)$/, "");
  if (isBuiltInId(name))
    throw new Error(
      `weights import: "${name}" is the name of weights that come with this package: give another --id`,
    );
  if (isRegistryId(name) && read.info.sha256 !== registry[name].paramsSha256) {
    throw new Error(
      `weights import: "${name}" is reserved for the published weights, which these are not: give another --id`,
    );
  }
  // Published weights keep their name, whatever they are called here: provenance belongs to the content.
  const info = findByParams(read.info.sha256)
    ? read.info
    : { ...read.info, id: name };
  const output = importedPath(cacheFolder(), name);
  await writeSafetensorsFile(output, { ...read, info });
  report(json, { path: output, ...summary({ ...read, info }), id: name }, [
    `${name}: imported to ${output}`,
    ...description({ ...read, info }),
    `use it with: --weights ${name}`,
  ]);
}

async function exportWeights(
  source: string,
  { json, output }: JsonOption & { output: string },
): Promise<void> {
  const weights = await loadWeights({ weights: source });
  if (output.endsWith(".safetensors"))
    await writeSafetensorsFile(output, weights);
  else await writeNpyFolder(output, weights.params);
  report(json, { path: output, ...summary(weights) }, [
    `${weights.info.id}: written to ${output}`,
    ...description(weights),
  ]);
}

async function verify(source: string, { json }: JsonOption): Promise<void> {
  const weights = await loadWeights({ weights: source });
  const isFile = (await stat(source).catch(() => undefined))?.isFile() ?? false;
  const fileSha256 =
    isFile && !isRegistryId(source) ? await hashFile(source) : null;
  const published = findByParams(weights.info.sha256)?.id ?? null;
  report(json, { ...summary(weights), fileSha256, published }, [
    ...description(weights),
    ...(fileSha256 ? [`file SHA-256: ${fileSha256}`] : []),
    `published: ${published ? `yes, these are exactly ${published}` : "no, not among the published weights"}`,
  ]);
}

function summary({ config, params, info }: Weights) {
  const parameters = namedParams(params).reduce(
    (sum, [, { data }]) => sum + data.length,
    0,
  );
  const { sha256: paramsSha256, ...identity } = info;
  return { ...identity, config, parameters, paramsSha256 };
}

function description(weights: Weights): string[] {
  const { id, config, parameters, paramsSha256, licence, provenance } =
    summary(weights);
  return [
    `id: ${id}`,
    `model: ${config.name} (${config.layers} x ${config.units} units, embedding ${config.embedding}, ${parameters} parameters)`,
    `parameters SHA-256: ${paramsSha256}`,
    `licence: ${licence}`,
    `provenance: ${provenance}`,
  ];
}
