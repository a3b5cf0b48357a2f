/** @file The account of a finished command that `embed` and `score` share, for machines and for people. */
import type { ModelConfig, WeightsInfo } from "../unirep/index.ts";
import type { InputAccount } from "./input.ts";
import type { SharedOptions } from "./options.ts";
import { counted } from "./report.ts";
import { packageVersion } from "./version.ts";

export interface Finished {
  readonly command: "embed" | "score" | "predict";
  readonly options: Pick<SharedOptions, "device" | "precision">;
  readonly config: ModelConfig;
  readonly info: WeightsInfo;
  readonly account: InputAccount;
  /** Residues computed in this session: copies and earlier sessions cost nothing. */
  readonly computedResidues: number;
  readonly seconds: number;
  /** Records whose sequence an earlier one has; null when nobody looked. */
  readonly duplicates: number | null;
  /** Sequences that an earlier session had computed; null without --resume. */
  readonly resumedFrom: number | null;
  /** Every file written. */
  readonly output: readonly string[];
}

/** JSON-serialisable. */
export function summarise(finished: Finished) {
  const { command, options, config, info, account } = finished;
  const { read, reasons } = account;
  const { computedResidues, seconds } = finished;
  return {
    command,
    version: packageVersion(),
    sequences: read.records,
    residues: read.residues,
    skipped: { records: read.skipped, reasons },
    duplicates: finished.duplicates,
    rareLetters: { letters: read.rare, records: read.recordsWithRare },
    gapsRemoved: read.gapsRemoved,
    seconds: Number(seconds.toFixed(3)),
    residuesPerSecond: Math.round(computedResidues / seconds),
    /** The most memory the process has held (resident set). */
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
    model: config.name,
    weights: info,
    precision: options.precision,
    device: options.device,
    inputs: account.files,
    output: finished.output,
    resumedFrom: finished.resumedFrom,
  };
}

/** The same for people; lines that would say "none" are left out. */
export function summaryLines(finished: Finished): string[] {
  const { read } = finished.account;
  const { config, info, options, duplicates, resumedFrom } = finished;
  const { residuesPerSecond, seconds } = summarise(finished);
  const parts = [
    read.skipped > 0 && `${counted(read.skipped, "record")} left out`,
    duplicates && `${counted(duplicates, "duplicate")} computed once`,
    read.gapsRemoved > 0 && `${counted(read.gapsRemoved, "gap")} removed`,
    resumedFrom !== null &&
      `resumed from ${counted(resumedFrom, "sequence")} computed before`,
  ].filter((part) => typeof part === "string");
  return [
    `${counted(read.records, "sequence")}, ${counted(read.residues, "residue")}${parts.map((part) => `, ${part}`).join("")}`,
    `model ${config.name}, weights ${info.id} (SHA-256 ${info.sha256.slice(0, 12)}, licence ${info.licence}), ${options.precision} on ${options.device}`,
    `${seconds} s, ${residuesPerSecond} residues/s`,
    ...finished.output.map((file) => `written: ${file}`),
  ];
}
