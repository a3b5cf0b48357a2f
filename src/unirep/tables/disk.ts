/** @file How many bytes a run will need, and whether the disk has them. */
import { statfs } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { diskError } from "./atomic-file.ts";
import { JOURNAL_ENTRY_BYTES, positionBytes, rowBytes } from "./run-layout.ts";
import { type Column, columnTotal, type TableSize } from "./table.ts";
import type { TableFormat } from "./write-table.ts";

/** A float32 in text with its comma: "-0.012345678," is the common longest. */
const TEXT_VALUE = 13;
const TEXT_SCALAR = 20;

/** Bytes of the file (and its sidecar) that `format` makes of a table: exact to about 2 % for binary formats, an upper estimate for text. */
export function tableBytes(
  format: TableFormat,
  table: TableSize & { readonly columns: readonly Column[] },
): number {
  const { count, residues, idBytes, idCodePoints, columns } = table;
  const text = format === ".csv" || format === ".jsonl";
  const ragged = columns.some(({ kind }) => kind === "ragged");
  // CSV and Parquet repeat the id on every position of a ragged table.
  const lines =
    ragged && (format === ".csv" || format === ".parquet")
      ? residues + count
      : count;
  const idWidth = format === ".npz" ? 4 * idCodePoints : idBytes;
  const values = columns.reduce((sum, column) => {
    const scalar = column.kind === "scalar";
    return (
      sum +
      columnTotal(column, table) *
        (text ? (scalar ? TEXT_SCALAR : TEXT_VALUE) : scalar ? 8 : 4)
    );
  }, 0);
  const names = text
    ? 16 + columns.reduce((sum, { name }) => sum + name.length + 6, 0)
    : 16;
  return Math.ceil(1.02 * (values + lines * (idWidth + names))) + 65_536;
}

/** Bytes that the work folder of a run will come to hold beside the records: an upper bound, since copies take none. */
export function runBytes({
  count,
  residues,
  columns,
}: TableSize & { readonly columns: readonly Column[] }): number {
  return (
    count * (rowBytes(columns) + JOURNAL_ENTRY_BYTES) +
    (residues + count) * positionBytes(columns)
  );
}

/** Throws an Error when the disk that holds `path` has fewer than `bytes` free. */
export async function checkFreeDisk(
  path: string,
  bytes: number,
): Promise<void> {
  const folder = dirname(resolve(path));
  const { bavail, bsize } = await statfs(folder).catch((error: unknown) => {
    throw diskError(error, path);
  });
  if (bytes > bavail * bsize) {
    throw new Error(
      `not enough disk: need ${readable(bytes)}, have ${readable(bavail * bsize)} on ${folder}`,
    );
  }
}

function readable(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  const power = Math.min(
    units.length - 1,
    bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3),
  );
  return `${Number((bytes / 1000 ** power).toPrecision(3))} ${units[power]}`;
}
