/** @file Results over HTTP: the format asked for, ranges and validators, and what is said where there is none. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseRange } from "../../src/api/ranges.ts";
import type { JobKind, JobOptions, JobRecord } from "../../src/workers/index.ts"; // prettier-ignore
import { startFake, type Fake } from "./fake-service.ts";

let fake: Fake;
let headers: Record<string, string>;
let owner: string;
beforeAll(async () => {
  fake = await startFake();
  headers = await fake.headers("jobs");
  owner = headers.authorization.split("_")[1];
  // As the real one: a file beside the first, made on demand.
  fake.jobs.table = async (job, format) => {
    const key = `jobs/${job.id}/result.${format}`;
    if (format === "npy") await fake.service.storage.write(`jobs/${job.id}/result.ids.json`, Buffer.from('{"ids":[]}')); // prettier-ignore
    const { bytes } = await fake.service.storage.write(key, Buffer.from(`made as ${format}`)); // prettier-ignore
    return { key, bytes };
  };
});
afterAll(() => fake.close());

const content = "0123456789";
const sha256 = "c".repeat(64);
const options: JobOptions = {
  embed: { precision: "f32", layers: ["h_avg"], perResidue: false, format: "npz" },
  score: { precision: "f32", perResidue: false, format: "csv" },
  evotune: { trials: 1, folds: 2, parallel: 1, epochs: { low: 1, high: 1 }, learningRate: 1e-3, seed: 0, modelName: "mine" },
  sample: { steps: 1, chains: 1, temperature: 1, trustRadius: null, seed: 0 },
}; // prettier-ignore
const firstFormats = { embed: "npz", score: "csv", evotune: "safetensors", sample: "csv" }; // prettier-ignore

async function addJob(
  kind: JobKind = "embed",
  change: Partial<JobRecord> = {},
): Promise<string> {
  const id = randomUUID();
  const format = firstFormats[kind];
  const input = { key: `jobs/${id}/input.fasta`, sequences: 1, residues: 3, sha256, ranges: [], warnings: [] }; // prettier-ignore
  const model = (await fake.service.models.find("unirep-ts-64", owner))!;
  await fake.jobs.submit({ id, kind, owner, name: "a name", model, options: options[kind], input }); // prettier-ignore
  const key = `jobs/${id}/result.1.${format}`;
  const { storage } = fake.service;
  await storage.write(key, Buffer.from(content));
  const summary = { report: `jobs/${id}/report.1.html`, study: `jobs/${id}/study.1.jsonl` }; // prettier-ignore
  if (kind === "evotune") {
    await storage.write(summary.report, Buffer.from("<html>"));
    await storage.write(summary.study, Buffer.from("{}\n"));
  }
  const result = { key, format, bytes: content.length, sha256, summary };
  await fake.jobs.set(id, { state: "succeeded", result, ...change });
  return id;
}
const get = (id: string, query = "", more: Record<string, string> = {}, method = "GET") =>
  fetch(`${fake.server.url}/v1/jobs/${id}/result${query}`, { method, headers: { ...headers, ...more } }); // prettier-ignore

describe("a result", () => {
  test.each([
    ["embed", "", "*/*", "application/x-npz", content],
    ["embed", "?format=npz", "*/*", "application/x-npz", content],
    ["embed", "?format=parquet", "*/*", "application/vnd.apache.parquet", "made as parquet"],
    ["embed", "", "application/x-hdf5", "application/x-hdf5", "made as h5"],
    ["embed", "", "text/csv, application/x-npy;q=0.5", "text/csv; charset=utf-8", "made as csv"],
    ["embed", "?format=jsonl", "text/csv", "application/jsonl", "made as jsonl"],
    ["embed", "?format=npy", "*/*", "application/x-npy", "made as npy"],
    ["embed", "?format=ids", "*/*", "application/json; charset=utf-8", '{"ids":[]}'],
    ["score", "", "*/*", "text/csv; charset=utf-8", content],
    ["evotune", "", "*/*", "application/octet-stream", content],
    ["evotune", "?format=report", "*/*", "text/html; charset=utf-8", "<html>"],
    ["evotune", "?format=study", "*/*", "application/jsonl", "{}\n"],
    ["sample", "", "*/*", "text/csv; charset=utf-8", content],
  ] as const)("of a job of kind %s asked for with %j and Accept: %s is %s", async (kind, query, accept, type, body) => {
    const id = await addJob(kind);
    const response = await get(id, query, { accept });
    expect([response.status, response.headers.get("content-type"), await response.text()]).toEqual([200, type, body]);
    expect(response.headers.get("content-disposition")).toMatch(new RegExp(`^attachment; filename="${id}\\.[a-z0-9.]+"$`));
  }); // prettier-ignore

  test.each([
    ["score", "?format=npy", 422],
    ["embed", "?format=report", 422],
    ["evotune", "?format=npz", 422],
    ["sample", "?format=jsonl", 422],
    ["embed", "?format=exe", 422],
    ["embed", "?other=1", 422],
  ] as const)("of a job of kind %s has no %s: %i", async (kind, query, status) => {
    expect((await get(await addJob(kind), query)).status).toBe(status);
  }); // prettier-ignore

  test("that is a matrix beside vectors fits no .npy, .csv or .parquet, and is not made as one", async () => {
    const id = await addJob("embed", { options: { ...options.embed, perResidue: true } }); // prettier-ignore
    for (const format of ["npy", "ids", "csv", "parquet"])
      expect((await get(id, `?format=${format}`)).status).toBe(422);
    expect((await get(id, "?format=h5")).status).toBe(200);
  });

  test("in none of the accepted formats is 406", async () => {
    const id = await addJob("evotune");
    expect((await get(id, "", { accept: "text/csv" })).status).toBe(406);
    expect((await get(id, "", { accept: "image/png" })).status).toBe(406);
  });

  test.each([
    ["bytes=0-3", 206, "0123", "bytes 0-3/10"],
    ["bytes=4-", 206, "456789", "bytes 4-9/10"],
    ["bytes=-2", 206, "89", "bytes 8-9/10"],
    ["bytes=8-100", 206, "89", "bytes 8-9/10"],
    ["bytes=-100", 206, content, "bytes 0-9/10"],
    ["bytes=0-0,2-3", 200, content, null],
    ["bytes=5-2", 200, content, null],
    ["lines=1-2", 200, content, null],
    ["bytes=10-", 416, null, "bytes */10"],
    ["bytes=-0", 416, null, "bytes */10"],
  ])("asked for with Range: %s is %i", async (range, status, body, contentRange) => {
    const response = await get(await addJob(), "", { range });
    expect([response.status, response.headers.get("content-range")]).toEqual([status, contentRange]);
    if (body !== null) {
      expect(response.headers.get("content-length")).toBe(String(body.length));
      expect(await response.text()).toBe(body);
    } else expect(await response.json()).toMatchObject({ status: 416 });
  }); // prettier-ignore

  test("is resumed only where it is still the same, and not sent to whom has it", async () => {
    const id = await addJob();
    const whole = await get(id);
    const etag = whole.headers.get("etag") as string;
    expect(etag).toBe(`"${sha256}"`);
    const range = "bytes=5-";
    expect((await get(id, "", { range, "if-range": etag })).status).toBe(206);
    expect((await get(id, "", { range, "if-range": '"other"' })).status).toBe(200); // prettier-ignore
    const csv = await get(id, "?format=csv");
    expect(csv.headers.get("etag")).not.toBe(etag);
    const same = await get(id, "", { "if-none-match": `"x", W/${etag}` });
    expect([same.status, await same.text()]).toEqual([304, ""]);
    expect((await get(id, "", { "if-none-match": '"x"' })).status).toBe(200);
  });

  test("answers HEAD with the headers alone", async () => {
    const response = await get(await addJob(), "", {}, "HEAD");
    expect([response.status, response.headers.get("content-length"), await response.text()]).toEqual([200, "10", ""]); // prettier-ignore
  });

  test.each([
    ["queued", {}, 409, /queued/],
    ["running", { progress: { done: 5, total: 10 } }, 409, /running \(5 of 10\)/],
    ["cancelling", {}, 409, /cancelling/],
    ["failed", { failure: { detail: "too few sequences", badInput: true } }, 409, /too few sequences/],
    ["cancelled", {}, 410, /cancelled/],
  ] as const)("of a %s job is refused with its state", async (state, change, status, said) => {
    const response = await get(await addJob("embed", { state, result: null, ...change }));
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ detail: expect.stringMatching(said) as string });
    expect(response.headers.get("retry-after")).toBe(state === "failed" || state === "cancelled" ? null : "2");
  }); // prettier-ignore

  test("whose file has been removed is gone", async () => {
    const id = await addJob();
    await fake.service.storage.remove(`jobs/${id}`);
    expect((await get(id)).status).toBe(410);
    const size = fake.service.storage.size.bind(fake.service.storage);
    fake.service.storage.size = () => Promise.resolve(10);
    const late = await get(id);
    fake.service.storage.size = size;
    expect([late.status, late.headers.get("content-disposition")]).toEqual([410, null]); // prettier-ignore
  });

  test("of another or of no job is 404", async () => {
    const id = await addJob();
    expect((await get(id, "", await fake.headers("jobs"))).status).toBe(404);
    expect((await get(randomUUID())).status).toBe(404);
  });

  test("that breaks off in the storage breaks the connection, and the log tells", async () => {
    const { Readable } = await import("node:stream");
    const id = await addJob();
    const read = fake.service.storage.read.bind(fake.service.storage);
    fake.service.storage.read = () =>
      Promise.resolve(
        Readable.from(
          (async function* () {
            yield Buffer.from("0123");
            await new Promise((resolve) => setTimeout(resolve, 50));
            throw new Error("disk");
          })(),
        ),
      );
    const response = await get(id);
    await expect(response.text()).rejects.toThrow();
    fake.service.storage.read = read;
    await expect.poll(() => fake.lines.some(({ message }) => message === "a stored file broke off")).toBe(true); // prettier-ignore
  });
});

test.each([
  [undefined, 10, "whole"],
  ["bytes=-", 10, "whole"],
  ["bytes=a-b", 10, "whole"],
  ["BYTES=1-1", 10, { start: 1, end: 2 }],
  ["bytes=0-", 0, "unsatisfiable"],
  ["bytes=99999999999999999999-", 10, "unsatisfiable"],
])("Range %j of %i bytes is %j", (header, size, expected) => {
  expect(parseRange(header, size)).toEqual(expected);
});
