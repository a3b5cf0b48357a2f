/** @file `.npz`: an uncompressed zip of `.npy` arrays, read by `numpy.load`. */
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ZipFile } from "yazl";
import { blocks } from "./blocks.ts";
import { floatBytes, npyHeader } from "./npy.ts";
import {
  checkedRows,
  type Column,
  columnTotal,
  type Row,
  type Table,
} from "./table.ts";

interface NpyArray {
  readonly name: string;
  readonly header: Uint8Array;
  /** Bytes of the data alone. */
  readonly bytes: number;
  readonly data: () => AsyncIterable<Uint8Array>;
}

/**
 * Writes `ids` (unicode), `lengths` (int64), one array per column (scalar (N) f8; vector (N, width) f4; list (positions) and
 * ragged (positions, width) f4 with `<name>_offsets` int64 (N + 1)) and `meta`, a 0-d unicode array holding JSON.
 */
export async function writeNpz(
  table: Table,
  [main]: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const zip = new ZipFile();
  const output = zip.outputStream as Readable;
  let current: Readable | undefined;
  output.on("close", () => current?.destroy());
  zip.on("error", (error: Error) => output.destroy(error));
  // DOS time is local time, so this is the same bytes in every time zone; yazl clamps dates at the edge of its range.
  const options = {
    compress: false,
    mtime: new Date(1980, 1, 1),
    forceDosTimestamp: true,
    mode: 0o100644,
  };
  for (const { name, header, bytes, data } of arrays(table)) {
    async function* npy(): AsyncGenerator<Uint8Array> {
      yield header;
      yield* data();
    }
    zip.addReadStreamLazy(
      `${name}.npy`,
      { ...options, size: header.length + bytes },
      (use) => {
        const source = Readable.from(blocks(npy()), { objectMode: false });
        source.on("error", (error) => output.destroy(error));
        current = source;
        use(null, source);
      },
    );
  }
  zip.end();
  await pipeline(output, createWriteStream(main, { flags: "wx" }), { signal });
}

function arrays(table: Table): NpyArray[] {
  const { count, residues, columns } = table;
  const id = Math.max(1, table.idCodePoints);
  const meta = Array.from(JSON.stringify(table.meta)).length;
  const metaBytes = unicode(JSON.stringify(table.meta), meta);
  return [
    array("ids", `<U${id}`, [count], 4 * id, () =>
      mapRows(table, [], (row) => unicode(row.id, id)),
    ),
    array("lengths", "<i8", [count], 8, () =>
      mapRows(table, [], ({ length }) => int64(length)),
    ),
    ...columns.flatMap((column) => {
      const total = columnTotal(column, table);
      const data = () =>
        mapRows(table, [column], ({ values }) => valueBytes(column, values[0]));
      if (column.kind === "scalar")
        return [array(column.name, "<f8", [count], 8, data)];
      if (column.kind === "vector")
        return [array(column.name, "<f4", [count, column.width], 4, data)];
      const shape =
        column.kind === "list" ? [total] : [residues + count, column.width];
      return [
        array(column.name, "<f4", shape, 4, data),
        array(`${column.name}_offsets`, "<i8", [count + 1], 8, () =>
          offsets(table),
        ),
      ];
    }),
    array("meta", `<U${meta}`, [], 4 * meta, () => Readable.from([metaBytes])),
  ];
}

function array(
  name: string,
  descr: string,
  shape: readonly number[],
  itemBytes: number,
  data: () => AsyncIterable<Uint8Array>,
): NpyArray {
  return {
    name,
    header: npyHeader(descr, shape),
    bytes: shape.reduce((a, b) => a * b, itemBytes),
    data,
  };
}

async function* mapRows(
  table: Table,
  columns: readonly Column[],
  bytes: (row: Row) => Uint8Array,
): AsyncGenerator<Uint8Array> {
  for await (const row of checkedRows(table, columns)) yield bytes(row);
}

/** (N + 1) where each record's positions start, and where the last one's end. */
async function* offsets(table: Table): AsyncGenerator<Uint8Array> {
  let end = 0;
  yield int64(0);
  for await (const { length } of checkedRows(table, []))
    yield int64((end += length + 1));
}

function valueBytes(column: Column, value: number | Float32Array): Uint8Array {
  return column.kind === "scalar" && typeof value === "number"
    ? float64(value)
    : floatBytes(value);
}

function int64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(value));
  return bytes;
}

function float64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return bytes;
}

/** NumPy's fixed-width unicode: UTF-32 padded with NULs. */
function unicode(text: string, width: number): Buffer {
  const bytes = Buffer.alloc(4 * width);
  Array.from(text).forEach((character, k) =>
    bytes.writeUInt32LE(character.codePointAt(0) ?? 0, 4 * k),
  );
  return bytes;
}
