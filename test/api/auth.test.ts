/** @file API keys: which work, what they allow, how they are made, shared and revoked. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createKey, ensureAdminKey } from "../../src/api/keys.ts";
import { scopes } from "../../src/api/api.ts";
import { memoryStore } from "./fake-parts.ts";
import { startFake, type Fake } from "./fake-service.ts";

let fake: Fake;
let url: string;
beforeAll(async () => {
  fake = await startFake();
  url = fake.server.url;
});
afterAll(() => fake.close());

const store = () => fake.service.backend.store;
const get = (path: string, headers: Record<string, string>) =>
  fetch(url + path, { headers });
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });

describe("a request", () => {
  test.each([
    ["Authorization: Bearer", (k: string) => bearer(k), 200],
    ["authorization in any case", (k: string) => ({ authorization: `bearer ${k}` }), 200],
    ["X-API-Key", (k: string) => ({ "x-api-key": k }), 200],
    ["no key", () => ({}), 401],
    ["Basic", (k: string) => ({ authorization: `Basic ${btoa(`x:${k}`)}` }), 401],
    ["a key with a wrong last letter", (k: string) => bearer(k.slice(0, -1) + (k.endsWith("0") ? "1" : "0")), 401],
    ["something else", () => bearer("ur_x_y_z"), 401],
    ["an empty key", () => ({ "x-api-key": "" }), 401],
  ] as const)("with %s", async (_what, headers, status) => {
    const response = await get("/v1/jobs", headers(await fake.key("jobs")));
    expect(response.status).toBe(status);
    if (status === 401)
      expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
  }); // prettier-ignore

  test("with the key in its address is refused, key or not", async () => {
    const secret = await fake.key("jobs");
    expect((await get(`/v1/jobs?api_key=${secret}`, {})).status).toBe(401);
    expect((await get(`/v1/jobs?api_key=${secret}`, bearer(secret))).status).toBe(422); // prettier-ignore
  });

  test("with a forged secret of a known id is refused", async () => {
    const { record } = await createKey(store(), { name: "real", scopes });
    const other = await createKey(memoryStore(), { name: "forged", scopes }, record.id); // prettier-ignore
    expect((await get("/v1/jobs", bearer(other.secret))).status).toBe(401);
  });

  test.each([
    ["GET", "/v1/jobs", "jobs"],
    ["POST", "/v1/embedding-jobs", "jobs"],
    ["GET", "/v1/keys", "admin"],
    ["POST", "/v1/keys", "admin"],
    ["DELETE", "/v1/keys/0123456789abcdef", "admin"],
  ] as const)("%s %s needs the scope %s", async (method, path, scope) => {
    const others = scopes.filter((s) => s !== scope);
    const headers = await fake.headers(...others);
    const response = await fetch(url + path, { method, headers });
    expect(response.status).toBe(403);
    expect(((await response.json()) as { detail: string }).detail).toContain(scope); // prettier-ignore
  });
});

describe("keys", () => {
  const post = async (body: unknown) =>
    fetch(`${url}/v1/keys`, {
      method: "POST",
      headers: {
        ...(await fake.headers("admin")),
        "content-type": "application/json",
      },
      body: JSON.stringify(body),
    });

  test("are made by an admin, shown once, and kept as a hash only", async () => {
    const response = await post({ name: "lab", scopes: ["embed", "jobs"] });
    expect(response.status).toBe(201);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const made = (await response.json()) as { id: string; key: string; owner: string }; // prettier-ignore
    expect(made.key).toMatch(/^ur_[0-9a-f]{16}_[0-9a-f]{64}_[0-9a-f]{8}$/);
    expect(made.owner).toBe(made.id);
    expect((await get("/v1/jobs", bearer(made.key))).status).toBe(200);
    const kept = JSON.stringify(await store().get("key", made.id));
    expect(kept).not.toContain(made.key.split("_")[2]);
    const list = await (await get("/v1/keys", await fake.headers("admin"))).text(); // prettier-ignore
    expect(list).toContain(made.id);
    expect(list).not.toMatch(/hash|ur_/);
  });

  test.each([
    ["no scopes", { name: "x", scopes: [] }, "/scopes"],
    ["an unknown scope", { name: "x", scopes: ["root"] }, "/scopes/0"],
    ["a scope twice", { name: "x", scopes: ["jobs", "jobs"] }, "/scopes"],
    ["no name", { scopes: ["jobs"] }, "/name"],
    ["a hash of its own", { name: "x", scopes: ["jobs"], hash: "00" }, "/hash"],
    ["an id of its own", { name: "x", scopes: ["jobs"], id: "00" }, "/id"],
    ["a time past", { name: "x", scopes: ["jobs"], expires_at: "2020-01-01T00:00:00Z" }, "/expires_at"],
    ["a line break in its name", { name: "x\ny", scopes: ["jobs"] }, "/name"],
  ])("are refused with %s", async (_what, body, pointer) => {
    const response = await post(body);
    expect(response.status).toBe(422);
    const { errors } = (await response.json()) as { errors: { pointer: string }[] }; // prettier-ignore
    expect(errors[0].pointer).toBe(pointer);
  }); // prettier-ignore

  test("do not work after their time", async () => {
    const { secret } = await createKey(store(), { name: "short", scopes, expiresAt: new Date(Date.now() + 100).toISOString() }); // prettier-ignore
    expect((await get("/v1/jobs", bearer(secret))).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect((await get("/v1/jobs", bearer(secret))).status).toBe(401);
  });

  test("do not work once revoked; to revoke again does no harm, an unknown one is a 404", async () => {
    const { secret, record } = await createKey(store(), { name: "gone", scopes }); // prettier-ignore
    const revoke = async (id: string) =>
      fetch(`${url}/v1/keys/${id}`, { method: "DELETE", headers: await fake.headers("admin") }); // prettier-ignore
    const first = (await (await revoke(record.id)).json()) as object;
    expect((await get("/v1/jobs", bearer(secret))).status).toBe(401);
    expect(await (await revoke(record.id)).json()).toEqual(first);
    expect((await revoke("0123456789abcdef")).status).toBe(404);
    expect((await revoke("__proto__")).status).toBe(404);
  });

  test("note their use at most once a minute", async () => {
    const { secret, record } = await createKey(store(), { name: "used", scopes }); // prettier-ignore
    const lastUsed = async () => (await store().get("key", record.id))?.lastUsedAt; // prettier-ignore
    expect(await lastUsed()).toBeNull();
    await get("/v1/jobs", bearer(secret));
    const at = await lastUsed();
    expect(Date.now() - Date.parse(at as string)).toBeLessThan(5000);
    await get("/v1/jobs", bearer(secret));
    expect(await lastUsed()).toBe(at);
  });

  test("of one owner see each other's jobs; others do not", async () => {
    const keys = await Promise.all(["team", "team", undefined].map(async (owner) => (await createKey(store(), { name: "k", scopes, owner })).secret)); // prettier-ignore
    const response = await fetch(`${url}/v1/score-jobs`, {
      method: "POST",
      headers: { ...bearer(keys[0]), "content-type": "application/json" },
      body: JSON.stringify({ sequences: ["MKT"] }),
    });
    const location = response.headers.get("location") as string;
    const seen = await Promise.all(keys.map(async (k) => (await get(location, bearer(k))).status)); // prettier-ignore
    expect(seen).toEqual([200, 200, 404]);
  });
});

describe("the first admin key", () => {
  const service = () => ({ backend: { ...fake.service.backend, store: memoryStore() } }); // prettier-ignore

  test("is made once, by one of several servers that start together", async () => {
    const here = service();
    const made = await Promise.all(Array.from({ length: 5 }, () => ensureAdminKey(here))); // prettier-ignore
    expect(made.filter((key) => key !== null)).toHaveLength(1);
    expect(await ensureAdminKey(here)).toBeNull();
  });

  test("is not made where another admin key works, and is where none does any more", async () => {
    const here = service();
    const { record } = await createKey(here.backend.store, { name: "a", scopes: ["admin"] }); // prettier-ignore
    expect(await ensureAdminKey(here)).toBeNull();
    await here.backend.store.update("key", record.id, (key) => ({ ...key, revokedAt: new Date().toISOString() })); // prettier-ignore
    expect(await ensureAdminKey(here)).toMatch(/^ur_/);
  });
});
