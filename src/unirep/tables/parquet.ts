/** @file `.parquet`: row groups of bounded size streamed to disk; vectors and lists are `list<float>`. */
import { type FileHandle, open } from "node:fs/promises";
import {
  ByteWriter,
  type ColumnSource,
  ParquetWriter,
  type SchemaElement,
} from "hyparquet-writer";
import { loneRagged } from "./long-layout.ts";
import {
  checkedRows,
  type Column,
  type Row,
  type Table,
  type Value,
} from "./table.ts";

/** Raw bytes of a row group: the encoder was measured to hold fifty times as much while it works. */
const GROUP_BYTES = 2 << 20;

/**
 * Columns `id` (string), `length` (int64), then a double per scalar and a list<float> per vector or list. A ragged column
 * stands alone as `id`, `position` (int64, 0 the start token) and a list<float> of its width. The metadata is JSON under the
 * file's key `meta`. Uncompressed: float32 activations do not compress.
 */
export async function writeParquet(
  table: Table,
  [main]: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const ragged = loneRagged(".parquet", table.columns);
  const file = await open(main, "wx");
  try {
    const writer = new ParquetWriter({
      writer: fileWriter(file),
      schema: schema(ragged ? "position" : "length", table.columns),
      codec: "UNCOMPRESSED",
      statistics: false,
      createdBy: "unirep-ts",
      kvMetadata: [{ key: "meta", value: JSON.stringify(table.meta) }],
    });
    for await (const group of groups(
      ragged ? positions(table) : records(table),
    )) {
      signal?.throwIfAborted();
      await writer.write({
        columnData: columnData(
          ragged ? "position" : "length",
          table.columns,
          group,
        ),
        rowGroupSize: group.length,
      });
    }
    await writer.finish();
  } finally {
    await file.close();
  }
}

/** A row of the Parquet table: id, length or position, values. */
type Line = readonly [id: string, count: number, values: readonly Value[]];

async function* records(table: Table): AsyncGenerator<Line> {
  for await (const { id, length, values } of checkedRows(table))
    yield [id, length, values];
}

async function* positions(table: Table): AsyncGenerator<Line> {
  for await (const row of checkedRows(table)) yield* rowPositions(row);
}

function* rowPositions({ id, length, values }: Row): Generator<Line> {
  const states = values[0] as Float32Array;
  const width = states.length / (length + 1);
  for (let position = 0; position <= length; position++) {
    yield [
      id,
      position,
      [states.subarray(position * width, (position + 1) * width)],
    ];
  }
}

async function* groups(lines: AsyncIterable<Line>): AsyncGenerator<Line[]> {
  let group: Line[] = [];
  let bytes = 0;
  for await (const line of lines) {
    group.push(line);
    bytes += line[0].length + 8;
    for (const value of line[2])
      bytes += typeof value === "number" ? 8 : value.byteLength;
    if (bytes >= GROUP_BYTES) {
      yield group;
      group = [];
      bytes = 0;
    }
  }
  if (group.length > 0) yield group;
}

function schema(
  count: "length" | "position",
  columns: readonly Column[],
): SchemaElement[] {
  return [
    { name: "schema", num_children: columns.length + 2 },
    {
      name: "id",
      type: "BYTE_ARRAY",
      converted_type: "UTF8",
      repetition_type: "REQUIRED",
    },
    { name: count, type: "INT64", repetition_type: "REQUIRED" },
    ...columns.flatMap(({ name, kind }): SchemaElement[] =>
      kind === "scalar"
        ? [{ name, type: "DOUBLE", repetition_type: "REQUIRED" }]
        : [
            {
              name,
              converted_type: "LIST",
              repetition_type: "REQUIRED",
              num_children: 1,
            },
            { name: "list", repetition_type: "REPEATED", num_children: 1 },
            { name: "element", type: "FLOAT", repetition_type: "REQUIRED" },
          ],
    ),
  ];
}

function columnData(
  count: "length" | "position",
  columns: readonly Column[],
  group: readonly Line[],
): ColumnSource[] {
  // A requested encoding keeps the writer from searching for a dictionary in random floats.
  const encoding = "PLAIN";
  return [
    { name: "id", data: group.map(([id]) => id), encoding },
    { name: count, data: group.map(([, n]) => BigInt(n)), encoding },
    ...columns.map(({ name }, k) => ({
      name,
      encoding: "PLAIN" as const,
      data: group.map(([, , values]) => {
        const value = values[k];
        return typeof value === "number" ? value : Array.from(value);
      }),
    })),
  ];
}

/** The library's in-memory writer, emptied into `file` after every row group. */
function fileWriter(
  file: FileHandle,
): ByteWriter & { flush: () => Promise<void> } {
  const writer = new ByteWriter();
  const flush = async () => {
    await file.writeFile(writer.getBytes());
    writer.index = 0;
  };
  return Object.assign(writer, { flush, finish: flush });
}
