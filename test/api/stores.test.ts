/** @file What the API keeps in the store, on both backends: keys, claims of Idempotency-Keys, limits that servers share. */
import { afterEach, describe, expect, test } from "vitest";
import { scopes } from "../../src/api/api.ts";
import { createKey, ensureAdminKey, revokeKey } from "../../src/api/keys.ts";
import { onBackends } from "../workers/backends.ts";
import { startFake, type Fake } from "./fake-service.ts";

onBackends("the API", (opened) => {
  const fakes: Fake[] = [];
  const start = async (settings: Parameters<typeof startFake>[0] = {}) => {
    const { store, redis } = opened().backend;
    const fake = await startFake(settings, { store, redis });
    fakes.push(fake);
    return fake;
  };
  afterEach(async () => {
    await Promise.all(fakes.splice(0).map((fake) => fake.close()));
  });

  const post = (fake: Fake, headers: Record<string, string>) =>
    fetch(`${fake.server.url}/v1/score-jobs`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ sequences: ["MKT"] }),
    });

  test("makes one first admin key between servers that start together", async () => {
    const service = { backend: opened().backend };
    const made = await Promise.all([1, 2, 3].map(() => ensureAdminKey(service))); // prettier-ignore
    expect(made.filter((key) => key !== null)).toHaveLength(1);
  });

  test("checks, lists and revokes keys; a revoked one works on no server", async () => {
    const [a, b] = [await start(), await start()];
    const { store } = opened().backend;
    const { secret, record } = await createKey(store, { name: "é", scopes });
    const ask = (fake: Fake) =>
      fetch(`${fake.server.url}/v1/keys?limit=100`, {
        headers: { "x-api-key": secret },
      });
    const page = (await (await ask(a)).json()) as { items: { id: string }[] };
    expect(page.items.map(({ id }) => id)).toContain(record.id);
    await revokeKey(store, record.id);
    const statuses = [(await ask(a)).status, (await ask(b)).status];
    expect(statuses).toEqual([401, 401]);
  });

  test("makes one job of 50 requests with one Idempotency-Key, sent to two servers", async () => {
    const [a, b] = [await start(), await start()];
    const key = await a.headers("jobs");
    const headers = { ...key, "idempotency-key": "the-one" };
    const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => post(i % 2 ? a : b, headers))); // prettier-ignore
    for (const { status } of answers) expect([202, 409]).toContain(status);
    const made = answers.filter(({ status }) => status === 202);
    const ids = await Promise.all(made.map(async (r) => ((await r.json()) as { id: string }).id)); // prettier-ignore
    expect(new Set(ids).size).toBe(1);
    expect(a.jobs.records.size + b.jobs.records.size).toBe(1);
  });

  test("counts residues of a key on all servers together", async () => {
    const [a, b] = [await start({ residuesPerDay: "5" }), await start({ residuesPerDay: "5" })]; // prettier-ignore
    const headers = await a.headers("jobs");
    expect((await post(a, headers)).status).toBe(202);
    expect((await post(b, headers)).status).toBe(429);
  });

  test("counts requests: of all servers on one Redis together, else of each", async () => {
    const [a, b] = [await start({ requestsPerMinute: "2" }), await start({ requestsPerMinute: "2" })]; // prettier-ignore
    const headers = await a.headers("jobs");
    const statuses: number[] = [];
    for (const { server } of [a, a, b])
      statuses.push((await fetch(`${server.url}/v1/jobs`, { headers })).status);
    const shared = opened().backend.kind === "redis";
    expect(statuses).toEqual([200, 200, shared ? 429 : 200]);
  });
});

describe("while Redis is away", () => {
  onBackends("the API", (opened) => {
    test("answers 503 with Retry-After at once, and works again after it", async (context) => {
      const { backend, server } = opened();
      if (server === null) return context.skip("embedded: the database is never away"); // prettier-ignore
      const fake = await startFake({}, backend);
      const headers = await fake.headers("jobs");
      const ask = () => fetch(`${fake.server.url}/v1/jobs`, { headers });
      expect((await ask()).status).toBe(200);
      await server.kill();
      const before = performance.now();
      const refused = await ask();
      expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]); // prettier-ignore
      expect(performance.now() - before).toBeLessThan(3000);
      expect((await fetch(`${fake.server.url}/readyz`)).status).toBe(503);
      expect((await fetch(`${fake.server.url}/healthz`)).status).toBe(200);
      await server.start();
      await expect.poll(async () => (await ask()).status, { timeout: 15_000 }).toBe(200); // prettier-ignore
      await fake.close();
    });
  });
});
