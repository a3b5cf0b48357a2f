/** @file `.npy`: one float32 matrix, with the ids, lengths, columns and metadata in a JSON file beside it. */
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { blocks } from "./blocks.ts";
import { checkedRows, type Column, type Row, type Table } from "./table.ts";

/** The header of a version 1.0 `.npy` array (numpy.lib.format); `shape` [] is a 0-d array. */
export function npyHeader(descr: string, shape: readonly number[]): Uint8Array {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims}), }`;
  // Data starts at a multiple of 64 so that readers can map it.
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64 - 10;
  const header = Buffer.alloc(10 + length, " ");
  header.write("\x93NUMPY\x01\x00", "latin1");
  header.writeUInt16LE(length, 8);
  header.write(dictionary, 10, "latin1");
  header.write("\n", 9 + length);
  return header;
}

/**
 * Writes a matrix of all vector columns side by side, (N, sum of widths), or of one ragged column, (positions, width); the
 * sidecar holds `{ ids, lengths, columns, meta }` and, for a ragged column, `offsets` (N + 1).
 */
export async function writeNpy(
  table: Table,
  [sidecar, main]: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const width = matrixWidth(table.columns);
  const ragged = table.columns[0].kind === "ragged";
  const rows = ragged ? table.residues + table.count : table.count;
  const rest = { columns: table.columns, meta: table.meta };
  async function* matrix(): AsyncGenerator<Uint8Array> {
    yield npyHeader("<f4", [rows, width]);
    for await (const { values } of checkedRows(table))
      for (const value of values) yield floatBytes(value);
  }
  async function* json(): AsyncGenerator<Uint8Array> {
    yield* list(`{"ids":[`, table, ({ id }) => JSON.stringify(id));
    yield* list(`],"lengths":[`, table, ({ length }) => String(length));
    if (ragged) {
      let end = 0;
      yield* list(
        `],"offsets":[0`,
        table,
        ({ length }) => String((end += length + 1)),
        ",",
      );
    }
    yield Buffer.from(`],${JSON.stringify(rest).slice(1)}\n`);
  }
  await pipeline(blocks(matrix()), createWriteStream(main, { flags: "wx" }), {
    signal,
  });
  await pipeline(blocks(json()), createWriteStream(sidecar, { flags: "wx" }), {
    signal,
  });
}

async function* list(
  opening: string,
  table: Table,
  item: (row: Row) => string,
  separator = "",
): AsyncGenerator<Uint8Array> {
  yield Buffer.from(opening);
  for await (const row of checkedRows(table, [])) {
    yield Buffer.from(separator + item(row));
    separator = ",";
  }
}

/** The little-endian bytes of a value of a vector, list or ragged column. */
export function floatBytes(value: number | Float32Array): Uint8Array {
  const array = typeof value === "number" ? Float32Array.of(value) : value;
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** Columns of the matrix, or a RangeError for a table that is no matrix. */
export function matrixWidth(columns: readonly Column[]): number {
  let width = 0;
  for (const column of columns) {
    if (
      column.kind === "vector" ||
      (column.kind === "ragged" && columns.length === 1)
    )
      width += column.width;
    else
      throw new RangeError(
        `.npy holds vector columns or one ragged column, got ${column.kind} ${column.name}`,
      );
  }
  if (width === 0)
    throw new RangeError(
      ".npy holds vector columns or one ragged column, got none",
    );
  return width;
}
