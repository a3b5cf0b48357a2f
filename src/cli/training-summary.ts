/** @file The account of a finished training that `fit` and `evotune` share, for machines and for people. */
import path from "node:path";
import type { Weights } from "../unirep/index.ts";
import { exitCodes } from "./exit-codes.ts";
import type { InputAccount } from "./input.ts";
import { counted, report } from "./report.ts";
import type { TrainingOptions } from "./training-options.ts";
import { packageVersion } from "./version.ts";

export interface FinishedTraining {
  readonly command: "fit" | "evotune";
  readonly options: TrainingOptions;
  readonly account: InputAccount;
  readonly initial: Pick<Weights["info"], "id" | "sha256">;
  readonly best: Weights;
  readonly final: Weights;
  readonly seconds: number;
  /** Every file written that is of use after the run. */
  readonly output: readonly string[];
}

/** Prints the summary, with facts of the command's own first, and sets the exit code. */
export function finishTraining(
  finished: FinishedTraining,
  own: { readonly values: object; readonly lines: readonly string[] },
): void {
  const { command, options, account, initial, best, final } = finished;
  const { read, reasons } = account;
  const seconds = Number(finished.seconds.toFixed(3));
  report(
    options.json,
    {
      command,
      version: packageVersion(),
      sequences: read.records,
      residues: read.residues,
      skipped: { records: read.skipped, reasons },
      rareLetters: { letters: read.rare, records: read.recordsWithRare },
      gapsRemoved: read.gapsRemoved,
      ...own.values,
      model: best.config.name,
      initial,
      best: best.info,
      final: final.info,
      device: options.device,
      seconds,
      inputs: account.files,
      output: finished.output,
    },
    [
      ...own.lines,
      `${counted(read.records, "sequence")}, ${counted(read.residues, "residue")}${read.skipped > 0 ? `, ${counted(read.skipped, "record")} left out` : ""}`,
      `model ${best.config.name}, trained from ${initial.id}, best weights ${best.info.id} (SHA-256 ${best.info.sha256.slice(0, 12)}, licence ${best.info.licence})`,
      `${seconds} s`,
      ...finished.output.map((file) => `written: ${file}`),
      `use: unirep score proteins.fasta --weights ${path.join(options.output, "best.safetensors")}`,
    ],
  );
  if (read.skipped > 0) process.exitCode = exitCodes.skipped;
}
