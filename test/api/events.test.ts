/** @file A job's events over HTTP: what comes, in which order, from where, to whom, and when it ends. */
import { randomUUID } from "node:crypto";
import { request, type IncomingMessage } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chunksOf, readEventStream, type ServerEvent } from "../../src/api/client/event-stream.ts"; // prettier-ignore
import { startFake, type Fake } from "./fake-service.ts";

let fake: Fake;
let headers: Record<string, string>;
let owner: string;
beforeEach(async () => {
  fake = await startFake();
  headers = await fake.headers("jobs");
  owner = headers.authorization.split("_")[1];
});
afterEach(() => fake.close());

async function addJob(): Promise<string> {
  const id = randomUUID();
  const input = { key: `jobs/${id}/input.fasta`, sequences: 1, residues: 3, sha256: "b".repeat(64), ranges: [], warnings: [] }; // prettier-ignore
  const model = (await fake.service.models.find("unirep-ts-64", owner))!;
  const options = { precision: "f32", layers: ["h_avg"], perResidue: false, format: "npz" } as const; // prettier-ignore
  await fake.jobs.submit({ id, kind: "embed", owner, name: null, model, options, input }); // prettier-ignore
  return id;
}
const progress = (done: number) => ({ type: "progress", done, total: 100, residuesPerSecond: 10, etaSeconds: 100 - done }); // prettier-ignore

const open = (id: string, more: Record<string, string> = {}, signal?: AbortSignal) =>
  fetch(`${fake.server.url}/v1/jobs/${id}/events`, { headers: { ...headers, ...more }, ...(signal && { signal }) }); // prettier-ignore

/** Reads a whole stream, to its end. */
async function read(response: Response): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  for await (const event of readEventStream(chunksOf(response.body!), () => {}))
    events.push(event);
  return events;
}
const told = (events: readonly ServerEvent[]) =>
  events.map(({ event, data }) => {
    const { state, done } = JSON.parse(data) as { state?: string; done?: number }; // prettier-ignore
    return `${event} ${state ?? done}`;
  });

describe("a stream", () => {
  test("begins with the job, tells its log from the start and what comes, and ends with the job", async () => {
    const id = await addJob();
    await fake.jobs.set(id, { state: "running" });
    await fake.jobs.set(id, {}, progress(10));
    const response = await open(id);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    });
    const events = read(response);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await fake.jobs.set(id, {}, progress(50));
    await fake.jobs.set(id, { state: "succeeded" });
    expect(told(await events)).toEqual(["snapshot running", "state queued", "state running", "progress 10", "progress 50", "state succeeded", "snapshot succeeded"]); // prettier-ignore
    const ids = (await events).map((event) => event.id);
    expect(ids[0]).toBe("");
    expect(new Set(ids.slice(1)).size).toBe(5);
  });

  test("goes on after Last-Event-ID without a snapshot, and is 204 when nothing can come", async () => {
    const id = await addJob();
    await fake.jobs.set(id, {}, progress(10));
    await fake.jobs.set(id, {}, progress(20));
    await fake.jobs.set(id, { state: "failed" });
    const all = await read(await open(id));
    expect(told(all)).toEqual(["snapshot failed", "state queued", "progress 10", "progress 20", "state failed", "snapshot failed"]); // prettier-ignore
    const rest = await open(id, { "last-event-id": all[2].id });
    expect(told(await read(rest))).toEqual(["progress 20", "state failed", "snapshot failed"]); // prettier-ignore
    expect((await open(id, { "last-event-id": all[4].id })).status).toBe(204);
  });

  test("begins anew where events after Last-Event-ID are kept no more", async () => {
    const id = await addJob();
    const [{ id: last }] = await fake.jobs.events(id, null, 1);
    await fake.service.backend.store.removeEvents(id);
    await fake.jobs.set(id, { state: "cancelled" });
    const events = await read(await open(id, { "last-event-id": last }));
    expect(told(events)).toEqual(["snapshot cancelled", "state cancelled", "snapshot cancelled"]); // prettier-ignore
  });

  test("ends by the record where the log never told of the end", async () => {
    const id = await addJob();
    const response = await open(id);
    fake.jobs.records.set(id, { ...fake.jobs.records.get(id)!, state: "succeeded" }); // prettier-ignore
    expect(told(await read(response)).at(-1)).toBe("snapshot succeeded");
  });

  test("tells thousands of events whole and in order, to all watchers, wherever each began", async () => {
    const id = await addJob();
    for (let i = 1; i <= 1700; i++) await fake.jobs.set(id, {}, progress(i));
    const [first] = await fake.jobs.events(id, null, 1);
    const streams = await Promise.all([open(id), open(id), open(id, { "last-event-id": first.id })]); // prettier-ignore
    const all = Promise.all(streams.map(read));
    await fake.jobs.set(id, { state: "succeeded" });
    const numbers = Array.from({ length: 1700 }, (_, i) => `progress ${i + 1}`);
    for (const [i, events] of (await all).entries())
      expect(told(events)).toEqual([
        ...(i < 2 ? ["snapshot queued", "state queued"] : []),
        ...numbers,
        "state succeeded",
        "snapshot succeeded",
      ]);
  });

  test("ends when the server drains, so that the client asks another", async () => {
    const id = await addJob();
    const events = read(await open(id));
    await fake.server.drain(5);
    expect(told(await events)).not.toContain("snapshot succeeded");
  });

  test("survives a backend that is away for a moment", async () => {
    const id = await addJob();
    const events = fake.jobs.events.bind(fake.jobs);
    const stream = read(await open(id));
    let refused = 0;
    fake.jobs.events = () => (refused++, Promise.reject(new Error("away")));
    await expect.poll(() => refused).toBeGreaterThan(0);
    fake.jobs.events = events;
    await fake.jobs.set(id, { state: "succeeded" });
    expect(told(await stream)).toContain("state succeeded");
    expect(fake.lines.filter(({ level }) => level === "warn")).not.toEqual([]);
  });
});

describe("the poller", () => {
  test("asks for a job once a round however many watch, and rests when nobody does", async () => {
    const id = await addJob();
    const events = fake.jobs.events.bind(fake.jobs);
    let calls = 0;
    fake.jobs.events = (...args) => (calls++, events(...args));
    const gone = new AbortController();
    await Promise.all(Array.from({ length: 10 }, () => open(id, {}, gone.signal))); // prettier-ignore
    await new Promise((resolve) => setTimeout(resolve, 400));
    calls = 0;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(calls).toBeGreaterThan(1);
    expect(calls).toBeLessThan(8);
    gone.abort();
    await new Promise((resolve) => setTimeout(resolve, 500));
    calls = 0;
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect(calls).toBe(0);
  });

  test("sends no more to a client that does not read, and loses nothing of its stream", async () => {
    const id = await addJob();
    const text = "x".repeat(200_000);
    for (let i = 0; i < 100; i++) await fake.jobs.set(id, {}, { ...progress(i), text }); // prettier-ignore
    const response = await new Promise<IncomingMessage>((resolve) => {
      request(`${fake.server.url}/v1/jobs/${id}/events`, { headers }, resolve).end(); // prettier-ignore
    });
    response.pause();
    await fake.jobs.set(id, { state: "running" });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    for (let i = 100; i < 110; i++) await fake.jobs.set(id, {}, progress(i));
    await fake.jobs.set(id, { state: "succeeded" });
    const seen: string[] = [];
    for await (const event of readEventStream(
      response as AsyncIterable<Uint8Array>,
      () => {},
    ))
      // prettier-ignore
      if (event.event === "progress") seen.push(event.data);
    expect(seen.map((data) => (JSON.parse(data) as { done: number }).done)).toEqual(Array.from({ length: 110 }, (_, i) => i)); // prettier-ignore
  });
});

describe("a request for events", () => {
  test("of another's job or of none is 404", async () => {
    const id = await addJob();
    const other = await fake.headers("jobs");
    expect((await open(id, other)).status).toBe(404);
    expect((await open(randomUUID())).status).toBe(404);
    expect((await open("..%2f..")).status).toBe(404);
  });

  test("with an id that no stream gave is refused", async () => {
    const id = await addJob();
    const response = await open(id, { "last-event-id": "1; DROP" });
    expect(response.status).toBe(400);
  });

  test("beyond the streams that a key may have is refused until one ends", async () => {
    const id = await addJob();
    const first = new AbortController();
    await open(id, {}, first.signal);
    for (let i = 1; i < 32; i++) await open(id);
    const refused = await open(id);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "10"]); // prettier-ignore
    first.abort();
    await expect.poll(async () => (await open(id)).status).toBe(200);
  });
});
