/** @file A part of a result table: the rows of one range of a job, in a file that shows when it is torn.
 *
 * Bytes: `UREPART1`; the header's length (uint32); the header as JSON; the rows in order, each with its columns' values
 * side by side (a scalar as float64, everything else float32); SHA-256 of all of that (32 bytes). Little endian.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import {
  atomically,
  type Column,
  type Row,
  type Value,
} from "../../unirep/index.ts";
import { type ByteReader, byteReader } from "./byte-reader.ts";
import { gatheredWrites } from "./gathered-writes.ts";

const MAGIC = Buffer.from("UREPART1");
const HASH_BYTES = 32;

/** What every part says of itself. */
export interface PartHeader {
  /** Number of its first record in the job, from 0. */
  readonly first: number;
  readonly columns: readonly Column[];
  /** SHA-256 of the parameters that computed it. */
  readonly weights: string;
  readonly ids: readonly string[];
  /** Residues of each record. */
  readonly lengths: readonly number[];
}

export type PutRow = (place: number, values: readonly Value[]) => Promise<void>;

/** Bytes of the values of a record of `length` residues. */
function columnBytes(column: Column, length: number): number {
  if (column.kind === "scalar") return 8;
  const width = "width" in column ? column.width : 1;
  return 4 * width * (column.kind === "vector" ? 1 : length + 1);
}

const rowBytes = (columns: readonly Column[], length: number): number =>
  columns.reduce((sum, column) => sum + columnBytes(column, length), 0);

/**
 * Writes the part `path`, whole or not at all. `fill` hands over the values of every record, by its place in the part and
 * in any order; a RangeError where one is missing, given twice or of another size.
 */
export async function writePart(
  path: string,
  header: PartHeader,
  fill: (put: PutRow) => Promise<void>,
): Promise<void> {
  const { columns, ids, lengths } = header;
  const json = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(json.length);
  const head = Buffer.concat([MAGIC, size, json]);
  const places: number[] = [];
  let end = head.length;
  for (const length of lengths) {
    places.push(end);
    end += rowBytes(columns, length);
  }
  const missing = new Set(ids.keys());
  await atomically([path], async ([temporary]) => {
    const file = await open(temporary, "wx+");
    try {
      const rows = gatheredWrites(file);
      await rows.write(0, head);
      await fill(async (place, values) => {
        const row = Buffer.concat(values.map(valueBytes));
        if (
          !missing.delete(place) ||
          row.length !== rowBytes(columns, lengths[place])
        )
          throw new RangeError(
            `part: expected ${rowBytes(columns, lengths[place] ?? 0)} bytes of record ${place} once, got ${row.length}`,
          );
        await rows.write(places[place], row);
      });
      await rows.flush();
      if (missing.size > 0)
        throw new RangeError(
          `part: expected values of ${ids.length} records, got ${ids.length - missing.size}`,
        );
      const stored = file.createReadStream({ start: 0, autoClose: false });
      const hash = createHash("sha256");
      for await (const chunk of stored) hash.update(chunk as Buffer);
      await file.write(hash.digest(), 0, HASH_BYTES, end);
    } finally {
      await file.close();
    }
  });
}

function valueBytes(value: Value): Uint8Array {
  const array = typeof value === "number" ? Float64Array.of(value) : value;
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** The header of a part whose every byte has been checked; an Error, one sentence, for a part that is torn or no part. */
export async function checkPart(
  path: string,
  signal?: AbortSignal,
): Promise<PartHeader> {
  const file = await open(path, "r");
  try {
    const end = (await file.stat()).size - HASH_BYTES;
    const least = MAGIC.length + 4;
    if (end < least) throw torn(path, `${end + HASH_BYTES} bytes`);
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(path, { end: end - 1 })) {
      signal?.throwIfAborted();
      hash.update(chunk as Buffer);
    }
    const stored = Buffer.alloc(HASH_BYTES);
    await file.read(stored, 0, HASH_BYTES, end);
    if (!hash.digest().equals(stored))
      throw torn(path, `${end + HASH_BYTES} bytes with another SHA-256`);
    return (await readHeader(file, path)).header;
  } finally {
    await file.close();
  }
}

const torn = (path: string, got: string) =>
  new Error(`part ${path}: expected a whole part of a result, got ${got}`);

/** The header, and where the rows begin. */
async function readHeader(file: FileHandle, path: string) {
  const start = Buffer.alloc(MAGIC.length + 4);
  await file.read(start, 0, start.length, 0);
  if (!start.subarray(0, MAGIC.length).equals(MAGIC))
    throw torn(path, "another beginning");
  const json = Buffer.alloc(start.readUInt32LE(MAGIC.length));
  await file.read(json, 0, json.length, start.length);
  return {
    header: JSON.parse(json.toString()) as PartHeader,
    rows: start.length + json.length,
  };
}

/** The rows of a checked part in order, with the values of `selected` columns; without any only the header is read. */
export async function* partRows(
  path: string,
  selected: readonly Column[],
): AsyncGenerator<Row> {
  const file = await open(path, "r");
  let content: ReturnType<typeof createReadStream> | null = null;
  try {
    const { header, rows } = await readHeader(file, path);
    const { columns, ids, lengths } = header;
    const picks = selected.map(({ name }) =>
      columns.findIndex((column) => column.name === name),
    );
    if (picks.length > 0)
      content = createReadStream(path, { start: rows, highWaterMark: 2 ** 20 });
    const reader = content && byteReader(content as AsyncIterable<Buffer>);
    for (const [k, id] of ids.entries()) {
      const length = lengths[k];
      const values = reader
        ? await readRow(reader, columns, length, picks)
        : [];
      yield { id, length, values };
    }
  } finally {
    content?.destroy();
    await file.close();
  }
}

async function readRow(
  reader: ByteReader,
  columns: readonly Column[],
  length: number,
  picks: readonly number[],
): Promise<Value[]> {
  const values: Value[] = [];
  for (const [c, column] of columns.entries()) {
    const bytes = columnBytes(column, length);
    if (!picks.includes(c)) await reader.skip(bytes);
    else values[c] = valueOf(column, await reader.take(bytes));
  }
  return picks.map((c) => values[c]);
}

function valueOf(column: Column, { buffer }: Uint8Array): Value {
  return column.kind === "scalar"
    ? new Float64Array(buffer as ArrayBuffer)[0]
    : new Float32Array(buffer as ArrayBuffer);
}
