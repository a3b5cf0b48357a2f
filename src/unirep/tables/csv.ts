/** @file `.csv`: a metadata comment line, a header, then one line a record, or one line a position for a ragged column. */
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { stringify } from "csv-stringify/sync";
import { blocks } from "./blocks.ts";
import { float32List, float32Text } from "./float-text.ts";
import { loneRagged } from "./long-layout.ts";
import { checkedRows, type Column, type Table, type Value } from "./table.ts";

/**
 * Line 1 is `# ` and the metadata as JSON: read with `pandas.read_csv(path, skiprows=1)` (not `comment="#"`, which would cut
 * an id at its first `#`). Then `id,length,<scalar>,<vector>_0,…`, a list column being one cell holding a JSON array. A
 * ragged column stands alone: `id,position,<name>_0,…`, position 0 the start token.
 */
export async function writeCsv(
  table: Table,
  [main]: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const lines = loneRagged(".csv", table.columns)
    ? positionLines(table)
    : recordLines(table);
  await pipeline(blocks(lines), createWriteStream(main, { flags: "wx" }), {
    signal,
  });
}

async function* recordLines(table: Table): AsyncGenerator<string> {
  yield `# ${JSON.stringify(table.meta)}\n`;
  yield line(["id", "length", ...table.columns.flatMap(columnNames)]);
  for await (const { id, length, values } of checkedRows(table)) {
    yield line([
      id,
      String(length),
      ...values.flatMap((value, k) => cells(table.columns[k], value)),
    ]);
  }
}

async function* positionLines(table: Table): AsyncGenerator<string> {
  yield `# ${JSON.stringify(table.meta)}\n`;
  yield line(["id", "position", ...table.columns.flatMap(columnNames)]);
  for await (const { id, length, values } of checkedRows(table)) {
    const states = values[0] as Float32Array;
    const width = states.length / (length + 1);
    for (let position = 0; position <= length; position++) {
      const state = states.subarray(position * width, (position + 1) * width);
      yield line([id, String(position), ...Array.from(state, float32Text)]);
    }
  }
}

function line(cells: readonly string[]): string {
  return stringify([[...cells]], { record_delimiter: "\n" });
}

function columnNames(column: Column): string[] {
  if (!("width" in column)) return [column.name];
  return Array.from({ length: column.width }, (_, k) => `${column.name}_${k}`);
}

function cells(column: Column, value: Value): string[] {
  if (typeof value === "number")
    return [Object.is(value, -0) ? "-0" : String(value)];
  return column.kind === "list"
    ? [float32List(value)]
    : Array.from(value, float32Text);
}
