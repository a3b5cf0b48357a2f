/** @file A table to a file, in the format its extension names. */
import { extname } from "node:path";
import { atomically } from "./atomic-file.ts";
import { loneRagged } from "./long-layout.ts";
import { matrixWidth } from "./npy.ts";
import { type Column, checkColumns, type Table } from "./table.ts";

/** Extensions of the supported formats. */
export const tableFormats = [
  ".npz",
  ".npy",
  ".h5",
  ".parquet",
  ".csv",
  ".jsonl",
] as const;
export type TableFormat = (typeof tableFormats)[number];

/** Writes `table` to the temporary `paths` (sidecars first) of one format. */
type TableWriter = (
  table: Table,
  paths: readonly string[],
  signal: AbortSignal | undefined,
) => Promise<void>;

// Loaded on use: a run needs one of them, and HDF5's WebAssembly alone is several megabytes.
const writers: Readonly<Record<TableFormat, () => Promise<TableWriter>>> = {
  ".npz": async () => (await import("./npz.ts")).writeNpz,
  ".npy": async () => (await import("./npy.ts")).writeNpy,
  ".h5": async () => (await import("./h5.ts")).writeH5,
  ".parquet": async () => (await import("./parquet.ts")).writeParquet,
  ".csv": async () => (await import("./csv.ts")).writeCsv,
  ".jsonl": async () => (await import("./jsonl.ts")).writeJsonl,
};

/** The format that the extension of `path` names, or a RangeError listing the supported ones. */
export function tableFormat(path: string): TableFormat {
  const extension = extname(path).toLowerCase();
  const format = tableFormats.find((known) => known === extension);
  if (format) return format;
  throw new RangeError(
    `output ${path}: the extension must be one of ${tableFormats.join(", ")}, got ${extension || "none"}`,
  );
}

/** Throws a RangeError when the format of `path` cannot hold `columns`, so that a caller knows before it computes them. */
export function checkLayout(path: string, columns: readonly Column[]): void {
  checkColumns(columns);
  const format = tableFormat(path);
  if (format === ".npy") matrixWidth(columns);
  if (format === ".csv" || format === ".parquet") loneRagged(format, columns);
}

/** Every file that writing to `path` makes, `path` itself last: `.npy` has `<path without .npy>.ids.json` beside it. */
export function tableFiles(path: string): string[] {
  return tableFormat(path) === ".npy"
    ? [`${path.slice(0, -".npy".length)}.ids.json`, path]
    : [path];
}

/**
 * Writes `table` to `path`, replacing what is there: atomically, with memory independent of the number of rows, and with the
 * same bytes for the same table. Throws a RangeError for a table that the format cannot hold, one sentence for a full or
 * closed disk, and the signal's reason after an abort; nothing is left behind in either case.
 */
export async function writeTable(
  path: string,
  table: Table,
  options: { signal?: AbortSignal } = {},
): Promise<void> {
  const { signal } = options;
  const write = await writers[tableFormat(path)]();
  checkColumns(table.columns);
  signal?.throwIfAborted();
  await atomically(tableFiles(path), async (temporaries) => {
    await write(table, temporaries, signal);
    signal?.throwIfAborted();
  });
}
