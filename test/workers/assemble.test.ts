/** @file The task `assemble`: the table of a job is the table that the command writes of the same file. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writePart } from "../../src/workers/compute/part-file.ts";
import type { ResultColumns } from "../../src/workers/compute/result-columns.ts";
import { runAssemble } from "../../src/workers/compute/tasks/assemble.ts";
import { runIngest } from "../../src/workers/compute/tasks/ingest.ts";
import { runRange } from "../../src/workers/compute/tasks/range.ts";
import type { JobModel, TableName } from "../../src/workers/jobs/record.ts";
import { fasta, proteins, unirep } from "../cli/run-cli.ts";
import { type Picture, readH5, readNpz, readParquet } from "../unirep/tables/readers.ts"; // prettier-ignore
import { freeModels, ownModel, taskContext } from "./task-context.ts";

const folder = mkdtempSync(join(tmpdir(), "unirep-assemble-"));
const input = join(folder, "input.fasta");
afterAll(async () => {
  await freeModels();
  rmSync(folder, { recursive: true });
});

const embed = (facts: object = {}): ResultColumns => ({
  kind: "embed",
  precision: "f32",
  layers: ["h_avg"],
  perResidue: false,
  format: "npz",
  ...facts,
});
const scores: ResultColumns = {
  kind: "score",
  precision: "f32",
  perResidue: true,
  format: "npz",
};

let model: JobModel;
beforeAll(async () => {
  ({ model } = await ownModel());
  // Ids of several widths, one twice, one sequence twice.
  const records = [...proteins(9), { id: "Ü-4", sequence: "MKTAYIAKQR" }, ...proteins(3)]; // prettier-ignore
  writeFileSync(input, fasta(records));
});

/** The whole way of a job, with ranges of the given numbers of records. */
async function job(
  columns: ResultColumns,
  format: TableName,
  sizes: readonly number[] = [5, 1, 7],
): Promise<string> {
  const fastaFile = join(folder, "checked.fasta");
  const outcome = await runIngest(
    { files: [{ path: input, name: "input.fasta" }], out: fastaFile, maxSequences: 100, maxResidues: 1e6, maxLength: 1e5 }, // prettier-ignore
    taskContext(),
  );
  expect(outcome).toMatchObject({ ok: true, sequences: 13 });
  const lines = readFileSync(fastaFile, "utf8").trimEnd().split("\n");
  const { file: weights } = await ownModel();
  const parts: string[] = [];
  let first = 0;
  for (const sequences of sizes) {
    const records = lines.slice(2 * first, 2 * (first + sequences));
    const file = join(folder, `range-${first}.fasta`);
    writeFileSync(file, records.map((line) => `${line}\n`).join(""));
    const residues = records.reduce((sum, line, i) => sum + (i % 2) * line.length, 0); // prettier-ignore
    const out = join(folder, `part-${parts.length}`);
    await runRange(
      { model: weights, file, range: { start: 0, end: 1, first, sequences, residues }, columns, out }, // prettier-ignore
      taskContext(),
    );
    parts.push(out);
    first += sequences;
  }
  const out = join(folder, `result.${format}`);
  const { files } = await runAssemble(
    { parts, columns, model, format, out },
    taskContext(),
  );
  expect(files.at(-1)).toBe(out);
  return out;
}

/** What `unirep` writes of the same file. */
async function command(
  name: "embed" | "score",
  format: TableName,
  flags: readonly string[] = [],
): Promise<string> {
  const out = join(folder, `cli.${format}`);
  rmSync(out, { force: true });
  rmSync(join(folder, "cli.ids.json"), { force: true });
  const { code, stderr } = await unirep([name, input, "-o", out, "--weights", "unirep-ts-64", ...flags]); // prettier-ignore
  expect([code, stderr]).toEqual([0, expect.not.stringContaining("error")]);
  return out;
}

async function picture(path: string): Promise<Picture> {
  if (path.endsWith(".parquet")) return readParquet(path, ["h_avg"]);
  return path.endsWith(".h5") ? readH5(path) : readNpz(path);
}

/** The file without what says which command and which input made it. */
function withoutMeta(path: string): string {
  const bytes = readFileSync(path);
  if (!/\.(csv|jsonl)$/.test(path)) return bytes.toString("latin1");
  return bytes.toString("utf8").split("\n").slice(1).join("\n");
}

describe("embeddings", () => {
  test.each<[TableName, object, string[]]>([
    ["npy", {}, []],
    ["csv", {}, []],
    ["jsonl", { layers: ["h_avg", "c_final"], perResidue: true }, ["--layer", "h_avg,c_final", "--per-residue"]], // prettier-ignore
  ])(
    "as .%s are the bytes that the command writes, but for its facts",
    async (format, facts, flags) => {
      const ours = await job(embed(facts), format);
      const theirs = await command("embed", format, flags);
      expect(withoutMeta(ours)).toBe(withoutMeta(theirs));
    },
    60_000,
  );

  test.each<TableName>(["npz", "h5", "parquet"])(
    "as .%s hold the arrays that the command writes",
    async (format) => {
      const ours = await picture(await job(embed(), format));
      const theirs = await picture(await command("embed", format));
      expect({ ...ours, meta: null }).toEqual({ ...theirs, meta: null });
      expect(theirs.meta).toMatchObject(ours.meta as object);
    },
    60_000,
  );

  test("say what made them", async () => {
    const { meta } = await picture(await job(embed(), "npz"));
    expect(meta).toMatchObject({
      software: "unirep-ts",
      model: { units: 64 },
      weights: { id: model.id, sha256: model.sha256, licence: "Apache-2.0" },
      precision: "f32",
      tokenPolicy: expect.stringContaining("start + residues") as string,
      recordsLeftOut: 0,
    });
  });

  test("are the same bytes however the job was cut", async () => {
    const one = readFileSync(await job(embed(), "npz", [13]));
    const many = readFileSync(await job(embed(), "npz", Array<number>(13).fill(1))); // prettier-ignore
    expect(many.equals(one)).toBe(true);
  });
});

describe("scores", () => {
  test("of one range are the bytes that the command writes, but for its facts", async () => {
    const ours = await job(scores, "csv", [13]);
    expect(withoutMeta(ours)).toBe(withoutMeta(await command("score", "csv")));
  }, 60_000);

  test("of several ranges are those of the command to 1e-5", async () => {
    const ours = await picture(await job(scores, "h5"));
    const theirs = await picture(await command("score", "h5"));
    expect(ours.ids).toEqual(theirs.ids);
    for (const [name, rows] of Object.entries(theirs.columns))
      rows.forEach(
        (row, k) =>
        row.forEach((x, i) => expect(ours.columns[name][k][i]).toBeCloseTo(x, 4)), // prettier-ignore
      );
  }, 60_000);
});

describe("parts that make no table", () => {
  const header = () => ({
    first: 0,
    columns: [{ kind: "vector", name: "h_avg", width: 64 }] as const,
    weights: model.sha256,
    ids: ["a"],
    lengths: [1],
  });
  test.each<[string, () => object, RegExp]>([
    ["a part in the place of another", () => ({ first: 3 }), /expected first record 0 in part .*, got 3$/],
    ["a part of other weights", () => ({ weights: "0000" }), /expected weights [0-9a-f]{64} in part .*, got 0000$/],
    ["a part of other columns", () => ({ columns: [{ kind: "vector", name: "c_final", width: 64 }] }), /expected columns h_avg in part .*, got c_final$/],
  ])("%s is refused, and nothing is written", async (_, facts, sentence) => {
    const part = join(folder, "odd");
    await writePart(part, { ...header(), ...facts() }, (put) =>
      put(0, [new Float32Array(64)]),
    );
    const out = join(folder, "odd.npz");
    await expect(
      runAssemble({ parts: [part], columns: embed(), model, format: "npz", out }, taskContext()),
    ).rejects.toThrow(sentence);
    expect(() => readFileSync(out)).toThrow("ENOENT");
  }); // prettier-ignore

  test("a path of another format is refused", async () => {
    await expect(
      runAssemble({ parts: [], columns: embed(), model, format: "npz", out: "x.csv" }, taskContext()), // prettier-ignore
    ).rejects.toThrow("assemble: expected a path that ends in .npz, got x.csv");
  });
});
