/** @file Every name on the wire is snake_case, in the document and in what is answered; the client's are camelCase. */
import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UnirepClient } from "../../src/api/client/index.ts";
import { eventData } from "../../src/api/schemas/events.ts";
import { fromWire, toWire } from "../../src/api/wire.ts";
import type { JobEvent, JobKind, JobOptions } from "../../src/workers/index.ts";
import { startFake, type Fake } from "./fake-service.ts";

const snake = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/;
let fake: Fake;
let url: string;
let headers: Record<string, string>;
beforeAll(async () => {
  fake = await startFake();
  url = fake.server.url;
  headers = await fake.headers("embed", "jobs", "models", "admin");
});
afterAll(() => fake.close());

describe("names", () => {
  test.each([
    ["createdAt", "created_at"],
    ["sha256", "sha256"],
    ["residuesPerSecond", "residues_per_second"],
    ["hAvg", "h_avg"],
    ["id", "id"],
  ])("%s is %s on the wire, and back", (name, wire) => {
    expect(toWire({ [name]: 1 })).toEqual({ [wire]: 1 });
    expect(fromWire({ [wire]: 1 })).toEqual({ [name]: 1 });
  });

  test("change at every depth and come back; values stay", () => {
    const name = fc.stringMatching(/^[a-z]{1,4}\d?([A-Z][a-z0-9]{1,4}){0,3}$/);
    const json = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof({ depthSize: "small" }, fc.string(), fc.integer(), fc.constant(null), fc.array(tie("value")), fc.dictionary(name, tie("value"))), // prettier-ignore
    })).value;
    fc.assert(
      fc.property(json, (value) => {
        expect(namesIn(toWire(value)).filter((n) => !snake.test(n))).toEqual([]); // prettier-ignore
        expect(fromWire(toWire(value))).toEqual(value);
      }),
    );
  });

  test("of a prototype are names like others", () => {
    const value: unknown = JSON.parse('{"__proto__": {"isAdmin": true}}');
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    expect(Object.getPrototypeOf(fromWire(value))).toBe(Object.prototype);
    expect(Object.getPrototypeOf(toWire(value))).toBe(Object.prototype);
  });
});

/** Names of all fields of a JSON value. */
function namesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namesIn);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, field]) => [name, ...namesIn(field)]); // prettier-ignore
}

/** Names of properties and of parameters in a path or a query, wherever they stand in the document. */
function declared(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(declared);
  if (typeof value !== "object" || value === null) return [];
  const { properties, name, in: place } = value as { properties?: object; name?: string; in?: string }; // prettier-ignore
  return [
    ...Object.keys(properties ?? {}),
    ...(name !== undefined && (place === "query" || place === "path") ? [name] : []), // prettier-ignore
    ...Object.values(value).flatMap(declared),
  ];
}

describe("the document", () => {
  test("has no property, parameter or field of an event that is not snake_case", async () => {
    const document: unknown = await (await fetch(`${url}/openapi.json`)).json();
    const names = new Set(declared(document));
    for (const known of [
      "created_at",
      "per_residue",
      "expires_at",
      "model_name",
      "learning_rate",
      "request_id",
      "limit",
      "id",
      "eta_seconds",
      "cross_entropy",
      "encoding_format",
    ])
      // prettier-ignore
      expect([...names]).toContain(known);
    expect([...names].filter((name) => !snake.test(name))).toEqual([]);
  });
});

const options = {
  embed: { precision: "f32", layers: ["h_avg"], perResidue: false, format: "npz" },
  score: { precision: "f32", perResidue: false, format: "csv" },
  evotune: { trials: 1, folds: 2, parallel: 1, epochs: { low: 1, high: 1 }, learningRate: 1e-3, seed: 0, modelName: "mine" },
  sample: { steps: 1, chains: 1, temperature: 1, trustRadius: null, seed: 0 },
} satisfies JobOptions; // prettier-ignore

const events: readonly JobEvent[] = [
  { type: "state", state: "running" },
  { type: "progress", done: 1, total: 2, residuesPerSecond: 1, etaSeconds: null },
  { type: "step", trial: null, step: 1, epoch: 1, loss: 2, learningRate: 1e-3 },
  { type: "validation", trial: 0, fold: 1, epoch: 0, crossEntropy: 2, perplexity: 7 },
  { type: "trial", trial: 0, setting: { learningRate: 1e-3 }, outcome: "finished", value: 2 },
  { type: "checkpoint", step: 1 },
  { type: "accepted", step: 1, best: -2 },
]; // prettier-ignore

async function addJob<K extends JobKind>(kind: K): Promise<string> {
  const id = randomUUID();
  const owner = headers.authorization.split("_")[1];
  const input = { key: `jobs/${id}/input.fasta`, sequences: 1, residues: 3, sha256: "b".repeat(64), ranges: [], warnings: [] }; // prettier-ignore
  const model = (await fake.service.models.find("unirep-ts-64", owner))!;
  await fake.jobs.submit<JobKind>({ id, kind, owner, name: null, model, options: options[kind], input }); // prettier-ignore
  for (const event of events) await fake.jobs.set(id, {}, event);
  await fake.jobs.set(id, {
    state: "succeeded",
    result: { key: "x", format: "csv", bytes: 1, sha256: "c".repeat(64), summary: { crossValidation: { crossEntropy: 2 }, bestOfChains: [{ bestStep: 1 }] } },
  }); // prettier-ignore
  return id;
}

describe("what is answered", () => {
  test.each(["embed", "score", "evotune", "sample"] as const)(
    "about %s jobs has snake_case names alone, and events as the document says",
    async (kind) => {
      const id = await addJob(kind);
      const job: unknown = await (await fetch(`${url}/v1/jobs/${id}`, { headers })).json(); // prettier-ignore
      expect(namesIn(job)).toContain("cross_validation");
      const stream = await (await fetch(`${url}/v1/jobs/${id}/events`, { headers })).text(); // prettier-ignore
      const data = [...stream.matchAll(/^data: (.*)$/gm)].map(([, text]) => JSON.parse(text) as unknown); // prettier-ignore
      expect(data).toHaveLength(events.length + 4);
      for (const event of data) eventData.parse(event);
      expect(namesIn([job, data]).filter((name) => !snake.test(name))).toEqual([]); // prettier-ignore
    },
  );

  test("about keys, models and problems has snake_case names alone", async () => {
    const answers = await Promise.all(
      ["/v1/keys", "/v1/models", "/v1/jobs", "/v1/nothing", "/readyz"].map(async (path) => (await fetch(url + path, { headers })).json()), // prettier-ignore
    );
    const names = namesIn(answers);
    for (const name of ["last_used_at", "created_at", "request_id"])
      expect(names).toContain(name);
    expect(names.filter((name) => !snake.test(name))).toEqual([]);
  });
});

describe("what is asked", () => {
  test.each([
    ["/v1/embeddings", { input: "MKT", perResidue: true }, "/perResidue"],
    ["/v1/embedding-jobs", { sequences: ["MKT"], perResidue: true }, "/perResidue"],
    ["/v1/evotuning-jobs", { sequences: ["MKT"], model_name: "mine-2", learningRate: 1e-4 }, "/learningRate"],
    ["/v1/sampling-jobs", { sequences: ["MKT"], trustRadius: 2 }, "/trustRadius"],
    ["/v1/keys", { name: "x", scopes: ["jobs"], expiresAt: null }, "/expiresAt"],
  ])("of %s with a camelCase name is refused like any unknown field", async (path, body, pointer) => {
    const response = await fetch(url + path, { method: "POST", headers: { ...headers, "content-type": "application/json" }, body: JSON.stringify(body) });
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ errors: [{ pointer, detail: expect.stringContaining("unknown") as string }] });
  }); // prettier-ignore

  test("in a form is refused alike", async () => {
    const form = new FormData();
    form.set("perResidue", "true");
    form.set("file", new Blob([">a\nMKT\n"]), "a.fasta");
    const response = await fetch(`${url}/v1/embedding-jobs`, { method: "POST", headers, body: form }); // prettier-ignore
    expect(await response.json()).toMatchObject({ status: 422, errors: [{ pointer: "/perResidue" }] }); // prettier-ignore
  });
});

describe("the client", () => {
  test("takes and gives camelCase names, in jobs, events and problems", async () => {
    const client = new UnirepClient({ url, key: headers.authorization.slice(7), retries: 0 }); // prettier-ignore
    const made = await client.submitEvotuning("MKT", { modelName: "mine-3", learningRate: { low: 1e-5, high: 1e-4 } }); // prettier-ignore
    expect(made.options).toMatchObject({ modelName: "mine-3", learningRate: { low: 1e-5 } }); // prettier-ignore
    expect(Date.parse(made.createdAt)).toBeGreaterThan(0);
    const seen: unknown[] = [];
    const id = await addJob("embed");
    await fake.jobs.set(id, { state: "running" });
    const waiting = client.wait(id, { onEvent: (event) => seen.push(event) });
    await expect.poll(() => seen.length).toBeGreaterThan(events.length);
    await fake.jobs.set(id, { state: "succeeded" });
    const job = await waiting;
    expect(job.result?.summary).toEqual({ crossValidation: { crossEntropy: 2 }, bestOfChains: [{ bestStep: 1 }] }); // prettier-ignore
    expect(seen).toEqual(expect.arrayContaining([...events]));
    await expect(client.job(randomUUID())).rejects.toMatchObject({ problem: { requestId: expect.any(String) as string } }); // prettier-ignore
  });
});
