/** @file The second half of a run: what is left to compute, the results in any order, and the table of all of them. */
import { type FileHandle, open } from "node:fs/promises";
import { diskError } from "./atomic-file.ts";
import {
  fileLines,
  readAhead,
  readExactly,
  writeExactly,
} from "./run-files.ts";
import type { IngestedInput, RunRecord } from "./run-ingest.ts";
import { openJournal } from "./run-journal.ts";
import {
  decodeIndex,
  decodeValue,
  encodeValue,
  type Extent,
  extents,
  INDEX_BYTES,
  type IndexEntry,
  runPaths,
} from "./run-layout.ts";
import {
  checkValues,
  type Column,
  type Row,
  type Table,
  type TableSize,
  type Value,
} from "./table.ts";

/** A record whose results are still to be computed. */
export interface PendingRecord {
  /** Position among all records of the run: what `put` takes. */
  readonly index: number;
  readonly id: string;
  readonly sequence: string;
  /** Residues (L). */
  readonly length: number;
}

export interface Run {
  readonly size: TableSize;
  /** What the caller gave `finishInput`, also after a resume. */
  readonly summary: unknown;
  /** Records that are no copies, and residues in them: finished and in all. */
  progress(): {
    done: number;
    total: number;
    doneResidues: number;
    totalResidues: number;
  };
  /** Unfinished records in order; copies of earlier sequences are left out. */
  pending(): AsyncIterable<PendingRecord>;
  /** All records but copies, finished or not, in order: the same in every session of the run. */
  distinct(): AsyncIterable<PendingRecord & { readonly finished: boolean }>;
  /** Stores the results of one record, in any order, concurrently if need be; when it resolves a killed process has lost nothing. */
  put(index: number, values: readonly Value[]): Promise<void>;
  /** All records with their results, copies included; its rows throw when values are asked for before all are computed. */
  table(meta: Readonly<Record<string, unknown>>): Table;
}

/** Between two fsyncs a power failure may cost this much computing; a killed process costs none. */
const SYNC_MS = 5000;

interface Files {
  readonly index: FileHandle;
  readonly rows: FileHandle;
  readonly states: FileHandle;
  readonly journal: FileHandle;
}

/** The run over an ingested folder that the caller has locked; results that the journal proves are kept. */
export async function openResults(
  out: string,
  columns: readonly Column[],
  input: IngestedInput,
): Promise<{ run: Run; close: () => Promise<void> }> {
  const files = await openFiles(out);
  const { size, distinct, summary } = input;
  const finished = new Uint8Array(Math.ceil(size.count / 8));
  const isFinished = (index: number) =>
    (finished[index >> 3] & (1 << (index & 7))) !== 0;
  const counts = { done: 0, doneResidues: 0 };
  const markFinished = (index: number, length: number) => {
    if (isFinished(index)) return;
    finished[index >> 3] |= 1 << (index & 7);
    counts.done += 1;
    counts.doneResidues += length;
  };
  const entryOf = async (index: number): Promise<IndexEntry | undefined> => {
    if (!Number.isInteger(index) || index < 0 || index >= size.count)
      return undefined;
    const bytes = await readExactly(
      files.index,
      index * INDEX_BYTES,
      INDEX_BYTES,
    );
    return bytes && decodeIndex(bytes);
  };

  const journal = await openJournal(files.journal);
  let length = 0;
  const results = async (index: number) => {
    const entry = await entryOf(index);
    length = entry?.length ?? 0;
    return entry?.owner === index
      ? storedResults(files, extents(columns, index, entry))
      : undefined;
  };
  for await (const index of journal.replay(results))
    markFinished(index, length);

  let synced = performance.now();
  const sync = async () => {
    synced = performance.now();
    await Promise.all([files.rows.sync(), files.states.sync()]);
    await files.journal.sync();
  };

  async function* records(): AsyncGenerator<
    RunRecord & IndexEntry & { index: number }
  > {
    const read = readAhead(files.index);
    let index = 0;
    for await (const line of fileLines(runPaths(out).records)) {
      const bytes = await read(index * INDEX_BYTES, INDEX_BYTES);
      if (bytes === undefined)
        throw new Error(
          `${runPaths(out).index} ends before record ${index + 1}`,
        );
      yield {
        ...(JSON.parse(line) as RunRecord),
        ...decodeIndex(bytes),
        index,
      };
      index += 1;
    }
  }

  async function* distinctRecords() {
    for await (const { index, id, sequence, length, owner } of records()) {
      if (owner === index)
        yield { index, id, sequence, length, finished: isFinished(index) };
    }
  }

  async function* tableRows(selected: readonly Column[]): AsyncGenerator<Row> {
    const picks = selected.map((column) =>
      columns.findIndex(({ name }) => name === column.name),
    );
    const missing = distinct.records - counts.done;
    // Checked before the first row: reading ahead must never see a row that is still being written.
    if (picks.length > 0 && missing > 0) {
      throw new Error(
        `run of ${out}: ${missing} of ${distinct.records} records have no results yet`,
      );
    }
    const sequential = {
      rows: readAhead(files.rows),
      states: readAhead(files.states),
    };
    const random = (extent: Extent) =>
      readExactly(files[extent.file], extent.position, extent.bytes);
    for await (const record of records()) {
      const { id, index, length, owner } = record;
      const source = owner === index ? record : await entryOf(owner);
      const places =
        source && picks.length > 0 ? extents(columns, owner, source) : [];
      const values: Value[] = [];
      for (const k of picks) {
        const place = places[k];
        const bytes = await (owner === index
          ? sequential[place.file](place.position, place.bytes)
          : random(place));
        if (bytes === undefined)
          throw new Error(
            `run of ${out}: the results of record ${id} are not on the disk`,
          );
        values.push(decodeValue(columns[k], bytes));
      }
      yield { id, length, values };
    }
  }

  const run: Run = {
    size,
    summary,
    progress: () => ({
      ...counts,
      total: distinct.records,
      totalResidues: distinct.residues,
    }),
    async *pending() {
      for await (const record of distinctRecords())
        if (!record.finished) yield record;
    },
    distinct: distinctRecords,
    async put(index, values) {
      const entry = await entryOf(index);
      if (entry?.owner !== index || isFinished(index)) {
        throw new RangeError(
          `run of ${out}: put expects the index of a pending record, got ${index}`,
        );
      }
      checkValues(columns, `number ${index + 1}`, entry.length, values);
      const parts = values.map(encodeValue);
      try {
        for (const [k, place] of extents(columns, index, entry).entries()) {
          await writeExactly(files[place.file], place.position, parts[k]);
        }
        await journal.append(index, parts);
        if (performance.now() - synced > SYNC_MS) await sync();
      } catch (error) {
        throw diskError(error, runPaths(out).folder);
      }
      markFinished(index, entry.length);
    },
    table: (meta) => ({
      ...size,
      columns,
      meta,
      rows: (selected = columns) => tableRows(selected),
    }),
  };
  const close = async () => {
    await sync();
    await closeFiles(files);
  };
  return { run, close };
}

/** The bytes of every place, undefined when some are missing. */
async function storedResults(
  files: Files,
  places: readonly Extent[],
): Promise<Buffer[] | undefined> {
  const parts: Buffer[] = [];
  for (const { file, position, bytes } of places) {
    const part = await readExactly(files[file], position, bytes);
    if (part === undefined) return undefined;
    parts.push(part);
  }
  return parts;
}

async function openFiles(out: string): Promise<Files> {
  const paths = runPaths(out);
  // "a+" would ignore positions; the first open makes files that are not there yet.
  for (const path of [paths.rows, paths.states, paths.journal])
    await (await open(path, "a")).close();
  return {
    index: await open(paths.index, "r"),
    rows: await open(paths.rows, "r+"),
    states: await open(paths.states, "r+"),
    journal: await open(paths.journal, "r+"),
  };
}

async function closeFiles(files: Files): Promise<void> {
  await Promise.all(
    Object.values(files).map((file: FileHandle) => file.close()),
  );
}
