/** @file Embedding and score jobs: ranges of sequences computed apart, then put together in order. */
import { createReadStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { JobRecord, JobResult, SequenceRange } from "../jobs/record.ts";
import { columnsOf, fetchFile, partSchema, storeTable, type Part, type TableKind } from "./tables.ts"; // prettier-ignore
import { tableProgress } from "./table-progress.ts";
import type { Handlers, Work } from "./work.ts";

type TableWork = Work<TableKind>;

const keptSchema = z.object({ parts: z.array(partSchema) });

/** The parts that a table job's main unit has kept, in order. */
export const keptParts = (kept: unknown): readonly Part[] =>
  keptSchema.parse(kept).parts;

/**
 * What units compute: runs of ranges that take 10 to 60 seconds on a small machine (a range holds 262,144 residues), so
 * that a lost unit costs little and a queue is not asked often.
 */
export function rangesOfUnits({
  input,
  model,
}: Pick<JobRecord, "input" | "model">): readonly SequenceRange[] {
  const size = model.units <= 64 ? 4 : model.units <= 256 ? 2 : 1;
  const units: SequenceRange[] = [];
  for (let at = 0; at < input.ranges.length; at += size) {
    const group = input.ranges.slice(at, at + size);
    units.push({
      start: group[0].start,
      end: group[group.length - 1].end,
      first: group[0].first,
      sequences: group.reduce((sum, range) => sum + range.sequences, 0),
      residues: group.reduce((sum, range) => sum + range.residues, 0),
    });
  }
  return units;
}

const unitName = (n: number) => `range-${n}`;
const partFolder = (job: string) => `jobs/${job}/parts`;

async function computePart(work: TableWork, n: number): Promise<Part> {
  const { service, job, folder, signal, fence } = work;
  const range = rangesOfUnits(job)[n];
  const file = path.join(folder, "sequences.fasta");
  const out = path.join(folder, "part");
  await fetchFile(service, job.input.key, file, { range, signal });
  const model = await service.models.open(job.model);
  const progress = await tableProgress(work);
  const done = await work.compute.run(
    "range",
    { model, file, range, columns: columnsOf(job), out },
    { signal, onEvent: ({ residues }) => progress(residues) },
  );
  await progress(range.residues);
  const key = `${partFolder(job.id)}/${n}.${fence}`;
  await service.storage.write(key, createReadStream(out), { signal });
  return { ...done, key };
}

/** Null until every unit has ended; a job of one unit computes it here. */
async function findParts(
  work: TableWork,
  units: readonly string[],
): Promise<readonly Part[] | null> {
  if (units.length === 1) {
    const kept = await work.kept();
    return kept ? keptParts(kept) : [await computePart(work, 0)];
  }
  const results = await work.results();
  if (!units.every((unit) => results.has(unit))) return null;
  return units.map((unit) => partSchema.parse(results.get(unit)));
}

async function assemble(
  work: TableWork,
  parts: readonly Part[],
): Promise<JobResult> {
  const { service, compute, job, signal } = work;
  const { format, precision } = job.options;
  const sum = (of: (part: Part) => number) => parts.reduce((total, part) => total + of(part), 0); // prettier-ignore
  const sequences = sum((part) => part.sequences);
  if (sequences !== job.input.sequences)
    throw new RangeError(
      `job ${job.id}: expected ${job.input.sequences} sequences in its parts, got ${sequences}`,
    );
  const folder = path.join(work.folder, "table");
  await mkdir(folder);
  const keys = parts.map(({ key }) => key);
  const { key, bytes, sha256 } = await storeTable(service, compute, { job, parts: keys, format, folder, signal }); // prettier-ignore
  await removeSuperseded(work, new Set(keys));
  const { id, sha256: weights } = job.model;
  const summary = {
    sequences,
    residues: sum((part) => part.residues),
    model: { id, sha256: weights },
    precision,
    seconds: Number(sum((part) => part.seconds).toFixed(3)),
    warnings: job.input.warnings,
  };
  return { key, format, bytes, sha256, summary };
}

/** Parts that interrupted activations wrote and nobody named. */
async function removeSuperseded(
  { service: { storage }, job }: TableWork,
  used: ReadonlySet<string>,
): Promise<void> {
  for (const key of await storage.list(partFolder(job.id)))
    if (!used.has(key)) await storage.remove(key);
}

export const tableHandlers: Handlers<TableKind> = {
  async main(work) {
    const units = rangesOfUnits(work.job).map((_, n) => unitName(n));
    const parts = await findParts(work, units);
    if (!parts) return { type: "children", units };
    // Other formats are made of them later.
    await work.keep({ parts });
    return { type: "done", result: await assemble(work, parts) };
  },
  async unit(work) {
    const n = Number(/^range-(\d+)$/.exec(work.unit)?.[1]);
    return { type: "done", result: await computePart(work, n) };
  },
};
