/** @file Every error is a problem+json of the table, without a stack or a secret. */
import { request as httpRequest } from "node:http";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Problem, problemTypes } from "../../src/api/problems.ts";
import { startFake, type Fake } from "./fake-service.ts";

let fake: Fake;
let url: string;
let auth: Record<string, string>;
beforeAll(async () => {
  fake = await startFake();
  url = fake.server.url;
  auth = await fake.headers("jobs", "admin");
});
afterAll(() => fake.close());

const json = { "content-type": "application/json" };

describe("a request", () => {
  test.each([
    ["of an unknown path", 404, "GET", "/v2/jobs", {}, undefined],
    ["of a path in other letters", 404, "GET", "/V1/jobs", {}, undefined],
    ["with a broken path", 400, "GET", "/v1/jobs/%E0%A4%A", {}, undefined],
    ["of a method that is not there", 405, "PUT", "/v1/jobs", {}, "{}"],
    ["of a format that is not there", 406, "GET", "/v1/jobs", { accept: "text/csv" }, undefined],
    ["with broken JSON", 400, "POST", "/v1/keys", json, "{"],
    ["with JSON that breaks in a long text", 400, "POST", "/v1/keys", json, `"${"x".repeat(1000)}`],
    ["without a body", 422, "POST", "/v1/keys", json, undefined],
    ["with another type", 415, "POST", "/v1/keys", { "content-type": "text/plain" }, "x"],
    ["with no type", 415, "POST", "/v1/embedding-jobs", {}, undefined],
    ["with an unknown encoding", 415, "POST", "/v1/keys", { ...json, "content-encoding": "zstd" }, "x"],
    ["with a false encoding", 400, "POST", "/v1/keys", { ...json, "content-encoding": "gzip" }, "{}"],
    ["with another charset", 415, "POST", "/v1/keys", { "content-type": "application/json; charset=latin1" }, "{}"],
    ["with too much", 413, "POST", "/v1/keys", json, JSON.stringify({ name: "x".repeat(1_100_000) })],
    ["with JSON that is nested deep", 422, "POST", "/v1/keys", json, `${"[".repeat(100_000)}${"]".repeat(100_000)}`],
  ] as const)("%s is a %i", async (_what, status, method, path, headers, body) => {
    const response = await fetch(url + path, { method, headers: { ...auth, ...headers }, ...(body !== undefined && { body }) });
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/problem+json; charset=utf-8");
    const problem = (await response.json()) as Record<string, unknown>;
    const types = Object.entries(problemTypes).map(([name, [s, title]]) => [`urn:unirep-ts:problem:${name}`, s, title]);
    expect(types).toContainEqual([problem.type, status, problem.title]);
    expect(problem.request_id).toBe(response.headers.get("x-request-id"));
    expect(problem.detail).toMatch(/^api: .*expected /);
    expect(JSON.stringify(problem)).not.toMatch(/\bat .*:\d+|node_modules|src\/|xxxxx/);
  }); // prettier-ignore

  test("of a wrong method says which there are; OPTIONS too", async () => {
    const wrong = await fetch(`${url}/v1/jobs/x`, { method: "PATCH" });
    expect([wrong.status, wrong.headers.get("allow")]).toEqual([405, "GET, DELETE, HEAD, OPTIONS"]); // prettier-ignore
    const options = await fetch(`${url}/v1/keys`, { method: "OPTIONS" });
    expect([options.status, options.headers.get("allow")]).toEqual([204, "GET, POST, HEAD, OPTIONS"]); // prettier-ignore
  });

  test("that finds a fault of the service is a 500 that tells nothing of it; the log does", async () => {
    vi.spyOn(fake.jobs, "list").mockRejectedValueOnce(new Error("secret of the inside")); // prettier-ignore
    const response = await fetch(`${url}/v1/jobs`, { headers: auth });
    expect(response.status).toBe(500);
    const text = await response.text();
    expect(text).not.toContain("inside");
    const { request_id: requestId } = JSON.parse(text) as {
      request_id: string;
    };
    const line = fake.lines.find((l) => l.message === "request failed" && l.requestId === requestId); // prettier-ignore
    expect((line?.err as Error).message).toBe("secret of the inside");
  });

  test.each([
    ["the backend is away", () => {
      vi.spyOn(fake.service.backend.store, "ping").mockRejectedValueOnce(new Error("away"));
      return new Error("ECONNREFUSED");
    }],
    ["the disk is full", () => Object.assign(new Error("write"), { code: "ENOSPC" })],
    ["a compute process has died", () => Object.assign(new Error("SIGKILL"), { retryable: true })],
  ])("while %s is a 503 with Retry-After", async (_what, failure) => {
    vi.spyOn(fake.jobs, "list").mockRejectedValueOnce(failure());
    const response = await fetch(`${url}/v1/jobs`, { headers: auth });
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
  }); // prettier-ignore

  test("that is refused while it still sends can read why", async () => {
    const status = await new Promise((resolve, reject) => {
      const request = httpRequest(`${url}/v1/keys`, { method: "POST", headers: { ...auth, ...json, "content-length": 50_000_000 } }); // prettier-ignore
      request.on("response", (response) => {
        response.resume();
        resolve(response.statusCode);
        request.destroy();
      });
      request.on("error", reject);
      request.write(Buffer.alloc(1_000_000));
    });
    expect(status).toBe(413);
  });
});

test("every problem of the table has a status and says when to try again in whole seconds", () => {
  for (const [status] of Object.values(problemTypes)) {
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(504);
  }
  const { headers } = new Problem("unavailable", "x", { retryAfter: 0.2 });
  expect(headers).toEqual({ "Retry-After": "1" });
});
