/** @file The start and the end of a command over sequences: its clock, the facts its file carries, its summary and exit code. */
import type { Weights } from "../unirep/index.ts";
import { exitCodes } from "./exit-codes.ts";
import type { SharedOptions } from "./options.ts";
import { report } from "./report.ts";
import { type Finished, summarise, summaryLines } from "./summary.ts";
import { packageVersion } from "./version.ts";

/** Starts to count; the function gives the seconds since. */
export function startClock(): () => number {
  const started = performance.now();
  return () => (performance.now() - started) / 1000;
}

/** What every output file says of how its numbers were made; equal facts give equal numbers. */
export function fileFacts(
  { config, info }: Weights,
  { device, precision }: SharedOptions,
) {
  return {
    software: "unirep-ts",
    version: packageVersion(),
    model: config,
    weights: info,
    device,
    precision,
  };
}

/** Prints the summary, with `extra` facts, and sets the exit code. */
export function finish(
  json: boolean | undefined,
  finished: Finished,
  extra: { values: object; lines: readonly string[] } = {
    values: {},
    lines: [],
  },
): void {
  report(json, { ...summarise(finished), ...extra.values }, [
    ...extra.lines,
    ...summaryLines(finished),
  ]);
  if (finished.account.read.skipped > 0) process.exitCode = exitCodes.skipped;
}
