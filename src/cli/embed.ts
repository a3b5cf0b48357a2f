/** @file `unirep embed`: sequence files to a table of representations. */
import { Option, type Command } from "commander";
import type { Column, Representation } from "../unirep/index.ts";
import { interruptible } from "./interruptible.ts";
import {
  checkOptions,
  listOf,
  sequenceCommand,
  type SharedOptions,
} from "./options.ts";
import { checkOutput, outputOption } from "./output-option.ts";

const layers = ["h_avg", "h_final", "c_final"] as const;
type Layer = (typeof layers)[number];

interface EmbedOptions extends SharedOptions {
  readonly output: string;
  readonly layer?: readonly Layer[];
  readonly perResidue?: boolean;
}

export function embedCommand(): Command {
  return sequenceCommand(
    "embed",
    "compute UniRep representations of proteins",
    [
      outputOption(
        "file to write, its format by extension",
      ).makeOptionMandatory(),
      new Option(
        "--layer <names>",
        `${layers.join(", ")}, or several with commas (default: h_avg, or none with --per-residue)`,
      ).argParser(listOf(layers)),
      new Option(
        "--per-residue",
        "write every hidden state, L + 1 rows a protein of L residues, row 0 the start token",
      ),
    ],
    [
      "unirep embed proteins.fasta -o proteins.npz",
      "unirep embed a.fasta.gz b.gp -o all.parquet --model 64",
      "unirep embed huge.fasta.gz -o huge.h5 --on-error skip --resume",
      "unirep embed proteins.fasta -o states.h5 --per-residue --layer h_avg,c_final",
      "zcat proteins.fasta.gz | unirep embed - -o proteins.csv --json",
    ],
  ).action((inputs: string[], options: EmbedOptions) =>
    interruptible((signal) => embed(inputs, options, signal)),
  );
}

async function embed(
  inputs: readonly string[],
  options: EmbedOptions,
  signal: AbortSignal,
): Promise<void> {
  checkOptions(options);
  const { output: out, perResidue = false, json } = options;
  const { layer = perResidue ? [] : (["h_avg"] as const) } = options;
  const columnsOf = (width: number): Column[] => [
    ...layer.map((name) => ({ kind: "vector", name, width }) as const),
    ...(perResidue
      ? [{ kind: "ragged", name: "per_residue", width } as const]
      : []),
  ];
  await checkOutput(out, columnsOf(1));
  const { rep, tableFiles, tokenPolicy } = await import("../unirep/index.ts");
  const { commandModel, commandWeights } = await import("./model.ts");
  const { runToTable } = await import("./table-run.ts");
  const { finish, startClock, fileFacts } = await import("./finish.ts");

  const clock = startClock();
  const weights = await commandWeights(options);
  const { config, info } = weights;
  const columns = columnsOf(config.units);
  const result = await runToTable<Representation>(
    {
      command: "embed",
      inputs,
      out,
      options,
      columns,
      facts: { ...fileFacts(weights, options), tokenPolicy },
      model: () => commandModel(weights, options),
      compute: (sequences, how) => rep(sequences, { ...how, perResidue }),
      values: (r) => [
        ...layer.map((name) => layerOf(r, name)),
        ...(r.perResidue ? [r.perResidue] : []),
      ],
      // Measured: representations are the same to the last bit in any batch, in both precisions.
      batchSensitive: false,
      resultBytes: (length) => 4 * config.units * (perResidue ? length + 4 : 3),
    },
    signal,
  );
  finish(json, {
    command: "embed",
    options,
    config,
    info,
    ...result,
    seconds: clock(),
    output: tableFiles(out),
  });
}

function layerOf(r: Representation, name: Layer): Float32Array {
  return { h_avg: r.hAvg, h_final: r.hFinal, c_final: r.cFinal }[name];
}
