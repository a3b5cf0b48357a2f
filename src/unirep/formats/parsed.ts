/** @file What the reader of a format hands on: a record with what normalising it took, or the reason it was refused. */
import type { RareCounts } from "../alphabet.ts";
import type { SequenceRecord } from "./record.ts";

/** Where in the input something stands; whatever is known of it. */
export interface SequencePlace {
  /** Path as the user gave it; `-` is standard input. */
  readonly file: string;
  /** 1-based position of the record; none when the file as a whole cannot be read. */
  readonly record?: number | undefined;
  readonly id?: string | undefined;
  /** 1-based line. */
  readonly line?: number | undefined;
  /** 1-based byte in that line. */
  readonly column?: number | undefined;
}

/** One sentence: where, what was expected, what was got. Without `record` it is about the file, and no record of it can be skipped. */
export class SequenceError extends Error {
  override readonly name = "SequenceError";
  readonly file: string;
  readonly record: number | undefined;
  readonly id: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** The sentence without the place: what was expected, what was got. */
  readonly reason: string;

  constructor(place: SequencePlace, reason: string, options?: ErrorOptions) {
    super(`${describe(place)}: ${reason}`, options);
    this.reason = reason;
    this.file = place.file;
    this.record = place.record;
    this.id = place.id;
    this.line = place.line;
    this.column = place.column;
  }
}

export interface ParsedRecord {
  readonly record: SequenceRecord;
  readonly gapsRemoved: number;
  /** None for the many records without such letters. */
  readonly rare: RareCounts | undefined;
}

/** Records in file order, refused ones as their error. */
export type Parsed = ParsedRecord | SequenceError;

/** The header text of a record as id (first word) and description (the rest). */
export function splitHeader(header: string): {
  id: string;
  description: string;
} {
  const text = header.trim();
  const end = text.search(/\s/);
  return end < 0
    ? { id: text, description: "" }
    : { id: text.slice(0, end), description: text.slice(end).trimStart() };
}

function describe({ file, record, id, line, column }: SequencePlace): string {
  const words = [file === "-" ? "standard input" : file];
  if (line !== undefined) words.push(`line ${line}`);
  if (column !== undefined) words.push(`column ${column}`);
  if (record !== undefined)
    words.push(`record ${record}${id ? ` (${shorten(id)})` : ""}`);
  return words.join(", ");
}

function shorten(id: string): string {
  return id.length > 80 ? `${id.slice(0, 79)}…` : id;
}
