/** @file Multipart uploads: read whole or refused, and nothing left behind in either case. */
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest"; // prettier-ignore
import { clearSubmissions } from "../../src/api/submission.ts";
import { startFake, type Fake } from "./fake-service.ts";

const most = 200_000;
let fake: Fake;
let url: string;
let auth: Record<string, string>;
beforeAll(async () => {
  fake = await startFake({ maxUpload: String(most), maxResidues: "50000", maxLength: "40000" }); // prettier-ignore
  url = `${fake.server.url}/v1/embedding-jobs`;
  auth = await fake.headers("jobs");
});
afterAll(() => fake.close());
afterEach(() => vi.restoreAllMocks());

type Part = readonly [field: string, content: string | Uint8Array, name?: string]; // prettier-ignore

function form(...parts: Part[]): FormData {
  const data = new FormData();
  for (const [field, content, name] of parts)
    if (name === undefined) data.append(field, content);
    else data.append(field, new Blob([content]), name);
  return data;
}
const post = (body: FormData | string, headers: Record<string, string> = {}) =>
  fetch(url, { method: "POST", headers: { ...auth, ...headers }, body });

interface Answer {
  readonly id: string;
  readonly detail: string;
  readonly errors: readonly { readonly pointer: string }[];
  readonly input: { readonly sequences: number };
  readonly options: Record<string, unknown>;
  readonly name: string;
}
const answer = async (response: Response) =>
  [response.status, (await response.json()) as Answer] as const;

/** Files of jobs that are not known, and working copies. */
async function leftBehind(): Promise<string[]> {
  const stored = await fake.service.storage.list("jobs");
  return [
    ...stored.filter((key) => !fake.jobs.records.has(key.split("/")[1])),
    ...readdirSync(fake.service.scratch),
  ];
}
const fasta = ">a\nMKT\n>b\nACDE\n";

describe("an upload", () => {
  test.each([
    ["one file", [["file", fasta, "x.fasta"]], 2],
    ["several files, in their order", [["file", fasta, "x.fasta"], ["more", ">c\nMK\n", "y.fa"]], 3],
    ["two files of one name", [["file", fasta, "x.fasta"], ["file", ">c\nMK\n", "x.fasta"]], 3],
    ["a gzipped file", [["file", gzipSync(fasta), "x.fasta.gz"]], 2],
    ["a name that is a path", [["file", fasta, "../../../etc/cron.d/x.fasta"]], 2],
    ["a name with a line break and quotes", [["file", fasta, 'a"b\r\nc.fasta']], 2],
    ["a file without an extension", [["file", fasta, "sequences"]], 2],
  ] as readonly (readonly [string, readonly Part[], number])[])("of %s becomes a job", async (_what, parts, sequences) => {
    const [status, job] = await answer(await post(form(...parts)));
    expect([status, job.input?.sequences]).toEqual([202, sequences]);
    expect(await fake.service.storage.list(`jobs/${job.id}`)).toEqual([`jobs/${job.id}/input.fasta`]);
    expect(await leftBehind()).toEqual([]);
  }); // prettier-ignore

  test("takes options as fields, before and after its files", async () => {
    const [status, job] = await answer(
      await post(
        form(["name", "7"], ["per_residue", "true"], ["file", fasta, "x.fa"], ["layers", "h_avg"], ["layers", "c_final"], ["format", "h5"], ["precision", "int8"]),
      ),
    ); // prettier-ignore
    expect(status).toBe(202);
    expect(job.name).toBe("7");
    expect(job.options).toEqual({ precision: "int8", layers: ["h_avg", "c_final"], per_residue: true, format: "h5" }); // prettier-ignore
  });

  test.each([
    ["one name", ["layers", "h_final"], ["h_final"]],
    ["JSON", ["layers", '["h_final","h_avg"]'], ["h_final", "h_avg"]],
  ] as readonly (readonly [string, Part, string[]])[])("takes a list as %s", async (_what, field, layers) => {
    const [, job] = await answer(await post(form(field, ["file", fasta, "x.fa"])));
    expect(job.options.layers).toEqual(layers);
  }); // prettier-ignore
});

describe("refused, with nothing left behind, is an upload", () => {
  test.each([
    ["without files", 422, [["name", "x"]], "/file"],
    ["with an unknown field", 422, [["file", fasta, "x.fa"], ["owner", "me"]], "/owner"],
    ["with the field __proto__", 422, [["file", fasta, "x.fa"], ["__proto__", '{"admin":true}']], "/__proto__"],
    ["with sequences as a field", 422, [["file", fasta, "x.fa"], ["sequences", '["M"]']], "/sequences"],
    ["with a bad option", 422, [["file", fasta, "x.fa"], ["format", "xlsx"]], "/format"],
    ["with a bad record", 422, [["file", ">a\nMKT\n>b\nMK1T\n", "x.fa"]], "/file/0/1"],
    ["with a bad second file", 422, [["file", fasta, "x.fa"], ["file", ">a\nM@\n", "y.fa"]], "/file/1/0"],
    ["that is empty", 422, [["file", "", "x.fa"]], "/file/0"],
    ["that is no sequence file", 422, [["file", "<html></html>", "x.fasta"]], "/file/0"],
    ["that is half a gzip", 422, [["file", gzipSync(fasta).subarray(0, 20), "x.fa.gz"]], undefined],
    ["that is too large", 413, [["file", `>a\n${"M".repeat(most)}`, "x.fa"]], undefined],
    ["that is too large together", 413, [["file", "x".repeat(most - 5), "x.fa"], ["file", "0123456789", "y.fa"]], undefined],
    ["of too many files", 413, Array.from({ length: 65 }, (_, i) => ["file", fasta, `${i}.fa`]), undefined],
    ["of too many fields", 413, Array.from({ length: 65 }, (_, i) => [`f${i}`, "x"]), undefined],
    ["with too many residues", 422, [["file", `>a\n${"M".repeat(30_000)}\n>b\n${"M".repeat(30_000)}\n`, "x.fa"]], undefined],
    ["with a sequence that is too long", 422, [["file", `>a\n${"M".repeat(45_000)}\n`, "x.fa"]], "/file/0/0"],
    ["that is a gzip bomb", 422, [["file", gzipSync(Buffer.alloc(100_000_000, "M")), "x.fa.gz"]], undefined],
  ] as unknown as readonly (readonly [string, number, readonly Part[], string | undefined])[])("%s: %i", async (_what, status, parts, pointer) => {
    const before = fake.jobs.records.size;
    const [got, problem] = await answer(await post(form(...parts)));
    expect([got, problem.detail]).toEqual([status, expect.stringContaining("expected")]);
    if (pointer !== undefined) expect(problem.errors[0].pointer).toBe(pointer);
    expect(fake.jobs.records.size).toBe(before);
    expect(await leftBehind()).toEqual([]);
  }); // prettier-ignore

  test("with bad records in two files: each with file, record, line and column", async () => {
    const [, problem] = await answer(
      await post(
        form(["file", ">a\nMKT\n>b\nMKTA\nM1\n", "x.fa"], ["file", ">c\n2M\n", "y.fa"]), // prettier-ignore
      ),
    );
    expect(problem.errors).toMatchObject([
      { pointer: "/file/0/1", file: "x.fa", record: 2, line: 5, column: 2 },
      { pointer: "/file/1/0", file: "y.fa", record: 1, line: 2, column: 1 },
    ]);
  });

  test.each([
    ["broken off", "--b\r\nContent-Disposition: form-data; name=file; filename=a.fa\r\n\r\n>a\nMKT", { "content-type": "multipart/form-data; boundary=b" }, 400],
    ["without a boundary", "x", { "content-type": "multipart/form-data" }, 400],
    ["with a Content-Encoding", "x", { "content-type": "multipart/form-data; boundary=b", "content-encoding": "gzip" }, 415],
    ["of another type", fasta, { "content-type": "text/x-fasta" }, 415],
  ])("%s", async (_what, body, headers, status) => {
    const [got] = await answer(await post(body, headers));
    expect(got).toBe(status);
    expect(await leftBehind()).toEqual([]);
  }); // prettier-ignore

  test("said to be too large, before it is read", async () => {
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest(url, { method: "POST", headers: { ...auth, "content-type": "multipart/form-data; boundary=b", "content-length": 1e12 } }); // prettier-ignore
      request.on("response", (response) => {
        response.resume();
        resolve(response.statusCode);
        request.destroy();
      });
      request.on("error", reject);
      request.flushHeaders();
    });
    expect(status).toBe(413);
  });
});

describe("nothing is left behind", () => {
  const head = "--b\r\nContent-Disposition: form-data; name=file; filename=a.fa\r\n\r\n>a\nMKT"; // prettier-ignore
  const begin = () => {
    const request = httpRequest(url, { method: "POST", headers: { ...auth, "content-type": "multipart/form-data; boundary=b" } }); // prettier-ignore
    request.on("error", () => {});
    request.write(head);
    return request;
  };

  test("by a client that goes away in the middle", async () => {
    const request = begin();
    await vi.waitFor(() => expect(readdirSync(fake.service.scratch)).toHaveLength(1)); // prettier-ignore
    request.destroy();
    await vi.waitFor(async () => expect(await leftBehind()).toEqual([]));
  });

  test("by a client that goes away while its file is read", async () => {
    const { ingest } = fake.tasks;
    onTestFinished(() => void (fake.tasks.ingest = ingest!));
    const began = new Promise<void>((resolve) => {
      fake.tasks.ingest = (_params, signal) => {
        resolve();
        return new Promise(
          (_, reject) =>
          signal?.addEventListener("abort", () => reject(signal.reason as Error)), // prettier-ignore
        );
      };
    });
    const before = fake.jobs.records.size;
    const request = begin();
    request.end("\r\n--b--\r\n");
    await began;
    request.destroy();
    await vi.waitFor(async () => expect(await leftBehind()).toEqual([]));
    expect(fake.jobs.records.size).toBe(before);
  });

  test("where the job cannot be queued; its residues count for nothing", async () => {
    vi.spyOn(fake.jobs, "submit").mockRejectedValueOnce(new Error("away"));
    const count = vi.spyOn(fake.service.backend.store, "count");
    const [status] = await answer(await post(form(["file", fasta, "x.fa"])));
    expect(status).toBe(500);
    expect(await leftBehind()).toEqual([]);
    const amounts = count.mock.calls.map(([, amount]) => amount);
    expect(amounts.reduce((a, b) => a + b)).toBe(0);
    expect(amounts).toContain(7);
  });

  test("where storage is full", async () => {
    vi.spyOn(fake.service.storage, "write").mockRejectedValueOnce(Object.assign(new Error("full"), { code: "ENOSPC" })); // prettier-ignore
    const [status] = await answer(await post(form(["file", fasta, "x.fa"])));
    expect(status).toBe(503);
    expect(await leftBehind()).toEqual([]);
  });

  test("by a server that died while it stored one: the next start removes it, and keeps what has a job", async () => {
    const { service } = fake;
    const { store } = service.backend;
    const lost = "7f6d1f0e-0000-4000-8000-000000000001";
    const kept = "7f6d1f0e-0000-4000-8000-000000000002";
    for (const id of [lost, kept]) {
      await store.insert("submission", id, { since: 0 });
      await service.storage.write(`jobs/${id}/input.fasta`, Buffer.from(fasta));
    }
    const [, { id }] = await answer(await post(form(["file", fasta, "x.fa"])));
    await store.insert("job", kept, fake.jobs.records.get(id)!);
    await clearSubmissions(service);
    expect(await service.storage.list(`jobs/${lost}`)).toEqual([]);
    expect(await service.storage.list(`jobs/${kept}`)).toHaveLength(1);
    expect((await store.list("submission", { limit: 10 })).items).toEqual([]);
    await service.storage.remove(`jobs/${kept}`);
  });
});

test("an upload larger than memory would hold at once arrives as it was sent", async () => {
  const other = await startFake();
  const headers = await other.headers("jobs");
  const line = `${"MKTAYIAKQRQISFVKSHFSRQ".repeat(40)}\n`;
  const request = httpRequest(`${other.server.url}/v1/score-jobs`, { method: "POST", headers: { ...headers, "content-type": "multipart/form-data; boundary=b" } }); // prettier-ignore
  request.write("--b\r\nContent-Disposition: form-data; name=file; filename=a.fa\r\n\r\n"); // prettier-ignore
  const records = 40_000;
  for (let i = 0; i < records; i++)
    if (!request.write(`>r${i}\n${line}`)) await once(request, "drain");
  request.end("\r\n--b--\r\n");
  const [response] = (await once(request, "response")) as [NodeJS.ReadableStream]; // prettier-ignore
  let text = "";
  for await (const chunk of response) text += String(chunk);
  expect(JSON.parse(text)).toMatchObject({ input: { sequences: records, residues: records * (line.length - 1) } }); // prettier-ignore
  await other.close();
});
