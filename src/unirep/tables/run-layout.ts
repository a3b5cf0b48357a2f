/** @file Where a run keeps what: the files of its work folder and the bytes of their entries. */
import { join } from "node:path";
import { type Column, type Value, valueCount } from "./table.ts";

/** Raised when any file of the folder changes its meaning. */
export const RUN_VERSION = 1;

/** The work folder of output `out`, and the files in it. */
export function runPaths(out: string) {
  const folder = `${out}.partial`;
  return {
    folder,
    /** What the run is: version, columns and the caller's fingerprint. */
    run: join(folder, "run.json"),
    /** Present once all input was read: sizes and the caller's summary. */
    input: join(folder, "input.json"),
    /** One JSON line a record: id, description, sequence. */
    records: join(folder, "records.jsonl"),
    /** One index entry a record. */
    index: join(folder, "index.bin"),
    /** Scalars and vectors: one row of fixed size a record, at its index. */
    rows: join(folder, "rows.bin"),
    /** Lists and ragged columns: one block a record, at its first position. */
    states: join(folder, "states.bin"),
    /** One journal entry a finished record, in order of completion. */
    journal: join(folder, "done.log"),
  } as const;
}

export const INDEX_BYTES = 16;
export const JOURNAL_ENTRY_BYTES = 16;

/** What a record needs to find its results without the records before it. */
export interface IndexEntry {
  /** Positions (L + 1 a record) of all records before this one. */
  readonly firstPosition: number;
  /** Residues (L). */
  readonly length: number;
  /** The first record with the same sequence: its own index unless it is a copy. */
  readonly owner: number;
}

export function encodeIndex({
  firstPosition,
  length,
  owner,
}: IndexEntry): Buffer {
  const bytes = Buffer.alloc(INDEX_BYTES);
  bytes.writeDoubleLE(firstPosition, 0);
  bytes.writeUInt32LE(length, 8);
  bytes.writeUInt32LE(owner, 12);
  return bytes;
}

export function decodeIndex(bytes: Buffer, at = 0): IndexEntry {
  return {
    firstPosition: bytes.readDoubleLE(at),
    length: bytes.readUInt32LE(at + 8),
    owner: bytes.readUInt32LE(at + 12),
  };
}

/** A stretch of `rows.bin` or `states.bin`. */
export interface Extent {
  readonly file: "rows" | "states";
  readonly position: number;
  readonly bytes: number;
}

/** Bytes of a row of scalars and vectors. */
export function rowBytes(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => sum + fixedBytes(column), 0);
}

/** Bytes of the lists and ragged columns for each position. */
export function positionBytes(columns: readonly Column[]): number {
  return columns.reduce((sum, column) => sum + variableBytes(column), 0);
}

/** Where each column of record `index` stands, in the order of the columns. */
export function extents(
  columns: readonly Column[],
  index: number,
  { firstPosition, length }: IndexEntry,
): Extent[] {
  let row = index * rowBytes(columns);
  let state = firstPosition * positionBytes(columns);
  return columns.map((column): Extent => {
    if (fixedBytes(column) > 0) {
      const bytes = fixedBytes(column);
      row += bytes;
      return { file: "rows", position: row - bytes, bytes };
    }
    const bytes = variableBytes(column) * (length + 1);
    state += bytes;
    return { file: "states", position: state - bytes, bytes };
  });
}

export function encodeValue(value: Value): Uint8Array {
  const array = typeof value === "number" ? Float64Array.of(value) : value;
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

/** The value in `bytes`, in memory of its own. */
export function decodeValue(column: Column, bytes: Uint8Array): Value {
  const { buffer } = Uint8Array.from(bytes);
  return column.kind === "scalar"
    ? new Float64Array(buffer)[0]
    : new Float32Array(buffer);
}

function fixedBytes(column: Column): number {
  if (column.kind === "scalar") return 8;
  return column.kind === "vector" ? 4 * column.width : 0;
}

function variableBytes(column: Column): number {
  return fixedBytes(column) > 0 ? 0 : 4 * valueCount(column, 0);
}
