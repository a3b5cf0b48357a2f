/** @file The table that results are written from: typed columns over records, read as a stream any number of times. */

/**
 * One column. Per record of L residues: `scalar` is one float64, `vector` is `width` float32, `list` is L + 1 float32 (one per
 * target), `ragged` is (L + 1, width) float32 row-major (one row per state, row 0 the start token).
 */
export type Column =
  | { readonly kind: "scalar"; readonly name: string }
  | { readonly kind: "vector"; readonly name: string; readonly width: number }
  | { readonly kind: "list"; readonly name: string }
  | { readonly kind: "ragged"; readonly name: string; readonly width: number };

export type Value = number | Float32Array;

/** One record's values, in the order of the columns asked for. */
export interface Row {
  readonly id: string;
  /** Residues (L). */
  readonly length: number;
  readonly values: readonly Value[];
}

/** What must be known before the first row to lay a file out. */
export interface TableSize {
  /** Records. */
  readonly count: number;
  /** Residues of all records together; positions (L + 1 a record) are `residues + count`. */
  readonly residues: number;
  /** Code points of the longest id. */
  readonly idCodePoints: number;
  /** UTF-8 bytes of the longest id. */
  readonly idBytes: number;
}

export interface Table extends TableSize {
  readonly columns: readonly Column[];
  /** JSON-serialisable facts about the whole table: model, weights, token policy, options. */
  readonly meta: Readonly<Record<string, unknown>>;
  /** The rows in order with the values of `columns` (all of them by default); may be called more than once. */
  rows(columns?: readonly Column[]): AsyncIterable<Row>;
}

const reserved = new Set([
  "id",
  "ids",
  "length",
  "lengths",
  "position",
  "meta",
]);

/** Values of `column` for a record of `length` residues. */
export function valueCount(column: Column, length: number): number {
  switch (column.kind) {
    case "scalar":
      return 1;
    case "vector":
      return column.width;
    case "list":
      return length + 1;
    case "ragged":
      return (length + 1) * column.width;
    default:
      return column satisfies never;
  }
}

/** Values of `column` over a whole table. */
export function columnTotal(
  column: Column,
  { count, residues }: TableSize,
): number {
  const variable = column.kind === "list" || column.kind === "ragged";
  return variable
    ? valueCount(column, residues + count - 1)
    : count * valueCount(column, 0);
}

/** Throws a RangeError unless names are distinct identifiers that no format reserves and widths are positive integers. */
export function checkColumns(columns: readonly Column[]): void {
  const seen = new Set<string>();
  for (const column of columns) {
    const { name } = column;
    if (
      !/^[A-Za-z]\w*$/.test(name) ||
      reserved.has(name) ||
      name.endsWith("_offsets") ||
      seen.has(name)
    ) {
      throw new RangeError(
        `table: column names must be distinct identifiers that are not reserved, got "${name}"`,
      );
    }
    if (
      "width" in column &&
      !(Number.isInteger(column.width) && column.width > 0)
    ) {
      throw new RangeError(
        `table: column ${name} must have a positive integer width, got ${column.width}`,
      );
    }
    seen.add(name);
  }
}

/** Throws a RangeError naming the first value of a record that is not what its column promises. */
export function checkValues(
  columns: readonly Column[],
  id: string,
  length: number,
  values: readonly Value[],
): void {
  if (values.length !== columns.length) {
    throw new RangeError(
      `table: record ${id} must have ${columns.length} values, got ${values.length}`,
    );
  }
  columns.forEach((column, k) => {
    const value = values[k];
    const expected = valueCount(column, length);
    const what =
      column.kind === "scalar" ? "a number" : `${expected} float32 values`;
    const got =
      typeof value === "number" ? "a number" : `${value.length} float32 values`;
    if (
      (column.kind === "scalar") !== (typeof value === "number") ||
      what !== got
    ) {
      throw new RangeError(
        `table: record ${id} (${length} residues) must have ${what} in ${column.name}, got ${got}`,
      );
    }
  });
}

/** The size of an id, and a RangeError for one that fixed-width string columns could not give back. */
export function idSize(id: string): { codePoints: number; bytes: number } {
  if (id === "" || id.includes("\0")) {
    throw new RangeError(
      `table: an id must be non-empty and free of NUL characters, got ${JSON.stringify(id)}`,
    );
  }
  return { codePoints: Array.from(id).length, bytes: Buffer.byteLength(id) };
}

/** The rows of `table`, each checked against the columns, and all of them against the promised size. */
export async function* checkedRows(
  table: Table,
  columns = table.columns,
): AsyncGenerator<Row> {
  let count = 0;
  let residues = 0;
  for await (const row of table.rows(columns)) {
    checkValues(columns, row.id, row.length, row.values);
    const { codePoints, bytes } = idSize(row.id);
    if (codePoints > table.idCodePoints || bytes > table.idBytes) {
      throw new RangeError(
        `table: ids must have at most ${table.idBytes} bytes, got ${bytes} in ${row.id}`,
      );
    }
    count += 1;
    residues += row.length;
    yield row;
  }
  if (count !== table.count || residues !== table.residues) {
    throw new RangeError(
      `table: expected ${table.count} rows of ${table.residues} residues, got ${count} rows of ${residues} residues`,
    );
  }
}

/** A table over rows in memory. */
export function memoryTable(
  columns: readonly Column[],
  rows: readonly Row[],
  meta: Readonly<Record<string, unknown>> = {},
): Table {
  checkColumns(columns);
  const ids = rows.map((row) => idSize(row.id));
  return {
    count: rows.length,
    residues: rows.reduce((sum, row) => sum + row.length, 0),
    idCodePoints: ids.reduce((max, id) => Math.max(max, id.codePoints), 0),
    idBytes: ids.reduce((max, id) => Math.max(max, id.bytes), 0),
    columns,
    meta,
    // eslint-disable-next-line @typescript-eslint/require-await -- the contract is a stream
    async *rows(selected = columns) {
      const picks = selected.map((column) =>
        columns.findIndex(({ name }) => name === column.name),
      );
      for (const row of rows)
        yield { ...row, values: picks.map((k) => row.values[k]) };
    },
  };
}
