/** @file For those who run the service: queue pages, figures, readiness of the engine, a worker machine's own server. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest"; // prettier-ignore
import { startWorkerServer } from "../../src/api/server.ts";
import { addTotals, optionalPackage, type ComputeTotals } from "../../src/workers/index.ts"; // prettier-ignore
import { startFake, type Fake } from "./fake-service.ts";
import { startWhole, type WholeService } from "./whole-service.ts";

describe("the queue pages", () => {
  let whole: WholeService;
  let admin: string;
  beforeAll(async () => {
    whole = await startWhole({ bullBoard: "true" });
    admin = await whole.key("admin");
  }, 60_000);
  afterAll(() => whole.close());
  const at = (file: string, headers: Record<string, string>, method = "GET") =>
    fetch(`${whole.server.url}/admin/queues${file}`, { headers, method });
  const basic = (key: string) => ({ authorization: `Basic ${Buffer.from(`admin:${key}`).toString("base64")}` }); // prettier-ignore

  test("are for admins, who may send their key as a browser sends a password, here alone", async () => {
    expect((await at("/", basic(admin))).status).toBe(200);
    expect((await at("/", { authorization: `Bearer ${admin}` })).status).toBe(200); // prettier-ignore
    const refused = await at("/", {});
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toMatch(/^Basic realm=/);
    expect((await at("/", basic("wrong"))).status).toBe(401);
    expect((await at("/", basic(await whole.key("jobs")))).status).toBe(403);
    for (const elsewhere of ["/v1/keys", "/v1/jobs"]) {
      const response = await fetch(whole.server.url + elsewhere, { headers: basic(admin) }); // prettier-ignore
      expect([elsewhere, response.status]).toEqual([elsewhere, 401]);
      expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
    }
    for (const file of ["/api/queues", "/static/favicon.ico"])
      expect((await at(file, {})).status).toBe(401);
  });

  test("come whole from this server, under a policy that lets them work and nothing else", async () => {
    const page = await at("/", basic(admin));
    const policy = page.headers.get("content-security-policy") as string;
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("base-uri 'self'");
    expect(policy).not.toMatch(/https?:|unsafe-eval|script-src[^;]*unsafe/);
    expect(page.headers.get("x-powered-by")).toBeNull();
    const html = await page.text();
    expect(html).toContain('<base href="/admin/queues/"');
    const files = [...html.matchAll(/(?:src|href)="(static\/[^"]+)"/g)].map(([, file]) => file); // prettier-ignore
    expect(files.length).toBeGreaterThan(3);
    for (const file of files)
      expect([file, (await at(`/${file}`, basic(admin))).status]).toEqual([file, 200]); // prettier-ignore
  });

  test("show all queues, and change none", async () => {
    const response = await at("/api/queues", basic(admin));
    const { queues } = (await response.json()) as { queues: { name: string; readOnlyMode: boolean }[] }; // prettier-ignore
    expect(queues.map(({ name }) => name).sort()).toEqual(["embed", "evotune", "sample", "score"]); // prettier-ignore
    expect(queues.every(({ readOnlyMode }) => readOnlyMode)).toBe(true);
    for (const method of ["PUT", "POST", "PATCH", "DELETE"]) {
      const pause = await at("/api/queues/embed/pause", basic(admin), method);
      expect([method, pause.status]).toEqual([method, 405]);
    }
  });

  test("are not there unless asked for", async () => {
    const other = await startFake();
    try {
      const response = await fetch(`${other.server.url}/admin/queues`, { headers: await other.headers("admin") }); // prettier-ignore
      expect(response.status).toBe(404);
    } finally {
      await other.close();
    }
  });
});

describe("a package that only a setting needs", () => {
  test("is named with the setting where it is not installed", async () => {
    const absent: string = "not-installed-anywhere";
    const load = () => import(absent) as Promise<unknown>;
    await expect(optionalPackage(load, "BULL_BOARD", "a b")).rejects.toThrow("service: expected a b to be installed for BULL_BOARD, got nothing there: npm install a b"); // prettier-ignore
  });

  test("is not hidden by that where it is broken", async () => {
    const load = () => Promise.reject(new TypeError("broken"));
    await expect(optionalPackage(load, "X", "a")).rejects.toThrow("broken");
  });
});

describe("readiness", () => {
  let fake: Fake | undefined;
  afterEach(() => fake?.close());
  const ready = async () => {
    const response = await fetch(`${fake!.server.url}/readyz`);
    return { status: response.status, text: await response.text() };
  };

  test("fails with the reason while the default model is not here; everything else answers", async () => {
    fake = await startFake({ model: "unirep-1900" });
    await vi.waitFor(async () => {
      const { status, text } = await ready();
      expect(status).toBe(503);
      expect(text).toContain("engine: expected the default model (MODEL) to be here, got none of the id unirep-1900"); // prettier-ignore
    });
    expect((await fetch(`${fake.server.url}/healthz`)).status).toBe(200);
    const headers = { ...(await fake.headers("embed")), "content-type": "application/json" }; // prettier-ignore
    const body = JSON.stringify({ input: "MKT", model: "unirep-ts-64" });
    expect((await fetch(`${fake.server.url}/v1/embeddings`, { method: "POST", headers, body })).status).toBe(200); // prettier-ignore
  });

  test("comes when the model has represented a sequence", async () => {
    fake = await startFake();
    await vi.waitFor(async () => expect((await ready()).status).toBe(200));
  });
});

describe("the server of a worker machine", () => {
  test("tells of health, readiness and figures, and knows no other path", async () => {
    const fake = await startFake();
    let totals: ComputeTotals = addTotals([]);
    const compute = { facts: () => [], totals: () => totals };
    const server = await startWorkerServer({ service: fake.service, compute });
    try {
      const get = (at: string, headers = {}) => fetch(server.url + at, { headers }); // prettier-ignore
      expect((await get("/healthz")).status).toBe(200);
      expect((await get("/readyz")).status).toBe(200);
      totals = { ...totals, residues: 1234 };
      const text = await (await get("/metrics")).text();
      expect(text).toContain("unirep_compute_residues_total 1234");
      // Those of the whole service come from its API alone: added up they would count twice.
      expect(text).not.toContain("unirep_jobs_total");
      const forwarded = { "x-forwarded-for": "192.0.2.1" };
      expect((await get("/metrics", forwarded)).status).toBe(401);
      expect((await get("/metrics", { ...forwarded, ...(await fake.headers("admin")) })).status).toBe(200); // prettier-ignore
      for (const other of ["/", "/v1/jobs", "/openapi.json", "/admin/queues"])
        expect([other, (await get(other)).status]).toEqual([other, 404]);
      const drained = server.drain(3);
      await sleep(50);
      expect((await get("/readyz")).status).toBe(503);
      await drained;
    } finally {
      await server.drain(0);
      await fake.close();
    }
  });
});
