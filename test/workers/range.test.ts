/** @file The task `range`: its part holds what the library computes, in the order of the records, however it is asked. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"; // prettier-ignore
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { loadModel, rep, score } from "../../src/unirep/index.ts";
import { checkPart, partRows } from "../../src/workers/compute/part-file.ts";
import type { ResultColumns } from "../../src/workers/compute/result-columns.ts";
import { runRange } from "../../src/workers/compute/tasks/range.ts";
import type { Row } from "../../src/unirep/index.ts";
import { fasta, proteins } from "../cli/run-cli.ts";
import { all } from "../unirep/formats/streams.ts";
import { freeModels, ownModel, taskContext } from "./task-context.ts";

const folder = mkdtempSync(join(tmpdir(), "unirep-range-"));
afterAll(async () => {
  await freeModels();
  rmSync(folder, { recursive: true });
});

const records = [...proteins(60), ...proteins(5)];
const residues = records.reduce((sum, r) => sum + r.sequence.length, 0);
const file = join(folder, "range.fasta");
writeFileSync(file, fasta(records));
const range = { start: 0, end: 1, first: 9, sequences: 65, residues };
const out = join(folder, "part");

const embed = (facts: object = {}): ResultColumns => ({
  kind: "embed",
  precision: "f32",
  layers: ["h_avg"],
  perResidue: false,
  format: "npz",
  ...facts,
});
const scores = (perResidue: boolean): ResultColumns => ({
  kind: "score",
  precision: "f32",
  perResidue,
  format: "npz",
});

async function run(
  columns: ResultColumns,
  context = taskContext<"range">(),
  facts: object = {},
): Promise<Row[]> {
  const { file: model } = await ownModel();
  const params = { model, file, range, columns, out, ...facts };
  const value = await runRange(params, context);
  expect(value).toMatchObject({ sequences: 65, residues });
  const part = await checkPart(out);
  expect([part.first, part.weights]).toEqual([9, model.sha256]);
  return all(partRows(out, part.columns));
}

describe("representations", () => {
  test.each<[string, object]>([
    ["the mean", {}],
    ["all layers", { layers: ["h_avg", "h_final", "c_final"] }],
    ["states of residues alone", { layers: [], perResidue: true }],
    ["a layer beside states", { layers: ["c_final"], perResidue: true }],
  ])("%s are those of rep, bit for bit", async (_, facts) => {
    const rows = await run(embed(facts));
    const model = await loadModel({ weights: "unirep-ts-64" });
    const { layers = ["h_avg"], perResidue = false } = facts as {
      layers?: ("h_avg" | "h_final" | "c_final")[];
      perResidue?: boolean;
    };
    const expected = await rep(records, { model, perResidue });
    await model.dispose();
    expect(rows).toEqual(
      expected.map((r) => ({
        id: r.id,
        length: r.length,
        values: [
          ...layers.map((name) => ({ h_avg: r.hAvg, h_final: r.hFinal, c_final: r.cFinal })[name]), // prettier-ignore
          ...(perResidue ? [r.perResidue] : []),
        ],
      })),
    );
  });

  test("that are in the cache are not computed again and are the same", async () => {
    const context = taskContext<"range">();
    const first = await run(embed(), context);
    const computed = context.counted();
    expect(computed).toBe(residues);
    expect(await run(embed(), context)).toEqual(first);
    expect(context.counted()).toBe(computed);
  });

  test("of residues never touch the cache", async () => {
    const context = taskContext<"range">();
    await run(embed({ perResidue: true }), context);
    expect(context.cache).toMatchObject({ hits: 0, misses: 0 });
  });
});

describe("scores", () => {
  test.each([true, false])(
    "are those of score, with log-probabilities: %s",
    async (perResidue) => {
      const rows = await run(scores(perResidue));
      const model = await loadModel({ weights: "unirep-ts-64" });
      const expected = await score(records, { model });
      await model.dispose();
      rows.forEach(({ values }, k) => {
        const { crossEntropy, perplexity, accuracy, logProbs } = expected[k];
        expect(values[0]).toBeCloseTo(crossEntropy, 5);
        expect(values[1]).toBeCloseTo(perplexity, 4);
        expect(values[2]).toBe(accuracy);
        expect(values.length).toBe(perResidue ? 4 : 3);
        if (perResidue)
          expect((values[3] as Float32Array).length).toBe(logProbs.length);
      });
    },
  );

  test("are the same bytes each time, also when there are more than fit one batch", async () => {
    const many = proteins(3000, { from: 2, to: 8 });
    const path = join(folder, "many.fasta");
    writeFileSync(path, fasta(many));
    const { file: model } = await ownModel();
    const total = many.reduce((sum, r) => sum + r.sequence.length, 0);
    const params = {
      model,
      file: path,
      range: { start: 0, end: 1, first: 0, sequences: 3000, residues: total },
      columns: scores(true),
      out,
    };
    await runRange(params, taskContext());
    const bytes = readFileSync(out);
    await runRange(params, taskContext());
    expect(readFileSync(out).equals(bytes)).toBe(true);
  });
});

describe("a range", () => {
  test("tells its progress at most four times a second", async () => {
    const many = proteins(800, { from: 100, to: 300 });
    const path = join(folder, "long.fasta");
    writeFileSync(path, fasta(many));
    const { file: model } = await ownModel();
    const total = many.reduce((sum, r) => sum + r.sequence.length, 0);
    const context = taskContext<"range">();
    const started = performance.now();
    await runRange(
      { model, file: path, columns: embed(), out, range: { ...range, sequences: 800, residues: total } }, // prettier-ignore
      context,
    );
    const { events } = context;
    expect(events.length).toBeGreaterThan(0);
    expect(events.length).toBeLessThanOrEqual((performance.now() - started) / 250); // prettier-ignore
    const told = events.map(({ event }) => event.residues);
    expect(told).toEqual([...told].sort((x, y) => x - y));
    expect(events.at(-1)?.event.residues).toBeLessThanOrEqual(total);
  });

  test.each<[string, object]>([
    ["fewer records than counted", { range: { ...range, sequences: 66 } }],
    ["other residues than counted", { range: { ...range, residues: 1 } }],
  ])("of %s is refused and leaves no part", async (_, facts) => {
    rmSync(out, { force: true });
    await expect(run(embed(), taskContext(), facts)).rejects.toThrow(
      /^range: expected \d+ sequences of \d+ residues in .*, got 65 of \d+$/,
    );
    expect(readdirSync(folder).filter((name) => /^part/.test(name))).toEqual([]); // prettier-ignore
  });

  test("that is aborted rejects with the reason and leaves no part", async () => {
    rmSync(out, { force: true });
    const stop = new AbortController();
    const context = taskContext<"range">({ signal: stop.signal });
    const running = run(embed(), context);
    stop.abort(new Error("cancelled"));
    await expect(running).rejects.toThrow("cancelled");
    expect(readdirSync(folder).filter((name) => /^part/.test(name))).toEqual([]); // prettier-ignore
  });
});
