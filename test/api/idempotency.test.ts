/** @file Idempotency-Key: one job for any number of the same request, whatever dies in between. */
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
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

let n = 0;
const newKey = () => `key-${++n}`;
const post = (key: string, body: object, headers = auth, path = "/v1/score-jobs") =>
  fetch(url + path, {
    method: "POST",
    headers: { ...headers, "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify(body),
  }); // prettier-ignore
const upload = (key: string, fasta: string, name = "x.fa", format = "csv") => {
  const body = new FormData();
  body.append("file", new Blob([fasta]), name);
  body.append("format", format);
  return fetch(`${url}/v1/score-jobs`, { method: "POST", headers: { ...auth, "idempotency-key": key }, body }); // prettier-ignore
};
const body = { sequences: ["MKT"] };
const idOf = async (response: Response) =>
  ((await response.json()) as { id: string }).id;
const jobs = () => fake.jobs.records.size;

describe("the same request with the same key", () => {
  test("is answered the same, and makes one job", async () => {
    const key = newKey();
    const before = jobs();
    const first = await post(key, body);
    const again = await post(key, body);
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(again.headers.get("idempotency-replayed")).toBe("true");
    expect(first.headers.get("idempotency-replayed")).toBeNull();
    expect(again.headers.get("location")).toBe(first.headers.get("location"));
    expect(await again.json()).toEqual(await first.json());
    expect(jobs()).toBe(before + 1);
  });

  test.each([
    ["JSON", (key: string) => post(key, body)],
    ["upload", (key: string) => upload(key, ">a\nMKT\n")],
  ])("sent 50 times at once as %s makes exactly one job; the others get it or 409 with Retry-After", async (_what, send) => {
    const key = newKey();
    const before = jobs();
    const answers = await Promise.all(Array.from({ length: 50 }, () => send(key)));
    const made = answers.filter(({ status }) => status === 202);
    const busy = answers.filter(({ status }) => status === 409);
    expect(made.length + busy.length).toBe(50);
    for (const { headers } of busy) expect(headers.get("retry-after")).toBe("2");
    expect(new Set(await Promise.all(made.map(idOf))).size).toBe(1);
    expect((await send(key)).status).toBe(202);
    expect(jobs()).toBe(before + 1);
  }); // prettier-ignore

  test("of another caller is another request", async () => {
    const key = newKey();
    const other = await fake.headers("jobs");
    const ids = [await idOf(await post(key, body)), await idOf(await post(key, body, other))]; // prettier-ignore
    expect(ids[0]).not.toBe(ids[1]);
  });

  test("after a refusal may be another request", async () => {
    const key = newKey();
    expect((await upload(key, ">a\nM1\n")).status).toBe(422);
    expect((await upload(key, ">a\nMK\n")).status).toBe(202);
  });

  test.each([
    ["before the job is queued", () => vi.spyOn(fake.jobs, "submit").mockRejectedValueOnce(new Error("away"))],
    ["after the job is queued, its answer lost", () => {
      const submit = fake.jobs.submit.bind(fake.jobs);
      vi.spyOn(fake.jobs, "submit").mockImplementationOnce(async (request) => {
        await submit(request);
        throw new Error("connection lost");
      });
    }],
  ])("after a failure %s makes one job", async (_what, fail) => {
    const key = newKey();
    const before = jobs();
    fail();
    expect((await post(key, body)).status).toBe(500);
    const response = await post(key, body);
    expect(response.status).toBe(202);
    expect(jobs()).toBe(before + 1);
    const id = await idOf(response);
    expect(await fake.service.storage.list(`jobs/${id}`)).toHaveLength(1);
  }); // prettier-ignore

  test("after the server died in between is taken over once its claim has run out, with the same id", async () => {
    const key = newKey();
    const before = jobs();
    const { store } = fake.service.backend;
    const inserted = vi.spyOn(store, "insert");
    const id = await idOf(await post(key, body));
    const [, recordId] = inserted.mock.calls.find(([kind]) => kind === "idempotency")!; // prettier-ignore
    // As it is when the process is killed after the job is queued, before its answer is kept.
    const died = (until: number) =>
      store.update("idempotency", recordId, (was) => ({ ...was, reply: null, until })); // prettier-ignore
    await died(Date.now() + 5000);
    expect((await post(key, body)).status).toBe(409);
    await died(Date.now() - 1);
    expect(await idOf(await post(key, body))).toBe(id);
    expect(jobs()).toBe(before + 1);
  });
});

describe("the same key", () => {
  test.each([
    ["another body", (key: string) => post(key, { sequences: ["MKV"] })],
    ["another option", (key: string) => post(key, { ...body, format: "h5" })],
    ["another path", (key: string) => post(key, body, auth, "/v1/embedding-jobs")],
    ["an upload", (key: string) => upload(key, ">seq-1\nMKT\n")],
  ])("with %s is refused", async (_what, send) => {
    const key = newKey();
    await post(key, body);
    const response = await send(key);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ type: "urn:unirep-ts:problem:key-reused" });
  }); // prettier-ignore

  test.each([
    ["another file", (key: string) => upload(key, ">a\nMKV\n")],
    ["another name", (key: string) => upload(key, ">a\nMKT\n", "y.fa")],
    ["another option", (key: string) => upload(key, ">a\nMKT\n", "x.fa", "h5")],
  ])("of an upload with %s is refused", async (_what, send) => {
    const key = newKey();
    expect((await upload(key, ">a\nMKT\n")).status).toBe(202);
    expect((await upload(key, ">a\nMKT\n")).status).toBe(202);
    expect((await send(key)).status).toBe(422);
  }); // prettier-ignore

  test.each(["", "a b", "é", "x".repeat(201)])(
    "must be one: %j",
    async (key) => {
      // prettier-ignore
      const response = await fetch(`${url}/v1/score-jobs`, {
      method: "POST",
      headers: { ...auth, "content-type": "application/json", "idempotency-key": key }, // prettier-ignore
      body: JSON.stringify(body),
    });
      expect(response.status).toBe(400);
    },
  );
});

test("a new API key is not kept for replays, and made once", async () => {
  const key = newKey();
  const wanted = { name: "n", scopes: ["jobs"] };
  const first = (await (await post(key, wanted, auth, "/v1/keys")).json()) as { key: string }; // prettier-ignore
  const again = await post(key, wanted, auth, "/v1/keys");
  expect(again.status).toBe(201);
  expect(await again.json()).toEqual({ ...first, key: null });
  const { items } = await fake.service.backend.store.list("idempotency", { limit: 100 }); // prettier-ignore
  expect(JSON.stringify(items)).not.toContain(first.key.split("_")[2]);
});
