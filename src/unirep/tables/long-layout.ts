/** @file The rule for formats whose lines are flat: a ragged column has one line a position, so it cannot share a file. */
import type { Column } from "./table.ts";

/** The one ragged column of a long table, undefined for a table without any, a RangeError for a mixture. */
export function loneRagged(
  format: string,
  columns: readonly Column[],
): Extract<Column, { kind: "ragged" }> | undefined {
  const ragged = columns.find((column) => column.kind === "ragged");
  if (ragged && columns.length > 1) {
    throw new RangeError(
      `${format} cannot hold the per-residue column ${ragged.name} beside other columns: ask for it alone, or write .npz, .h5 or .jsonl`,
    );
  }
  return ragged;
}
