/** @file The formats that the result of a job can be had in. */
import { checkLayout, type Column } from "../unirep/index.ts";
import { resultColumns, tableNames, type JobRecord, type TableName } from "../workers/index.ts"; // prettier-ignore

/** Every format: its media type and the extension of its file. */
export const resultFormats = {
  npz: ["application/x-npz", "npz"],
  npy: ["application/x-npy", "npy"],
  h5: ["application/x-hdf5", "h5"],
  parquet: ["application/vnd.apache.parquet", "parquet"],
  csv: ["text/csv", "csv"],
  jsonl: ["application/jsonl", "jsonl"],
  ids: ["application/json", "ids.json"],
  safetensors: ["application/octet-stream", "safetensors"],
  report: ["text/html", "report.html"],
  study: ["application/jsonl", "study.jsonl"],
} as const satisfies Record<string, readonly [string, string]>;

export type ResultFormat = keyof typeof resultFormats;

export const resultFormatNames = Object.keys(resultFormats) as [ResultFormat, ...ResultFormat[]]; // prettier-ignore

/** Formats that the result of a job fits: a `.npy` holds one matrix, a table of text no matrices beside vectors. */
export function formatsOf(job: JobRecord): readonly ResultFormat[] {
  if (job.kind === "evotune") return ["safetensors", "report", "study"];
  if (job.kind === "sample") return ["csv"];
  const columns = resultColumns({ kind: job.kind, ...job.options } as ResultColumns, job.model.units); // prettier-ignore
  const fitting = tableNames.filter((name) => fits(name, columns));
  // `ids`: ids, lengths and columns of an `npy`, which has numbers alone.
  return fitting.includes("npy") ? [...fitting, "ids"] : fitting;
}

function fits(name: TableName, columns: readonly Column[]): boolean {
  try {
    checkLayout(`result.${name}`, columns);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

type ResultColumns = Parameters<typeof resultColumns>[0];

export const mediaTypeOf = (format: ResultFormat): string =>
  resultFormats[format][0];
