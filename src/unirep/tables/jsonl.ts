/** @file `.jsonl`: the metadata as the first line, then one JSON object a record. */
import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { blocks } from "./blocks.ts";
import { float32List } from "./float-text.ts";
import { checkedRows, type Column, type Table, type Value } from "./table.ts";

/**
 * Line 1 is `{"meta":{…}}`; every other line is `{"id":…,"length":…,"<column>":…}` with a number for a scalar, an array for a
 * vector or list, an array of L + 1 arrays for a ragged column. NaN and infinities have no JSON form: a RangeError.
 */
export async function writeJsonl(
  table: Table,
  [main]: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  await pipeline(
    blocks(pieces(table)),
    createWriteStream(main, { flags: "wx" }),
    { signal },
  );
}

async function* pieces(table: Table): AsyncGenerator<string> {
  yield `${JSON.stringify({ meta: table.meta })}\n`;
  for await (const { id, length, values } of checkedRows(table)) {
    yield `{"id":${JSON.stringify(id)},"length":${length}`;
    for (const [k, column] of table.columns.entries()) {
      checkFinite(id, column, values[k]);
      yield `,${JSON.stringify(column.name)}:`;
      yield* valueText(column, values[k], length);
    }
    yield "}\n";
  }
}

/** In pieces of one state, because the states of a long protein exceed the longest string there can be. */
function* valueText(
  column: Column,
  value: Value,
  length: number,
): Generator<string> {
  if (typeof value === "number")
    yield Object.is(value, -0) ? "-0" : String(value);
  else if (column.kind !== "ragged") yield float32List(value);
  else {
    for (let position = 0; position <= length; position++) {
      yield (
        (position === 0 ? "[" : ",") +
        float32List(
          value,
          position * column.width,
          (position + 1) * column.width,
        )
      );
    }
    yield "]";
  }
}

function checkFinite(id: string, column: Column, value: Value): void {
  const values = typeof value === "number" ? [value] : value;
  const bad = values.find((x) => !Number.isFinite(x));
  if (bad !== undefined) {
    throw new RangeError(
      `.jsonl cannot hold ${bad} (record ${id}, column ${column.name}): write another format`,
    );
  }
}
