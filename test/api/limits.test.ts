/** @file Limits of keys and of the service: requests a minute, residues a day, waiting jobs. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { startFake, type Fake } from "./fake-service.ts";

let fake: Fake | undefined;
afterEach(async () => {
  await fake?.close();
  fake = undefined;
});

const post = (headers: Record<string, string>, sequence = "MKT") =>
  fetch(`${fake!.server.url}/v1/score-jobs`, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json" },
    body: JSON.stringify({ sequences: [sequence] }),
  });
const jobs = (headers: Record<string, string> = {}) =>
  fetch(`${fake!.server.url}/v1/jobs`, { headers });

describe("requests a minute", () => {
  test("are counted for each key, shown, and refused beyond the limit with Retry-After", async () => {
    fake = await startFake({ requestsPerMinute: "3" });
    const [a, b] = [await fake.headers("jobs"), await fake.headers("jobs")];
    const first = await jobs(a);
    expect(first.headers.get("ratelimit-policy")).toContain("q=3; w=60");
    expect(first.headers.get("ratelimit")).toContain("r=2");
    await jobs(a);
    await jobs(a);
    const refused = await jobs(a);
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({ type: "urn:unirep-ts:problem:rate-limited" }); // prettier-ignore
    const wait = Number(refused.headers.get("retry-after"));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    expect((await jobs(b)).status).toBe(200);
    expect((await fetch(`${fake.server.url}/healthz`)).status).toBe(200);
  });

  test("of callers without a key are counted by address", async () => {
    fake = await startFake({ requestsPerMinute: "2" });
    const statuses = [await jobs(), await jobs({ "x-api-key": "guess" }), await jobs()]; // prettier-ignore
    expect(statuses.map(({ status }) => status)).toEqual([401, 401, 429]);
    expect((await jobs(await fake.headers("jobs"))).status).toBe(200);
  });

  test("believe X-Forwarded-For only behind as many proxies as configured", async () => {
    fake = await startFake({ requestsPerMinute: "1" });
    const from = (address: string) => jobs({ "x-forwarded-for": address });
    await from("192.0.2.1");
    expect((await from("192.0.2.2")).status).toBe(429);
    await fake.close();
    fake = await startFake({ requestsPerMinute: "1", trustProxy: "1" });
    await from("192.0.2.1");
    expect((await from("192.0.2.2")).status).toBe(401);
    expect((await from("192.0.2.1")).status).toBe(429);
  });
});

describe("residues a day", () => {
  test("are counted for each key; a job beyond them is refused and counts for nothing", async () => {
    fake = await startFake({ residuesPerDay: "10" });
    const [a, b] = [await fake.headers("jobs"), await fake.headers("jobs")];
    expect((await post(a, "MMMMMM")).status).toBe(202);
    const refused = await post(a, "MMMMMM");
    expect(refused.status).toBe(429);
    expect(refused.headers.get("retry-after")).toBe("3600");
    expect(await refused.json()).toMatchObject({ type: "urn:unirep-ts:problem:quota-exceeded" }); // prettier-ignore
    expect(await fake.service.storage.list("jobs")).toHaveLength(1);
    expect((await post(a, "MMMM")).status).toBe(202);
    expect((await post(b, "MMMMMM")).status).toBe(202);
  });

  test("that are used up refuse a job before it is read", async () => {
    fake = await startFake({ residuesPerDay: "3" });
    const headers = await fake.headers("jobs");
    expect((await post(headers)).status).toBe(202);
    const ingest = vi.fn(fake.tasks.ingest);
    fake.tasks.ingest = ingest;
    expect((await post(headers)).status).toBe(429);
    expect(ingest).not.toHaveBeenCalled();
  });
});

test("jobs are refused while too many wait, before they are read; looking at them is not", async () => {
  fake = await startFake({ maxQueuedJobs: "8" });
  const headers = await fake.headers("jobs");
  fake.jobs.waiting = 2;
  const refused = await post(headers);
  expect(refused.status).toBe(503);
  expect(refused.headers.get("retry-after")).toBe("30");
  expect(await refused.json()).toMatchObject({ type: "urn:unirep-ts:problem:overloaded" }); // prettier-ignore
  expect((await jobs(headers)).status).toBe(200);
  fake.jobs.waiting = 1;
  await vi.waitFor(async () => expect((await post(headers)).status).toBe(202));
});

test("depth is asked for a few times a second at most, however many jobs come", async () => {
  fake = await startFake();
  const headers = await fake.headers("jobs");
  const depth = vi.spyOn(fake.jobs, "depth");
  const began = performance.now();
  await Promise.all(Array.from({ length: 100 }, () => post(headers)));
  const most = Math.ceil((performance.now() - began) / 250) + 1;
  expect(depth.mock.calls.length).toBeLessThanOrEqual(most);
});
