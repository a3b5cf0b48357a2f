/** @file Embedding and score jobs with the shipped model in real compute processes, against the library's own results. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { rep, score, loadModel, type UniRep } from "../../src/index.ts";
import { openCompute, type ComputePool } from "../../src/workers/compute/pool.ts"; // prettier-ignore
import type { JobEvent } from "../../src/workers/jobs/record.ts";
import { openCatalogue } from "../../src/workers/models/open.ts";
import { onBackends, silent } from "./backends.ts";
import { embedOptions, openRig, type Rig } from "./rig.ts";

const letters = "ACDEFGHIKLMNPQRSTVWY";
const sequence = (n: number) => Array.from({ length: 20 + ((n * 37) % 150) }, (_, i) => letters[(n * 7 + i * i + 3 * i) % 20]).join(""); // prettier-ignore
const records = Array.from({ length: 9 }, (_, n) => Array.from({ length: 4 }, (_, k) => sequence(4 * n + k))); // prettier-ignore

onBackends("table jobs", (opened) => {
  let rig: Rig;
  let compute: ComputePool;
  let model: UniRep;
  let dataDir: string;

  beforeAll(async () => {
    rig = await openRig(opened());
    dataDir = mkdtempSync(path.join(tmpdir(), "unirep-embed-"));
    compute = openCompute({ processes: 2, threads: 1, memoryLimit: 4e9, warmModels: 1, cacheSize: 0, log: silent }); // prettier-ignore
    const { storage, backend } = rig.service;
    const catalogue = openCatalogue({ config: { dataDir }, store: backend.store, storage }); // prettier-ignore
    Object.assign(rig.service.models, catalogue);
    model = await loadModel({ weights: "unirep-ts-64" });
    await rig.start({ compute, config: { processes: 2 } });
  }, 60_000);

  afterAll(async () => {
    await rig.close();
    await compute.close(0);
    await model.dispose();
    rmSync(dataDir, { recursive: true, force: true });
  });

  /** The first line says what the table is. */
  const rowsOf = async <T>(key: string) =>
    (await rig.readFile(key)).trimEnd().split("\n").slice(1).map((line) => JSON.parse(line) as T); // prettier-ignore
  const found = async () => (await rig.service.models.find("unirep-ts-64", "key-1"))!; // prettier-ignore

  test("representations are those of the library, in the order of the input", async () => {
    const job = await rig.submit("embed", { ...embedOptions, format: "jsonl" }, records, await found()); // prettier-ignore
    const { state, failure, result } = await rig.until(job.id, undefined, 120);
    expect({ state, failure }).toEqual({ state: "succeeded", failure: null });
    expect(result).toMatchObject({ format: "jsonl", summary: { sequences: 36, residues: job.input.residues, model: { id: "unirep-ts-64" }, precision: "f32" } }); // prettier-ignore
    const rows = await rowsOf<{ id: string; h_avg: number[] }>(result!.key); // prettier-ignore
    expect(rows.map(({ id }) => id)).toEqual(records.flat().map((_, n) => `s${n}`)); // prettier-ignore
    let n = 0;
    for await (const { hAvg } of rep(records.flat(), { model }))
      expect(Float32Array.from(rows[n++].h_avg)).toEqual(hAvg);
    const events = (await rig.jobs.events(job.id, null, 1000)).map(({ event }) => event as JobEvent); // prettier-ignore
    const progress = events.filter((event) => event.type === "progress");
    expect(progress.length).toBeGreaterThan(0);
    for (const { done, total } of progress)
      expect(done).toBeLessThanOrEqual(total);
  }, 120_000);

  test("scores are those of the library, and other formats are made of the same parts", async () => {
    const job = await rig.submit("score", { precision: "f32", perResidue: false, format: "csv" }, records.slice(0, 1), await found()); // prettier-ignore
    const record = await rig.until(job.id, undefined, 120);
    expect(record.failure).toBeNull();
    const { key } = await openTable(record);
    const rows = await rowsOf<{ perplexity: number }>(key); // prettier-ignore
    let n = 0;
    for await (const { perplexity } of score(records[0], { model }))
      expect(rows[n++].perplexity).toBeCloseTo(perplexity, 5);
    expect(n).toBe(4);
  }, 120_000);

  const openTable = (record: Parameters<Rig["jobs"]["table"]>[0]) => rig.tablesBy(compute)(record, "jsonl"); // prettier-ignore
});
