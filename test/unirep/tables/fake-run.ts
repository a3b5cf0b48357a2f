/** @file A cheap stand-in for the model: results that depend on the sequence alone, over records with copies among them. */
import { createHash } from "node:crypto";
import type { StoredRun } from "../../../src/unirep/tables/run-store.ts";
import { openRun, type RunSpec } from "../../../src/unirep/tables/run-store.ts";
import {
  type Column,
  type Row,
  type Value,
  valueCount,
} from "../../../src/unirep/tables/table.ts";

export const columns: Column[] = [
  { kind: "ragged", name: "states", width: 3 },
  { kind: "scalar", name: "perplexity" },
  { kind: "vector", name: "h_avg", width: 5 },
  { kind: "list", name: "log_probs" },
];
export const spec: RunSpec = {
  columns,
  fingerprint: { model: "64", inputs: [{ file: "a.fasta", size: 10 }] },
};

export function compute(sequence: string): Value[] {
  const seed = createHash("md5").update(sequence).digest().readUInt32LE();
  return columns.map((column, k) => {
    if (column.kind === "scalar") return seed / 7;
    const values = new Float32Array(valueCount(column, sequence.length));
    return values.map((_, j) => Math.sin(seed + k * 1000 + j));
  });
}

/** Records whose ids hold what breaks naive line reading, every fifth a copy of an earlier sequence. */
export const records = Array.from({ length: 40 }, (_, k) => ({
  id: `p${k}\\u2028"é`,
  description: `number ${k}`,
  sequence:
    "MKVLA".repeat(3).slice(k % 5 === 4 ? 2 : 0, (k % 5 === 4 ? 4 : k) % 14) +
    (k % 5 === 4 ? "" : `W${"A".repeat(k % 3)}`),
}));

export const expectedRows: Row[] = records.map(({ id, sequence }) => ({
  id,
  length: sequence.length,
  values: compute(sequence),
}));

/** Resumes or starts the run of `out` and returns it with all input read. */
export async function ingested(out: string): Promise<StoredRun> {
  const opened = await openRun(out, spec);
  if (opened.state === "run") return opened.run;
  for (const record of records) await opened.ingest.addRecord(record);
  return opened.ingest.finishInput({ records: records.length });
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}
