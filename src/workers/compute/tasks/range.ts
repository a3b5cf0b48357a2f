/** @file The task `range`: representations or scores of the records of one range, as a part of the job's table. */
import { createReadStream } from "node:fs";
import {
  readFasta,
  rep,
  score,
  SequenceError,
  type SequenceRecord,
  type UniRep,
} from "../../../unirep/index.ts";
import { type PutRow, writePart } from "../part-file.ts";
import {
  embedValues,
  type ResultColumns,
  resultColumns,
  scoreValues,
} from "../result-columns.ts";
import type { RunTask, TaskContext } from "../task-context.ts";
import type { TaskParams } from "../tasks.ts";

/** Milliseconds between two events. */
const EVENT_MS = 250;
/** Sequences that a model takes at once: scores differ in their last bit with their batch, so batches must be the same each time. */
const SCORE_BLOCK = 2048;

type Context = TaskContext<"range">;

export const runRange: RunTask<"range"> = async (params, context) => {
  const { range, columns, out } = params;
  const { signal } = context;
  const started = performance.now();
  const records = await readRange(params);
  const model = await context.model(params.model, columns.precision);
  signal.throwIfAborted();
  const header = {
    first: range.first,
    columns: resultColumns(columns, model.config.units),
    weights: model.info.sha256,
    ids: records.map(({ id }) => id),
    lengths: records.map(({ sequence }) => sequence.length),
  };
  const progress = progressOf(context);
  await writePart(out, header, async (put) => {
    const done = async (place: number, values: Parameters<PutRow>[1]) => {
      await put(place, values);
      await progress(header.lengths[place]);
    };
    if (columns.kind === "score")
      await scoreAll(records, model, columns, context, done);
    else await embedAll(records, model, columns, context, done);
  });
  signal.throwIfAborted();
  return {
    sequences: range.sequences,
    residues: range.residues,
    seconds: (performance.now() - started) / 1000,
  };
};

/** All records of the range; an Error where they are not those that were counted. */
async function readRange({
  file,
  range,
}: TaskParams<"range">): Promise<SequenceRecord[]> {
  const records: SequenceRecord[] = [];
  let residues = 0;
  const bytes = createReadStream(file, { highWaterMark: 2 ** 20 });
  for await (const batch of readFasta(bytes, { file })) {
    for (const parsed of batch) {
      if (parsed instanceof SequenceError) throw parsed;
      records.push(parsed.record);
      residues += parsed.record.sequence.length;
    }
  }
  if (records.length !== range.sequences || residues !== range.residues)
    throw new Error(
      `range: expected ${range.sequences} sequences of ${range.residues} residues in ${file}, got ${records.length} of ${residues}`,
    );
  return records;
}

/** Representations are the same to the last bit in any batch, so that those seen before may be taken from the cache. */
async function embedAll(
  records: readonly SequenceRecord[],
  model: UniRep,
  columns: Extract<ResultColumns, { kind: "embed" }>,
  context: Context,
  done: PutRow,
): Promise<void> {
  const { perResidue } = columns;
  const { cache, signal } = context;
  const left: { id: string; sequence: string }[] = [];
  for (const [place, { sequence }] of records.entries()) {
    const known = perResidue ? undefined : cache.get(model, sequence);
    if (known) await done(place, embedValues(columns, known));
    else left.push({ id: String(place), sequence });
  }
  const results = rep(left, { model, perResidue, signal, order: "completion" });
  for await (const result of results) {
    const place = Number(result.id);
    if (!perResidue) cache.set(model, records[place].sequence, result);
    context.computed(result.length);
    await done(place, embedValues(columns, result));
  }
}

async function scoreAll(
  records: readonly SequenceRecord[],
  model: UniRep,
  columns: Extract<ResultColumns, { kind: "score" }>,
  context: Context,
  done: PutRow,
): Promise<void> {
  const { signal } = context;
  for (let from = 0; from < records.length; from += SCORE_BLOCK) {
    const block = records
      .slice(from, from + SCORE_BLOCK)
      .map(({ sequence }, i) => ({ id: String(from + i), sequence }));
    const results = score(block, { model, signal, order: "completion" });
    for await (const result of results) {
      context.computed(result.length);
      await done(Number(result.id), scoreValues(columns, result));
    }
  }
}

/** Tells how many residues are done, at most four times a second. */
function progressOf(context: Context): (residues: number) => Promise<void> {
  let residues = 0;
  let told = performance.now();
  return async (more) => {
    residues += more;
    if (performance.now() - told < EVENT_MS) return;
    told = performance.now();
    await context.tell({ type: "progress", residues });
  };
}
