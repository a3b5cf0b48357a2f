/** @file The OpenAPI document says what the service answers; Swagger UI shows it from this server alone. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Route } from "../../src/api/route.ts";
import { allRoutes } from "../../src/api/routes/index.ts";
import { startFake, type Fake } from "./fake-service.ts";

interface Operation {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]; // prettier-ignore
  readonly requestBody?: { readonly content: Record<string, { schema: unknown }> }; // prettier-ignore
  readonly responses: Record<string, { readonly content?: Record<string, unknown> }>; // prettier-ignore
}
interface Document {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, object> };
}

let fake: Fake;
let url: string;
let routes: readonly Route[];
let document: Document;
beforeAll(async () => {
  fake = await startFake();
  url = fake.server.url;
  routes = allRoutes(fake.api);
  document = (await (await fetch(`${url}/openapi.json`)).json()) as Document;
});
afterAll(() => fake.close());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, o]) => ({ path, method, ...o })),
  );

describe("the document", () => {
  test("has every route and nothing else", () => {
    const name = ({ method, path }: { method: string; path: string }) => `${method} ${path}`; // prettier-ignore
    expect(operations().map(name).sort()).toEqual(routes.map(name).sort());
    expect(document.openapi).toBe("3.1.0");
    for (const path of [
      "/v1/embedding-jobs",
      "/v1/evotuning-jobs",
      "/v1/score-jobs",
      "/v1/sampling-jobs",
      "/v1/jobs",
      "/v1/jobs/{id}",
      "/v1/keys",
    ])
      // prettier-ignore
      expect(Object.keys(document.paths)).toContain(path);
  });

  test("refers only to what is in it, and names each operation once", () => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)]; // prettier-ignore
    expect(refs.length).toBeGreaterThan(20);
    for (const [, name] of refs)
      expect(Object.keys(document.components.schemas)).toContain(name);
    const ids = operations().map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("declares each parameter of a path, and Idempotency-Key where it counts", () => {
    for (const { path, method, parameters = [] } of operations()) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const inPath = parameters.filter((p) => p.in === "path");
      expect(inPath.map(({ name }) => name)).toEqual(named);
      const creates = routes.find((r) => r.path === path && r.method === method)?.creates ?? false; // prettier-ignore
      expect(parameters.some(({ name }) => name === "Idempotency-Key")).toBe(creates); // prettier-ignore
    }
  });

  test("asks for a key where the service does, and says so in its answers", async () => {
    for (const { path, method, security, responses } of operations()) {
      const open = security.length === 0;
      if (!open) expect(Object.keys(responses)).toEqual(expect.arrayContaining(["401", "403", "429", "500", "503"])); // prettier-ignore
      if (path === "/metrics") continue;
      const response = await fetch(url + path.replaceAll(/\{\w+\}/g, "x"), { method: method.toUpperCase() }); // prettier-ignore
      expect([path, response.status === 401]).toEqual([path, !open]);
      await response.body?.cancel();
    }
  });

  test("forbids fields it does not know in every body", () => {
    const loose = Object.entries(document.components.schemas).filter(([name, schema]) => /Submission|New/.test(name) && !JSON.stringify(schema).includes('"additionalProperties":false')); // prettier-ignore
    expect(loose).toEqual([]);
  });

  test.each([
    "/v1/embedding-jobs",
    "/v1/score-jobs",
    "/v1/evotuning-jobs",
    "/v1/sampling-jobs",
  ])("shows %s as JSON and as a form with files", (path) => {
    // prettier-ignore
    const { content } = document.paths[path].post.requestBody!;
    expect(Object.keys(content)).toEqual(["application/json", "multipart/form-data"]); // prettier-ignore
    expect(JSON.stringify(content["multipart/form-data"].schema)).toContain("file"); // prettier-ignore
  });
});

describe("/docs", () => {
  test("is a page whose every file is on this server, allowed by its policy", async () => {
    const response = await fetch(`${url}/docs`);
    const policy = response.headers.get("content-security-policy") as string;
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/https?:|unsafe-eval|script-src[^;]*unsafe/);
    const html = await response.text();
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, f]) => f); // prettier-ignore
    expect(files).toHaveLength(4);
    for (const file of files) {
      const got = await fetch(url + file);
      expect([file, got.status]).toEqual([file, 200]);
      expect((await got.arrayBuffer()).byteLength).toBeGreaterThan(50);
    }
  });

  test.each([
    "..%2fpackage.json",
    "package.json",
    "%2e%2e/%2e%2e/package.json",
    "__proto__",
    "constructor",
  ])("has no file %s", async (file) => {
    // prettier-ignore
    expect((await fetch(`${url}/docs/${file}`)).status).toBe(404);
  });
});
