/** @file `.h5`: chunked HDF5 datasets written slice by slice to the real disk. */
import { open } from "node:fs/promises";
import { type Dataset, File, ready } from "h5wasm/node";
import {
  checkedRows,
  type Column,
  columnTotal,
  type Row,
  type Table,
  valueCount,
} from "./table.ts";

const CHUNK_BYTES = 1 << 18;
const SLICE_BYTES = 1 << 22;

/**
 * Writes datasets `ids` (fixed UTF-8 strings), `lengths` (int64) and one per column (scalar (N) f8; vector (N, width) f4; list
 * (positions) and ragged (positions, width) f4 with `<name>_offsets` int64 (N + 1)); the root attribute `meta` is JSON.
 */
export async function writeH5(
  table: Table,
  [main]: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  // Node's own error for a folder that is missing or closed to us.
  await (await open(main, "wx")).close();
  const hdf5 = await ready;
  // By default the library prints HDF5's errors (a full disk!) and carries on.
  hdf5.activate_throwing_error_handler();
  try {
    const file = timeless(() => new File(main, "w"));
    try {
      timeless(() => file.create_attribute("meta", JSON.stringify(table.meta)));
      await writeDatasets(file, table, signal);
      timeless(() => file.flush());
    } finally {
      timeless(() => file.close());
    }
  } catch (error) {
    throw readableError(error);
  }
}

async function writeDatasets(
  file: File,
  table: Table,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { count, columns } = table;
  const ids = dataset(
    file,
    "ids",
    `S${Math.max(1, table.idBytes)}`,
    [count],
    Math.max(1, table.idBytes),
  );
  const lengths = dataset(file, "lengths", "<q", [count], 8);
  await writeSlices(table, [], signal, (start, rows) => {
    const end = start + rows.length;
    timeless(() =>
      ids.write_slice(
        [[start, end]],
        rows.map(({ id }) => id),
      ),
    );
    timeless(() =>
      lengths.write_slice(
        [[start, end]],
        BigInt64Array.from(rows, ({ length }) => BigInt(length)),
      ),
    );
  });
  for (const column of columns) {
    if (column.kind === "list" || column.kind === "ragged")
      await writeOffsets(file, column.name, table, signal);
    await writeColumn(file, column, table, signal);
  }
}

async function writeOffsets(
  file: File,
  name: string,
  table: Table,
  signal: AbortSignal | undefined,
): Promise<void> {
  const offsets = dataset(file, `${name}_offsets`, "<q", [table.count + 1], 8);
  let end = 0n;
  timeless(() => offsets.write_slice([[0, 1]], BigInt64Array.of(0n)));
  await writeSlices(table, [], signal, (start, rows) => {
    const ends = BigInt64Array.from(
      rows,
      ({ length }) => (end += BigInt(length + 1)),
    );
    timeless(() =>
      offsets.write_slice([[start + 1, start + 1 + rows.length]], ends),
    );
  });
}

async function writeColumn(
  file: File,
  column: Column,
  table: Table,
  signal: AbortSignal | undefined,
): Promise<void> {
  const width = "width" in column ? column.width : 1;
  const lines = columnTotal(column, table) / width;
  const itemBytes = column.kind === "scalar" ? 8 : 4;
  const shape = "width" in column ? [lines, width] : [lines];
  const target = dataset(
    file,
    column.name,
    column.kind === "scalar" ? "<d" : "<f",
    shape,
    itemBytes,
  );
  let line = 0;
  await writeSlices(table, [column], signal, (_, rows) => {
    const size = rows.reduce(
      (sum, { length }) => sum + valueCount(column, length),
      0,
    );
    const data =
      column.kind === "scalar"
        ? new Float64Array(size)
        : new Float32Array(size);
    let at = 0;
    for (const { length, values } of rows) {
      const [value] = values;
      if (typeof value === "number") data[at] = value;
      else data.set(value, at);
      at += valueCount(column, length);
    }
    // In slices, because one record's states may exceed what the WebAssembly memory can take at once.
    const step = Math.max(1, Math.floor(SLICE_BYTES / (itemBytes * width)));
    for (let start = 0; start < size / width; start += step) {
      const end = Math.min(size / width, start + step);
      const ranges: [number, number][] = [[line + start, line + end]];
      if ("width" in column) ranges.push([0, width]);
      timeless(() =>
        target.write_slice(ranges, data.subarray(start * width, end * width)),
      );
    }
    line += size / width;
  });
}

/** Calls `write` with runs of consecutive rows of about 4 MiB. */
async function writeSlices(
  table: Table,
  columns: readonly Column[],
  signal: AbortSignal | undefined,
  write: (start: number, rows: readonly Row[]) => void,
): Promise<void> {
  let start = 0;
  let rows: Row[] = [];
  let bytes = 0;
  for await (const row of checkedRows(table, columns)) {
    rows.push(row);
    bytes += 16 + table.idBytes;
    for (const value of row.values)
      bytes += typeof value === "number" ? 8 : value.byteLength;
    signal?.throwIfAborted();
    if (bytes < SLICE_BYTES) continue;
    write(start, rows);
    start += rows.length;
    rows = [];
    bytes = 0;
  }
  if (rows.length > 0) write(start, rows);
}

/** An unwritten chunked dataset of `shape`; strings are deflated because fixed-width ids are mostly padding. */
function dataset(
  file: File,
  name: string,
  dtype: string,
  shape: readonly number[],
  itemBytes: number,
): Dataset {
  const [lines, ...inner] = shape;
  const lineBytes = inner.reduce((a, b) => a * b, itemBytes);
  const chunk = Math.max(
    1,
    Math.min(Math.floor(CHUNK_BYTES / lineBytes), lines),
  );
  return timeless(() => {
    const created = file.create_dataset({
      name,
      data: [],
      dtype,
      shape: [0, ...inner],
      maxshape: [null, ...inner],
      chunks: [chunk, ...inner],
      ...(dtype.startsWith("S") ? { compression: "gzip" as const } : {}),
    });
    created.resize([...shape]);
    return created;
  });
}

/**
 * `call` with the clock at zero: HDF5 stamps every object with the time, and h5wasm cannot switch that off, but the same table
 * must give the same bytes. `call` is synchronous, so nothing else sees this clock.
 */
function timeless<T>(call: () => T): T {
  const now = Date.now;
  Date.now = () => 0;
  try {
    return call();
  } finally {
    Date.now = now;
  }
}

/** HDF5 reports pages of stack; the operating system's reason is what a user can act on. */
function readableError(error: unknown): unknown {
  if (!(error instanceof Error) || !error.message.startsWith("HDF5-DIAG"))
    return error;
  const reason = /error message = '([^']+)'/.exec(error.message)?.[1];
  const code =
    reason === "No space left on device"
      ? "ENOSPC"
      : reason === "File too large"
        ? "EFBIG"
        : undefined;
  const summary = new Error(
    `HDF5 failed: ${reason ?? error.message.split("\n")[1]?.trim()}`,
    { cause: error },
  );
  return code === undefined ? summary : Object.assign(summary, { code });
}
