/** @file Jobs over HTTP: submitted as JSON, listed, looked at, cancelled, and never shown to others. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checkLayout, type Column } from "../../src/unirep/index.ts";
import { tableNames, type JobRecord } from "../../src/workers/index.ts";
import { submissionFields } from "../../src/api/schemas/submissions.ts";
import { fromWire } from "../../src/api/wire.ts";
import { startFake, type Fake } from "./fake-service.ts";

let fake: Fake;
let url: string;
let mine: Record<string, string>;
let other: Record<string, string>;
beforeAll(async () => {
  fake = await startFake();
  url = fake.server.url;
  mine = await fake.headers("jobs");
  other = await fake.headers("jobs", "admin");
});
afterAll(() => fake.close());

const post = (path: string, body: unknown, headers = mine) =>
  fetch(url + path, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
const get = (path: string, headers = mine) => fetch(url + path, { headers });
const cancel = (id: string, headers = mine) =>
  fetch(`${url}/v1/jobs/${id}`, { method: "DELETE", headers });

interface Shown {
  readonly id: string;
  readonly state: string;
  readonly options: unknown;
}
const submitted = async (path = "/v1/embedding-jobs", more = {}) =>
  (await (await post(path, { sequences: ["MKT"], ...more })).json()) as Shown;

describe("a submission", () => {
  test.each([
    ["/v1/embedding-jobs", {}, { precision: "f32", layers: ["h_avg"], per_residue: false, format: "npz" }],
    ["/v1/embedding-jobs", { per_residue: true, format: "csv" }, { precision: "f32", layers: [], per_residue: true, format: "csv" }],
    ["/v1/score-jobs", { precision: "int8" }, { precision: "int8", per_residue: false, format: "csv" }],
    ["/v1/evotuning-jobs", { model_name: "mine", trials: 3, learning_rate: 1e-4 }, { trials: 3, folds: 5, parallel: 1, epochs: { low: 1, high: 20 }, learning_rate: 1e-4, seed: 0, model_name: "mine" }],
    ["/v1/sampling-jobs", { steps: 5, trust_radius: 2 }, { steps: 5, chains: 1, temperature: 1, trust_radius: 2, seed: 0 }],
  ])("to %s with %j is queued with its options, filled up", async (path, asked, options) => {
    const response = await post(path, { name: "run 1", sequences: ["MKTAY", "acd"], ...asked });
    expect(response.status).toBe(202);
    expect(response.headers.get("retry-after")).toBe("1");
    const job = (await response.json()) as Shown;
    expect(response.headers.get("location")).toBe(`/v1/jobs/${job.id}`);
    expect(job).toMatchObject({ name: "run 1", state: "queued", options, input: { sequences: 2, residues: 8 }, model: { id: "unirep-ts-64" } });
    expect(fake.jobs.records.get(job.id)?.options).toEqual(fromWire(options));
    expect(await (await get(`/v1/jobs/${job.id}`)).json()).toEqual(job);
  }); // prettier-ignore

  test("keeps the sequences as checked FASTA in storage, and nothing else", async () => {
    const { id } = await submitted("/v1/score-jobs", { sequences: [{ id: "a|1", sequence: "mkt" }, { id: ">é", sequence: "ACD" }] }); // prettier-ignore
    const key = `jobs/${id}/input.fasta`;
    expect(await fake.service.storage.list(`jobs/${id}`)).toEqual([key]);
    const [bytes] = await (await fake.service.storage.read(key)).toArray() as Buffer[]; // prettier-ignore
    expect(bytes.toString()).toBe(">a|1\nMKT\n>>é\nACD\n");
  });

  test.each([
    ["an unknown field", { sequences: ["M"], owner: "me" }, "/owner"],
    ["a state of its own", { sequences: ["M"], state: "succeeded" }, "/state"],
    ["__proto__", JSON.parse('{"sequences":["M"],"__proto__":{"admin":true}}') as object, "/__proto__"],
    ["constructor", { sequences: ["M"], constructor: {} }, "/constructor"],
    ["no sequences", {}, "/sequences"],
    ["an empty list", { sequences: [] }, "/sequences"],
    ["an empty sequence", { sequences: ["M", ""] }, "/sequences/1"],
    ["another letter", { sequences: ["MKT", "MK1"] }, "/sequences/1"],
    ["a header in a sequence", { sequences: ["MKT\n>x\nMKT"] }, "/sequences/0"],
    ["a line break in an id", { sequences: [{ id: "a\nMKT", sequence: "M" }] }, "/sequences/0/id"],
    ["a number for a sequence", { sequences: ["M", 5] }, "/sequences/1"],
    ["a gap", { sequences: ["MKT", "M-K"] }, "/sequences/1"],
    ["an unknown layer", { sequences: ["M"], layers: ["h"] }, "/layers/0"],
    ["no layer", { sequences: ["M"], layers: [] }, "/layers"],
    ["a layer beside per_residue in a format that cannot", { sequences: ["M"], per_residue: true, layers: ["h_avg"], format: "csv" }, "/format"],
    ["an unknown model", { sequences: ["M"], model: "none" }, "/model"],
    ["a path for a model", { sequences: ["M"], model: "../../etc/passwd" }, "/model"],
    ["a text for a number", { sequences: ["M"], name: 7 }, "/name"],
    ["a list for a body", [1], ""],
  ])("with %s is refused with a pointer, and leaves nothing", async (_what, body, pointer) => {
    const before = fake.jobs.records.size;
    const response = await post("/v1/embedding-jobs", body);
    expect(response.status).toBe(422);
    expect(response.headers.get("content-type")).toMatch("application/problem+json");
    const problem = (await response.json()) as { errors: { pointer: string; detail: string }[] };
    expect(problem.errors[0].pointer).toBe(pointer);
    expect(fake.jobs.records.size).toBe(before);
  }); // prettier-ignore

  test.each([
    ["no id for its model", undefined],
    ["an id that a model has", "unirep-ts-64"],
    ["a path", "../x"],
  ])("to tune with %s is refused", async (_what, model_name) => {
    const response = await post("/v1/evotuning-jobs", { sequences: ["M"], model_name });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer: "/model_name" }] });
  }); // prettier-ignore

  test("with bad letters says which, where, in each of the records", async () => {
    const response = await post("/v1/score-jobs", { sequences: ["MK1", "MKT", "M2T"] }); // prettier-ignore
    expect(await response.json()).toMatchObject({
      errors: [
        { pointer: "/sequences/0", detail: 'expected amino-acid letters, got "1" at position 3' },
        { pointer: "/sequences/2", detail: 'expected amino-acid letters, got "2" at position 2' },
      ],
    }); // prettier-ignore
  });

  test("of several bad sequences that only the reader knows points at each with its record and column", async () => {
    const response = await post("/v1/score-jobs", { sequences: ["MK-", "MKT", "M*T"] }); // prettier-ignore
    const { errors } = (await response.json()) as { errors: object[] };
    expect(errors).toMatchObject([
      { pointer: "/sequences/0", record: 1 },
      { pointer: "/sequences/2", record: 3 },
    ]);
  });

  test("takes exactly the formats that the tables can hold", () => {
    const columns = (layers: string[], perResidue: boolean): Column[] => [
      ...layers.map((name) => ({ kind: "vector", name, width: 4 }) as const),
      ...(perResidue ? [{ kind: "ragged", name: "per_residue", width: 4 } as const] : []), // prettier-ignore
    ];
    for (const format of tableNames)
      for (const layers of [[], ["h_avg"], ["h_avg", "c_final"]])
        for (const perResidue of [false, true]) {
          if (!perResidue && layers.length === 0) continue;
          const holds = () => checkLayout(`x.${format}`, columns(layers, perResidue)); // prettier-ignore
          const { success } = submissionFields.embed.safeParse({ layers, per_residue: perResidue, format }); // prettier-ignore
          if (success) expect(holds).not.toThrow();
          else expect(holds).toThrow();
        }
    const scored: Column[] = [{ kind: "scalar", name: "loss" }];
    for (const format of tableNames) {
      const { success } = submissionFields.score.safeParse({ format });
      if (success) checkLayout(`x.${format}`, scored);
      else expect(() => checkLayout(`x.${format}`, scored)).toThrow();
    }
  });
});

describe("a job", () => {
  test("shows neither its owner nor where its files lie, whatever the record holds", async () => {
    const { id } = await submitted();
    await fake.jobs.set(id, {
      state: "succeeded",
      result: { key: `jobs/${id}/result.npz`, format: "npz", bytes: 10, sha256: "00", summary: { sequences: 1 } }, // prettier-ignore
      ...({ secret: "hunter2" } as Partial<JobRecord>),
    });
    const response = await get(`/v1/jobs/${id}`);
    expect(response.headers.get("retry-after")).toBeNull();
    const text = await response.text();
    for (const hidden of [
      fake.jobs.records.get(id)!.owner,
      "input.fasta",
      "result.npz",
      "hunter2",
      "ranges",
    ])
      // prettier-ignore
      expect(text).not.toContain(hidden);
    expect(JSON.parse(text)).toMatchObject({ links: { result: `/v1/jobs/${id}/result` } }); // prettier-ignore
  });

  test.each([
    ["GET", "an unknown id", () => "7f6d1f0e-0000-4000-8000-000000000000"],
    ["GET", "no id at all", () => "1"],
    ["GET", "a path", () => "..%2f..%2fetc%2fpasswd"],
    ["GET", "another's", (id: string) => id],
    ["DELETE", "an unknown id", () => "7f6d1f0e-0000-4000-8000-000000000000"],
    ["DELETE", "another's", (id: string) => id],
  ])("%s of %s is the same 404, an admin's key included", async (method, _what, idOf) => {
    const { id } = await submitted();
    const response = await fetch(`${url}/v1/jobs/${idOf(id)}`, { method, headers: other });
    expect(response.status).toBe(404);
    const { request_id: _, ...rest } = (await response.json()) as Record<string, string>;
    expect(rest).toEqual({
      type: "urn:unirep-ts:problem:not-found",
      title: "There is no such thing",
      status: 404,
      detail: "api: expected an id or path that exists and is yours, got another",
    });
    expect(fake.jobs.records.get(id)?.state).toBe("queued");
  }); // prettier-ignore

  test("is cancelled while it waits, at once, twice, and not after its end", async () => {
    const { id } = await submitted();
    for (const _ of [1, 2]) {
      const response = await cancel(id);
      expect(response.status).toBe(202);
      expect(await response.json()).toMatchObject({ state: "cancelled" });
    }
    const ended = (await submitted()).id;
    await fake.jobs.set(ended, { state: "succeeded" });
    expect(await (await cancel(ended)).json()).toMatchObject({ state: "succeeded" }); // prettier-ignore
  });

  test("is cancelling while it runs", async () => {
    const { id } = await submitted();
    await fake.jobs.set(id, { state: "running" });
    const response = await cancel(id);
    expect(response.headers.get("retry-after")).toBe("1");
    expect(await response.json()).toMatchObject({ state: "cancelling" });
  });
});

describe("the list", () => {
  test("gives one's own jobs, newest first, page by page, by state and kind", async () => {
    const headers = await fake.headers("jobs");
    const ids: string[] = [];
    for (const path of ["/v1/embedding-jobs", "/v1/score-jobs", "/v1/score-jobs"]) // prettier-ignore
      ids.unshift(((await (await post(path, { sequences: ["M"] }, headers)).json()) as Shown).id); // prettier-ignore
    await fake.jobs.set(ids[0], { state: "failed" });
    const list = async (query: string) => {
      const page = (await (await get(`/v1/jobs?${query}`, headers)).json()) as { items: Shown[]; next: string | null }; // prettier-ignore
      return { ids: page.items.map(({ id }) => id), next: page.next };
    };
    const first = await list("limit=2");
    expect(first.ids).toEqual(ids.slice(0, 2));
    const rest = await list(`limit=2&cursor=${first.next}`);
    expect(rest).toEqual({ ids: ids.slice(2), next: null });
    expect((await list("state=failed")).ids).toEqual([ids[0]]);
    expect((await list("kind=embed")).ids).toEqual([ids[2]]);
    expect((await list("kind=embed&state=failed")).ids).toEqual([]);
  });

  test.each([
    "limit=0",
    "limit=101",
    "limit=x",
    "state=done",
    "kind=all",
    "owner=me",
    "limit=1&limit=2",
  ])(
    // prettier-ignore
    "refuses ?%s",
    async (query) => {
      expect((await get(`/v1/jobs?${query}`)).status).toBe(422);
    },
  );
});
