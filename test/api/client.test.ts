/** @file The client against a real server: what it asks for, what it makes of failures, and what it can be trusted to repeat. */
import { randomBytes, randomUUID } from "node:crypto";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { build } from "esbuild";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UnirepClient, UnirepError, type WatchedEvent } from "../../src/api/client/index.ts"; // prettier-ignore
import { readEventStream, type ServerEvent } from "../../src/api/client/event-stream.ts"; // prettier-ignore
import { startFake, units, type Fake } from "./fake-service.ts";

let fake: Fake;
let key: string;
let client: UnirepClient;
beforeAll(async () => {
  fake = await startFake();
  key = await fake.key("embed", "jobs", "models");
  client = new UnirepClient({ url: fake.server.url, key });
});
afterAll(() => fake.close());

type Fetch = typeof globalThis.fetch;
/** A client whose n-th request (from 0) is answered by `answer`, where that gives something. */
function clientWith(
  answer: (n: number, url: string, real: () => Promise<Response>) => Promise<Response> | Response | null, // prettier-ignore
  retries?: number,
) {
  const sent: { readonly url: string; readonly headers: Headers }[] = [];
  const through: Fetch = async (input, init) => {
    const url = input as string;
    sent.push({ url, headers: new Headers(init?.headers) });
    const real = () => globalThis.fetch(url, init);
    return (await answer(sent.length - 1, url, real)) ?? real();
  };
  const flaky = new UnirepClient({ url: fake.server.url, key, fetch: through, retries }); // prettier-ignore
  return { flaky, sent };
}
const refused = (status: number, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify({ title: "no", detail: "not now", status }), { status, headers }); // prettier-ignore
const unreachable = () => Promise.reject(new TypeError("fetch failed"));
const vector = (length: number, layer = 0, n = units) =>
  Array.from({ length: n }, (_, i) => length + layer / 4 + i / 64);
const inputOf = async (id: string) => {
  const stream = await fake.service.storage.read(`jobs/${id}/input.fasta`);
  return Buffer.concat((await stream.toArray()) as Buffer[]).toString();
};
async function finish(id: string, content: Uint8Array = Buffer.from("data")) {
  const key = `jobs/${id}/result.npz`;
  const { bytes, sha256 } = await fake.service.storage.write(key, content);
  await fake.jobs.set(id, { state: "succeeded", result: { key, format: "npz", bytes, sha256, summary: {} } }); // prettier-ignore
}

describe("embed", () => {
  test("gives matrices of the layers asked for", async () => {
    const { ids, lengths, layers, perResidue, model } = await client.embed(["MKT", { id: "x", sequence: "AC" }], { layers: ["h_avg", "c_final"], perResidue: true }); // prettier-ignore
    expect({ ids, lengths, units: model.units }).toEqual({ ids: ["1", "x"], lengths: [3, 2], units }); // prettier-ignore
    expect(Object.keys(layers)).toEqual(["h_avg", "c_final"]);
    expect([...layers.h_avg!]).toEqual([...vector(3), ...vector(2)]);
    expect([...layers.c_final!]).toEqual([...vector(3, 2), ...vector(2, 2)]);
    expect(perResidue.map((m) => [...m])).toEqual([vector(3, 3, 4 * units), vector(2, 3, 3 * units)]); // prettier-ignore
    const one = await client.embed("MKT");
    expect([...one.layers.h_avg!]).toEqual(vector(3));
    expect(one.perResidue).toEqual([]);
  });

  test("tells what the service refuses, with every fault", async () => {
    const error = await client.embed(["MKT", "M1"]).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(UnirepError);
    const { status, problem, message } = error as UnirepError;
    expect([status, problem?.errors?.[0]]).toMatchObject([422, { pointer: "/input/1", column: 2 }]); // prettier-ignore
    expect(message).toMatch(/^POST \/v1\/embeddings: 422: api: .*"1"/);
  });
});

describe("a submission", () => {
  const text = ">a\nMKT\n>b\nACD\n";
  const two = ["MKT", "ACD"];
  test.each<[string, () => Parameters<UnirepClient["submitEmbedding"]>[0], string]>([
    ["one sequence", () => "MKT", ">seq-1\nMKT\n"],
    ["a list", () => two, ">seq-1\nMKT\n>seq-2\nACD\n"],
    ["records", () => [{ id: "a", sequence: "MKT" }, { id: "b", sequence: "ACD" }], text],
    ["a blob", () => new Blob([text]), text],
    ["a file", () => new File([text], "in.fa"), text],
    ["files", () => [new File([">a\nMKT\n"], "1.fa"), new File([">b\nACD\n"], "2.fa")], text],
    ["a stream", () => new Blob([text]).stream(), text],
  ])("of %s arrives as it is", async (_, input, expected) => {
    const job = await client.submitEmbedding(input(), { name: "run", layers: ["h_final"], perResidue: false, format: "h5" });
    expect(job).toMatchObject({ kind: "embed", name: "run", state: "queued", options: { layers: ["h_final"], format: "h5" } });
    expect(await inputOf(job.id)).toBe(expected);
  }); // prettier-ignore

  test("goes to its kind with its settings, by form and by JSON", async () => {
    for (const input of ["MKT", new Blob([">a\nMKT\n"])]) {
      const jobs = [
        await client.submitScore(input, { precision: "int8", perResidue: true }), // prettier-ignore
        await client.submitEvotuning(input, { modelName: "mine", trials: 2, epochs: { low: 1, high: 3 } }), // prettier-ignore
        await client.submitSampling(input, { steps: 7, trustRadius: null }),
      ];
      expect(jobs.map(({ kind }) => kind)).toEqual(["score", "evotune", "sample"]); // prettier-ignore
      expect(jobs.map(({ options }) => options)).toMatchObject([
        { precision: "int8", perResidue: true },
        { modelName: "mine", trials: 2, epochs: { low: 1, high: 3 } },
        { steps: 7, trustRadius: null },
      ]);
    }
  });

  test("too large for JSON goes as a file, with the same names; what could not be one is refused here", async () => {
    const sequence = "ACDEFGHIKLMNPQRSTVWY".repeat(10);
    const many = Array.from({ length: 6000 }, () => sequence);
    const job = await client.submitScore(many);
    const lines = (await inputOf(job.id)).split("\n");
    expect([lines.length, lines[0], lines[11_998]]).toEqual([12_001, ">seq-1", ">seq-6000"]); // prettier-ignore
    for (const bad of ["MKT\n>x\nMKT", ""])
      await expect(async () => client.submitScore([...many, bad])).rejects.toThrow(/sequence 6001/); // prettier-ignore
  });

  test("whose answer is lost is made once", async () => {
    const { flaky, sent } = clientWith((n, _, real) => (n < 2 ? real().then(unreachable) : null)); // prettier-ignore
    const before = fake.jobs.records.size;
    const job = await flaky.submitEmbedding(new Blob([">a\nMKT\n"]));
    expect(fake.jobs.records.size).toBe(before + 1);
    expect(fake.jobs.records.has(job.id)).toBe(true);
    expect(new Set(sent.map(({ headers }) => headers.get("idempotency-key"))).size).toBe(1); // prettier-ignore
    expect(sent).toHaveLength(3);
    const again = await client.submitEmbedding("MKT");
    expect(again.id).not.toBe(job.id);
  });

  test("with a key of the caller's finds the first of another run", async () => {
    const idempotencyKey = randomUUID();
    const first = await client.submitScore("MKT", {}, { idempotencyKey });
    const second = await client.submitScore("MKT", {}, { idempotencyKey });
    expect(second.id).toBe(first.id);
  });

  test("from a stream is not repeated", async () => {
    const { flaky, sent } = clientWith(unreachable);
    await expect(flaky.submitScore(new Blob([">a\nMKT\n"]).stream())).rejects.toThrow("no answer: fetch failed"); // prettier-ignore
    expect(sent).toHaveLength(1);
  });
});

describe("a request", () => {
  test.each<[string, () => Response | Promise<Response>]>([
    ["429", () => refused(429, { "retry-after": "0" })],
    ["503", () => refused(503)],
    ["503 until a date", () => refused(503, { "retry-after": new Date().toUTCString() })],
    ["502 of a proxy", () => new Response("<html>Bad gateway</html>", { status: 502 })],
    ["no answer", unreachable],
    ["half an answer", () => new Response(new ReadableStream({ start: (to) => to.error(new TypeError("terminated")) }))],
  ])("answered with %s is repeated", async (_, answer) => {
    const { flaky, sent } = clientWith((n) => (n < 2 ? answer() : null));
    expect((await flaky.embed("MKT")).lengths).toEqual([3]);
    expect(sent).toHaveLength(3);
  }); // prettier-ignore

  test("waits as long as it is told to", async () => {
    const { flaky } = clientWith((n) => n === 0 ? refused(429, { "retry-after": "1" }) : null); // prettier-ignore
    const began = performance.now();
    await flaky.embed("MKT");
    expect(performance.now() - began).toBeGreaterThan(990);
  });

  test.each([
    [400, {}],
    [409, { "retry-after": "1" }],
    [422, {}],
    [500, {}],
    [429, { "retry-after": "3600" }],
  ])("answered with %i %j is not repeated", async (status, headers) => {
    const { flaky, sent } = clientWith(() => refused(status, headers)); // prettier-ignore
    const error = await flaky.embed("MKT").catch((e: unknown) => e);
    expect(error).toMatchObject({ name: "UnirepError", status, problem: { detail: "not now" } }); // prettier-ignore
    expect(sent).toHaveLength(1);
  });

  test("is given up after the repetitions asked for", async () => {
    const { flaky, sent } = clientWith(() => refused(503, { "retry-after": "0" }), 2); // prettier-ignore
    await expect(flaky.job("x")).rejects.toThrow("GET /v1/jobs/x: 503: not now"); // prettier-ignore
    expect(sent).toHaveLength(3);
  });

  test("is left at once by who aborts, also while it waits", async () => {
    const { flaky } = clientWith(() => refused(503, { "retry-after": "60" }));
    const reason = new Error("enough");
    const abort = new AbortController();
    const asked = flaky.embed("MKT", { signal: abort.signal });
    setTimeout(() => abort.abort(reason), 50);
    await expect(asked).rejects.toBe(reason);
    await expect(client.job("x", { signal: abort.signal })).rejects.toBe(reason); // prettier-ignore
  });
});

describe("jobs", () => {
  test("are looked at, cancelled and listed page after page", async () => {
    const own = new UnirepClient({ url: `${fake.server.url}/`, key: await fake.key("jobs") }); // prettier-ignore
    const ids: string[] = [];
    for (let i = 0; i < 105; i++) ids.unshift((await own.submitScore("MKT")).id); // prettier-ignore
    const listed: string[] = [];
    for await (const { id } of own.jobs()) listed.push(id);
    expect(listed).toEqual(ids);
    expect((await own.cancel(ids[0])).state).toBe("cancelled");
    expect((await own.job(ids[0])).state).toBe("cancelled");
    const cancelled: string[] = [];
    for await (const { id } of own.jobs({ state: "cancelled", kind: "score" })) cancelled.push(id); // prettier-ignore
    expect(cancelled).toEqual([ids[0]]);
    await expect(client.job(ids[0])).rejects.toMatchObject({ status: 404 });
  });
});

/** A TCP proxy to the server whose connections can be cut. */
async function openProxy() {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(fake.server.port, "127.0.0.1");
    for (const [a, b] of [[near, far], [far, near]] as const) {
      sockets.add(a);
      a.on("error", () => {}).on("close", () => b.destroy());
      a.pipe(b);
    } // prettier-ignore
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut() {
      for (const socket of sockets) socket.destroy();
      sockets.clear();
    },
    close() {
      this.cut();
      server.close();
    },
  };
}

const progress = (done: number) => ({ type: "progress", done, total: 9, residuesPerSecond: null, etaSeconds: null }); // prettier-ignore
const told = (events: readonly WatchedEvent[]) =>
  events.map((e) => e.type === "snapshot" ? `job ${e.job.state}` : e.type === "progress" ? e.done : e.type === "state" ? e.state : e.type); // prettier-ignore

describe("wait", () => {
  test("tells every event once, in order, although the connection is cut again and again", async () => {
    const proxy = await openProxy();
    try {
      const far = new UnirepClient({ url: proxy.url, key });
      const { id } = await far.submitEmbedding("MKT");
      const events: WatchedEvent[] = [];
      const waiting = far.wait(id, { onEvent: (event) => events.push(event) });
      await expect.poll(() => told(events)).toContain("queued");
      for (const done of [1, 2, 3]) {
        await fake.jobs.set(id, {}, progress(done));
        if (done === 2) await expect.poll(() => told(events), { timeout: 5000 }).toContain(done); // prettier-ignore
        proxy.cut();
      }
      await fake.jobs.set(id, { state: "succeeded" });
      expect(await waiting).toMatchObject({ id, state: "succeeded" });
      expect(told(events)).toEqual(["job queued", "queued", 1, 2, 3, "succeeded", "job succeeded"]); // prettier-ignore
    } finally {
      proxy.close();
    }
  });

  test.each<[string, () => Response]>([
    ["a page", () => new Response("<html>", { headers: { "content-type": "text/html" } })],
    ["a refusal of more streams", () => refused(429, { "retry-after": "3600" })],
    ["streams that say nothing", () => new Response("retry: 10\n\n", { headers: { "content-type": "text/event-stream" } })],
  ])("asks for the job instead where %s comes for its events", async (_, answer) => {
    const { flaky } = clientWith((_n, url) => (url.endsWith("/events") ? answer() : null));
    const { id } = await client.submitEmbedding("MKT");
    const events: WatchedEvent[] = [];
    const waiting = flaky.wait(id, { onEvent: (event) => events.push(event) });
    await fake.jobs.set(id, { state: "failed" });
    expect((await waiting).state).toBe("failed");
    expect(told(events).at(-1)).toBe("job failed");
  }); // prettier-ignore

  test("for a job that has ended returns it at once", async () => {
    const { id } = await client.submitEmbedding("MKT");
    await client.cancel(id);
    expect((await client.wait(id)).state).toBe("cancelled");
  });

  test("outlives a service that is away for a while", async () => {
    const { id } = await client.submitEmbedding("MKT");
    await fake.jobs.set(id, { state: "succeeded" });
    const { flaky, sent } = clientWith((n) => (n < 3 ? unreachable() : null), 0); // prettier-ignore
    expect((await flaky.wait(id)).state).toBe("succeeded");
    expect(sent.length).toBeGreaterThan(3);
  }, 20_000);

  test("rejects for a job that is not there, for who aborts, and for a hearer that fails", async () => {
    await expect(client.wait(randomUUID())).rejects.toMatchObject({ status: 404 }); // prettier-ignore
    const { id } = await client.submitEmbedding("MKT");
    const abort = new AbortController();
    const reason = new Error("enough");
    setTimeout(() => abort.abort(reason), 200);
    await expect(client.wait(id, { signal: abort.signal })).rejects.toBe(reason); // prettier-ignore
    const fault = new TypeError("hearer");
    await expect(client.wait(id, { onEvent: () => { throw fault; } })).rejects.toBe(fault); // prettier-ignore
  });
});

describe("result", () => {
  const content = randomBytes(3_000_000);

  test("is a stream or bytes, in the format asked for", async () => {
    const { id } = await client.submitEmbedding("MKT");
    await expect(client.result(id)).rejects.toMatchObject({ status: 409, problem: { detail: expect.stringContaining("queued") as string } }); // prettier-ignore
    await finish(id, content);
    const result = await client.result(id, { format: "npz" });
    expect(result).toMatchObject({ mediaType: "application/x-npz", name: `${id}.npz`, size: content.length }); // prettier-ignore
    const chunks: Uint8Array[] = [];
    for await (const chunk of result.stream) chunks.push(chunk);
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
    await expect(client.result(id, { format: "study" })).rejects.toMatchObject({ status: 422 }); // prettier-ignore
  });

  test("goes on where the connection was cut, and only with the same file", async () => {
    const proxy = await openProxy();
    try {
      // More than all the buffers on the way hold.
      const large = randomBytes(40_000_000);
      const ranges: string[] = [];
      const far = new UnirepClient({
        url: proxy.url,
        key,
        fetch: (input, init) => {
          ranges.push(new Headers(init?.headers).get("range") ?? "");
          return fetch(input, init);
        },
      });
      const { id } = await client.submitEmbedding("MKT");
      await finish(id, large);
      const reader = (await far.result(id)).stream.getReader();
      const chunks: Uint8Array[] = [];
      const cuts = [1, 20_000_000];
      for (let had = 0; ; had = chunks.reduce((n, c) => n + c.length, 0)) {
        if (had >= cuts[0]) {
          cuts.shift();
          proxy.cut();
        }
        const { done, value } = await reader.read();
        if (done) break;
        chunks.push(value);
      }
      expect(Buffer.concat(chunks).equals(large)).toBe(true);
      expect(ranges).toEqual(["", expect.stringMatching(/^bytes=\d+-$/), expect.stringMatching(/^bytes=\d+-$/)]); // prettier-ignore

      const other = (await far.result(id)).stream.getReader();
      await other.read();
      await finish(id, content);
      proxy.cut();
      await expect((async () => { while (!(await other.read()).done); })()).rejects.toThrow("the file changed"); // prettier-ignore
    } finally {
      proxy.close();
    }
  });

  test("is left by who cancels the stream or aborts", async () => {
    const { id } = await client.submitEmbedding("MKT");
    await finish(id, content);
    await (await client.result(id)).stream.cancel();
    const abort = new AbortController();
    const { stream } = await client.result(id, { signal: abort.signal });
    const reason = new Error("enough");
    abort.abort(reason);
    await expect(new Response(stream).arrayBuffer()).rejects.toBe(reason);
  });
});

test("models are uploaded once, listed, downloaded and removed", async () => {
  const weights = new Blob([randomBytes(1000)]);
  const { flaky } = clientWith((n, _, real) => (n === 0 ? real().then(unreachable) : null)); // prettier-ignore
  const model = await flaky.uploadModel(weights, { id: "mine", licence: "CC0-1.0" }); // prettier-ignore
  expect(model).toMatchObject({ id: "mine", licence: "CC0-1.0" });
  expect((await client.models()).map(({ id }) => id)).toContain("mine");
  expect((await client.model("mine")).sha256).toBe(model.sha256);
  await fake.service.storage.write(`models/${model.sha256}.safetensors`, new Uint8Array(await weights.arrayBuffer())); // prettier-ignore
  const file = await client.modelWeights("mine");
  expect(file.name).toBe("mine.safetensors");
  expect(Buffer.from(await file.bytes())).toEqual(Buffer.from(await weights.arrayBuffer())); // prettier-ignore
  await client.removeModel("mine");
  await expect(client.model("mine")).rejects.toMatchObject({ status: 404 });
});

test("the client has no code of the server's, and none of Node's", async () => {
  const entryPoints = ["src/api/client/index.ts"];
  const { metafile } = await build({ entryPoints, bundle: true, write: false, metafile: true, platform: "browser", format: "esm" }); // prettier-ignore
  for (const file of Object.keys(metafile.inputs))
    expect(file).toMatch(/^src\/api\/(client\/|wire\.ts$)/);
});

describe("an event stream", () => {
  const parse = async (chunks: readonly Uint8Array[]) => {
    const retries: number[] = [];
    const events: ServerEvent[] = [];
    async function* stream() {
      for (const chunk of chunks) yield await Promise.resolve(chunk);
    }
    for await (const event of readEventStream(stream(), (ms) =>
      retries.push(ms),
    ))
      // prettier-ignore
      events.push(event);
    return { events, retries };
  };
  const event = (data: string, id = "", name = "message") => ({ event: name, data, id }); // prettier-ignore

  test.each([
    ["data: a\n\n", [event("a")]],
    ["\uFEFFdata:a\r\n\r\n", [event("a")]],
    ["data: a\rdata:  b\r\r", [event("a\n b")]],
    [": comment\nid: 1\nevent: x\ndata\n\ndata: b\n\n", [event("", "1", "x"), event("b", "1")]],
    ["id: 1\n\ndata: a\nid: 2\u0000\n\n", [event("a", "1")]],
    ["data: whole\n\ndata: torn", [event("whole")]],
    ["data: é✓\n\nunknown: field\n\n", [event("é✓")]],
    ["event: x\n\n", []],
    ["data: a\n\r\n", [event("a")]],
  ])("%j is %j, however its bytes are cut", async (text, expected) => {
    const bytes = Buffer.from(text);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length)), async (places) => {
        const cuts = [0, ...places.sort((a, b) => a - b), bytes.length];
        const chunks = cuts.slice(1).map((end, i) => bytes.subarray(cuts[i], end));
        expect((await parse(chunks)).events).toEqual(expected);
      }),
      { numRuns: 50 },
    );
  }); // prettier-ignore

  test("tells how long to wait before a new one", async () => {
    expect((await parse([Buffer.from("retry: 10\nretry: x\n\n")])).retries).toEqual([10]); // prettier-ignore
  });
});
