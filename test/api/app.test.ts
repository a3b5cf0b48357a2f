/** @file The app around its routes: headers, health, metrics, logs, drain. */
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { openLog } from "../../src/api/logging.ts";
import { startFake, type Fake } from "./fake-service.ts";

let fake: Fake;
let url: string;
beforeAll(async () => {
  fake = await startFake();
  url = fake.server.url;
});
afterAll(() => fake.close());

describe("every answer", () => {
  test("has the headers of a service that tells nothing of itself", async () => {
    const { headers } = await fetch(`${url}/v1/jobs`);
    expect(headers.get("x-powered-by")).toBeNull();
    expect(headers.get("content-security-policy")).toContain("default-src 'none'"); // prettier-ignore
    expect(headers.get("content-security-policy")).not.toContain("script-src");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
  });

  test.each([
    ["a caller's own", "trace-1.2_3", true],
    ["none", undefined, false],
    ["one with spaces", "a b", false],
    ["one that is too long", "a".repeat(65), false],
  ])("carries a request id: %s", async (_what, sent, kept) => {
    const response = await fetch(`${url}/nothing`, {
      headers: sent === undefined ? {} : { "x-request-id": sent },
    });
    const id = response.headers.get("x-request-id") as string;
    expect(id === sent).toBe(kept);
    expect(await response.json()).toMatchObject({ request_id: id });
  });
});

describe("health", () => {
  test("/healthz answers whatever else is away", async () => {
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: "ok" }); // prettier-ignore
  });

  test("/readyz fails while the backend or the storage is away, and looks at most once a second", async () => {
    const other = await startFake();
    try {
      const ping = vi.spyOn(other.service.storage, "ping");
      const ready = () => fetch(`${other.server.url}/readyz`);
      expect((await ready()).status).toBe(200);
      await Promise.all([ready(), ready(), ready()]);
      expect(ping).toHaveBeenCalledTimes(1);
      ping.mockRejectedValue(new Error("away"));
      await vi.waitFor(async () => expect((await ready()).status).toBe(503), 3000); // prettier-ignore
      const response = await ready();
      expect(response.headers.get("retry-after")).toBe("5");
      expect(((await response.json()) as { detail: string }).detail).toContain("storage away"); // prettier-ignore
    } finally {
      await other.close();
    }
  });
});

describe("/metrics", () => {
  test("counts requests by route template, jobs and queues", async () => {
    await fetch(`${url}/v1/jobs/7f6d1f0e-0000-4000-8000-000000000000`);
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toMatch(/unirep_http_request_seconds_count\{method="GET",route="\/v1\/jobs\/\{id\}",status="401"\} 1/); // prettier-ignore
    expect(text).toContain('unirep_queue_jobs{queue="embed",state="waiting"} 0'); // prettier-ignore
    expect(text).toContain('unirep_jobs_total{kind="embed",state="succeeded"} 0'); // prettier-ignore
    expect(text).toContain('unirep_job_wait_seconds_bucket{le="+Inf",kind="embed"} 0'); // prettier-ignore
    expect(text).toContain("nodejs_eventloop_lag_p99_seconds");
    expect(text).not.toContain("7f6d1f0e");
  });

  test("is for this machine or an admin: not for others behind a proxy", async () => {
    const forwarded = { "x-forwarded-for": "192.0.2.1" };
    const get = (headers: Record<string, string>) =>
      fetch(`${url}/metrics`, { headers });
    expect((await get(forwarded)).status).toBe(401);
    const jobs = await fake.headers("jobs");
    expect((await get({ ...forwarded, ...jobs })).status).toBe(403);
    const admin = await fake.headers("admin");
    expect((await get({ ...forwarded, ...admin })).status).toBe(200);
  });
});

describe("the log", () => {
  test("has a line a request, without bodies, sequences, keys or queries", async () => {
    const { authorization } = await fake.headers("jobs");
    fake.lines.length = 0;
    await fetch(`${url}/v1/score-jobs`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify({ sequences: ["MKTAYIAKQR"] }),
    });
    await fetch(`${url}/v1/jobs?key=hunter2`, { headers: { authorization } });
    await fetch(`${url}/MKTAYIAKQR/hunter2`);
    await vi.waitFor(() => expect(fake.lines).toHaveLength(3));
    expect(fake.lines[0]).toMatchObject({ message: "request", method: "POST", route: "/v1/score-jobs", status: 202 }); // prettier-ignore
    const text = JSON.stringify(fake.lines);
    for (const secret of ["MKTAYIAKQR", "hunter2", authorization.slice(7)])
      expect(text).not.toContain(secret);
  });
});

test("the log of a process is JSON lines, keys in headers left out, below its level nothing", () => {
  const lines: string[] = [];
  const log = openLog({ logLevel: "info" }, { write: (line) => void lines.push(line) }); // prettier-ignore
  log.debug({}, "not this");
  log.info({ headers: { authorization: "Bearer ur_1", "x-api-key": "ur_2" }, secret: "ur_3" }, "this"); // prettier-ignore
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toContain("ur_");
  expect(JSON.parse(lines[0])).toMatchObject({ level: 30, msg: "this" });
});

describe("the server", () => {
  test("answers what is no HTTP with a problem and closes", async () => {
    const socket = connect(fake.server.port, "127.0.0.1");
    socket.end("EHLO there\r\n\r\n");
    let text = "";
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toContain("application/problem+json");
  });

  test("refuses a client that waits to send its body before it has sent it", async () => {
    const events: string[] = [];
    await new Promise<void>((resolve) => {
      const request = httpRequest(`${url}/v1/embedding-jobs`, {
        method: "POST",
        headers: { expect: "100-continue", "content-type": "application/json", "content-length": 100 }, // prettier-ignore
      });
      request.on("continue", () => events.push("continue"));
      request.on("response", (response) => {
        events.push(String(response.statusCode));
        request.destroy();
        resolve();
      });
      request.flushHeaders();
    });
    expect(events).toEqual(["401"]);
  });

  test("lets a client send its body that waits and may", async () => {
    const { authorization } = await fake.headers("jobs");
    const body = JSON.stringify({ sequences: ["MKT"] });
    const status = await new Promise((resolve) => {
      const request = httpRequest(`${url}/v1/embedding-jobs`, {
        method: "POST",
        headers: { authorization, expect: "100-continue", "content-type": "application/json", "content-length": body.length }, // prettier-ignore
      });
      request.on("continue", () => request.end(body));
      request.on("response", (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      request.flushHeaders();
    });
    expect(status).toBe(202);
  });

  test("drains: readiness fails first, what is in flight is answered, then connections are refused", async () => {
    const other = await startFake();
    const headers = await other.headers("jobs");
    const { ingest } = other.tasks;
    let began = () => {};
    const inFlight = new Promise<void>((resolve) => (began = resolve));
    other.tasks.ingest = async (params) => {
      began();
      await new Promise((resolve) => setTimeout(resolve, 1500));
      return ingest!(params);
    };
    const answer = fetch(`${other.server.url}/v1/embedding-jobs`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ sequences: ["MKT"] }),
    });
    await inFlight;
    const drained = other.server.drain(10);
    expect(other.api.draining.aborted).toBe(true);
    const ready = await fetch(`${other.server.url}/readyz`);
    expect([ready.status, ready.headers.get("connection")]).toEqual([503, "close"]); // prettier-ignore
    expect((await answer).status).toBe(202);
    const before = performance.now();
    await drained;
    expect(performance.now() - before).toBeLessThan(2000);
    await expect(fetch(`${other.server.url}/healthz`)).rejects.toThrow();
    await other.close();
  });

  test("ends at its deadline although a client hangs on", async () => {
    const other = await startFake();
    const headers = await other.headers("jobs");
    other.tasks.ingest = (_params, signal) =>
      new Promise((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason as Error));
      });
    const answer = fetch(`${other.server.url}/v1/embedding-jobs`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ sequences: ["MKT"] }),
    });
    answer.catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 200));
    const before = performance.now();
    await other.server.drain(1);
    expect(performance.now() - before).toBeLessThan(2000);
    await expect(answer).rejects.toThrow();
    await other.close();
  });
});
