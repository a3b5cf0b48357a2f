/** @file Embeddings answered at once: forms of input and answer, faults, limits, clients that leave. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readNpy } from "../../src/unirep/weights/npy.ts";
import type { Represented } from "../../src/workers/index.ts";
import { startFake, units, type Fake } from "./fake-service.ts";

let fake: Fake;
let headers: Record<string, string>;
beforeAll(async () => {
  fake = await startFake({ maxRequestSequences: "4", maxRequestResidues: "100", maxWaitingResidues: "150", maxLength: "60", residuesPerDay: "100000" }); // prettier-ignore
  headers = await fake.headers("embed");
});
afterAll(() => fake.close());

const post = (body: unknown, more: RequestInit & { path?: string } = {}) =>
  fetch(fake.server.url + (more.path ?? "/v1/embeddings"), {
    ...more,
    method: "POST",
    headers: { ...headers, "content-type": "application/json", ...(more.headers as object) }, // prettier-ignore
    body: JSON.stringify(body),
  });
/** What the fake engine gives for a sequence of `length` residues. */
const vector = (length: number, layer = 0, n = units) =>
  Array.from({ length: n }, (_, i) => length + layer / 4 + i / 64);
const floats = (base64: string) => {
  const bytes = Buffer.from(base64, "base64");
  return [...new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))]; // prettier-ignore
};

interface Answer {
  readonly data: readonly Record<string, unknown>[];
  readonly [name: string]: unknown;
}
interface Fault {
  readonly type: string;
  readonly detail: string;
  readonly errors?: readonly { pointer: string; column?: number }[];
}
const json = async <T>(response: Response) => (await response.json()) as T;

describe("POST /v1/embeddings", () => {
  test.each([
    ["one sequence", "mkt", [["1", 3]]],
    ["a list", ["MKT", "AC*"], [["1", 3], ["2", 2]]],
    ["records", [{ id: "a", sequence: "MKT" }, { id: "b b", sequence: "A C\nD" }], [["a", 3], ["b b", 3]]],
    ["both", [{ id: "a", sequence: "MKT" }, "acdef"], [["a", 3], ["2", 5]]],
  ] as const)("takes %s and answers in order", async (_, input, expected) => {
    const response = await post({ input });
    expect(response.status).toBe(200);
    const { data, ...rest } = await json<Answer>(response);
    expect(data).toEqual(expected.map(([id, length], index) => ({ index, id, length, h_avg: vector(length) })));
    const residues = expected.reduce((sum, [, length]) => sum + length, 0);
    expect(rest).toMatchObject({
      model: { id: "unirep-ts-64", sha256: "a".repeat(64), licence: "Apache-2.0", units },
      precision: "f32",
      encoding_format: "float",
      usage: { sequences: expected.length, residues },
    });
    expect(response.headers.get("unirep-residues")).toBe(String(residues));
  }); // prettier-ignore

  test("gives the layers asked for, per-residue states, as floats or as base64 of the same values", async () => {
    const body = { input: ["MKTAY", "AC"], layers: ["c_final", "h_avg"], per_residue: true }; // prettier-ignore
    const asFloats = await json<Answer>(await post(body));
    const asBase64 = await json<Answer>(await post({ ...body, encoding_format: "base64" })); // prettier-ignore
    for (const [i, length] of [5, 2].entries()) {
      const { c_final, h_avg, per_residue, h_final } = asFloats.data[i];
      expect(c_final).toEqual(vector(length, 2));
      expect(h_avg).toEqual(vector(length));
      expect(h_final).toBeUndefined();
      expect(per_residue).toHaveLength(length + 1);
      expect((per_residue as number[][]).flat()).toEqual(vector(length, 3, (length + 1) * units)); // prettier-ignore
      const encoded = asBase64.data[i];
      expect(floats(encoded.c_final as string)).toEqual(c_final);
      expect(floats(encoded.per_residue as string)).toEqual((per_residue as number[][]).flat()); // prettier-ignore
    }
  });

  test("is a .npy for whom asks for one: a row a sequence, layers side by side", async () => {
    const response = await post({ input: ["MKT", "ACDEF"], layers: ["h_avg", "h_final"] }, { headers: { accept: "application/x-npy" } }); // prettier-ignore
    expect(response.headers.get("content-type")).toBe("application/x-npy");
    expect(response.headers.get("unirep-model-licence")).toBe("Apache-2.0");
    const { shape, data } = readNpy(Buffer.from(await response.arrayBuffer()));
    expect(shape).toEqual([2, 2 * units]);
    expect([...data]).toEqual([3, 5].flatMap((n) => [...vector(n), ...vector(n, 1)])); // prettier-ignore
  });

  test("is the (L + 1, n) matrix of one sequence as a per-residue .npy", async () => {
    const npy = { headers: { accept: "application/x-npy" } };
    const response = await post({ input: ["MKT"], per_residue: true }, npy);
    const { shape, data } = readNpy(Buffer.from(await response.arrayBuffer()));
    expect([shape, [...data]]).toEqual([[4, units], vector(3, 3, 4 * units)]);
    for (const [more, pointer] of [[{ input: ["A", "C"] }, "/input"], [{ input: "A", layers: ["h_avg"] }, "/layers"]] as const) {
      const refused = await post({ per_residue: true, ...more }, npy);
      expect([refused.status, (await json<Fault>(refused)).errors?.[0].pointer]).toEqual([422, pointer]);
    } // prettier-ignore
  });

  test("is written whole where it is larger than a block, with the same values", async () => {
    const wide = { ...(await fake.service.models.find("unirep-ts-64", "")), units: 40_000 }; // prettier-ignore
    const find = fake.service.models.find.bind(fake.service.models);
    const { represent } = fake.tasks;
    const values = Float32Array.from({ length: wide.units }, (_, i) => Math.sin(i)); // prettier-ignore
    const one: Represented = { hAvg: values, hFinal: values, cFinal: values };
    fake.service.models.find = () => Promise.resolve(wide as never);
    fake.tasks.represent = ({ sequences }) => Promise.resolve(sequences.map(() => one)); // prettier-ignore
    try {
      const { data } = await json<Answer>(await post({ input: ["A", "C"] }));
      for (const entry of data)
        expect(Float32Array.from(entry.h_avg as number[])).toEqual(values);
    } finally {
      fake.service.models.find = find;
      if (represent) fake.tasks.represent = represent;
    }
  });

  test.each([
    [{ input: ["MKT", "M-T", "", "AB1"] }, [["/input/1", 2], ["/input/2", 1], ["/input/3", 3]]],
    [{ input: "MK T1" }, [["/input", 5]]],
    [{ input: [{ id: "x", sequence: "MKT" }, { id: "y", sequence: "M*T" }] }, [["/input/1/sequence", 2]]],
    [{ input: "A".repeat(61) }, [["/input", undefined]]],
    [{ input: [] }, [["/input", undefined]]],
    [{ input: 5 }, [["/input", undefined]]],
    [{ input: "A", model: "no-such" }, [["/model", undefined]]],
    [{ input: "A", layers: ["h_avg", "h_avg"] }, [["/layers", undefined]]],
    [{ input: "A", layers: [] }, [["/layers", undefined]]],
    [{ input: "A", precision: "f16" }, [["/precision", undefined]]],
    [{ input: "A", perResidue: true }, [["/perResidue", undefined]]],
  ])("refuses %j, points at every fault, and computes nothing", async (body, faults) => {
    const run = fake.tasks.represent;
    delete fake.tasks.represent;
    const response = await post(body).finally(() => run && (fake.tasks.represent = run));
    expect(response.status).toBe(422);
    const problem = await json<Fault>(response);
    expect(problem.errors?.map(({ pointer, column }) => [pointer, column])).toEqual(faults);
  }); // prettier-ignore

  test.each([
    ["sequences", { input: ["A", "A", "A", "A", "A"] }],
    ["residues", { input: ["A".repeat(60), "A".repeat(41)] }],
  ])("refuses more %s than one request may have, and names the way", async (what, body) => {
    const response = await post(body);
    expect(response.status).toBe(413);
    const { detail } = await json<Fault>(response);
    expect(detail).toContain(what);
    expect(detail).toContain("/v1/embedding-jobs");
  }); // prettier-ignore

  test("refuses what would only wait, and takes it again later", async () => {
    const release = hold();
    const first = post({ input: ["A".repeat(50), "A".repeat(50)] });
    const second = post({ input: "A".repeat(50) });
    await release.called(2);
    const refused = await post({ input: "A" });
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "1"]); // prettier-ignore
    release.all();
    expect([(await first).status, (await second).status]).toEqual([200, 200]);
    expect((await post({ input: "A" })).status).toBe(200);
  });

  test("stops computing for a client that has gone, and makes room", async () => {
    const release = hold();
    const gone = new AbortController();
    const leaving = post({ input: ["A".repeat(60), "A".repeat(40)] }, { signal: gone.signal }); // prettier-ignore
    const [signal] = await release.called(1);
    gone.abort();
    await expect(leaving).rejects.toThrow();
    await expect.poll(() => signal.aborted).toBe(true);
    release.all();
    await expect.poll(async () => (await post({ input: ["A".repeat(60), "A".repeat(40)] })).status).toBe(200); // prettier-ignore
    expect(fake.lines.filter(({ level }) => level === "error")).toEqual([]);
  });

  test("takes residues from the quota of the key, and gives back those of a failure", async () => {
    const poor = await startFake({ residuesPerDay: "10" });
    try {
      const own = await poor.headers("embed");
      const ask = async (input: string) => {
        const response = await fetch(`${poor.server.url}/v1/embeddings`, { method: "POST", headers: { ...own, "content-type": "application/json" }, body: JSON.stringify({ input }) }); // prettier-ignore
        return response.status;
      };
      const { represent } = poor.tasks;
      poor.tasks.represent = () =>
        Promise.reject(Object.assign(new Error("died"), { retryable: true }));
      expect(await ask("MKTAYIAK")).toBe(503);
      if (represent) poor.tasks.represent = represent;
      expect(await ask("MKTAYIAK")).toBe(200);
      expect(await ask("MKT")).toBe(429);
      expect(await ask("MK")).toBe(200);
    } finally {
      await poor.close();
    }
  });

  test("needs a key that may embed", async () => {
    const other = await fake.headers("jobs");
    expect((await post({ input: "A" }, { headers: other })).status).toBe(403);
    expect((await post({ input: "A" }, { headers: { authorization: "" } })).status).toBe(401); // prettier-ignore
  });
});

/** Holds the fake engine until `all()`; `called(n)` gives the signals of the calls that wait. */
function hold() {
  const { represent } = fake.tasks;
  const signals: AbortSignal[] = [];
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  fake.tasks.represent = async (params, signal) => {
    if (signal) signals.push(signal);
    await held;
    signal?.throwIfAborted();
    return (await represent?.(params)) ?? [];
  };
  return {
    async called(n: number) {
      await expect.poll(() => signals.length).toBe(n);
      return signals;
    },
    all() {
      if (represent) fake.tasks.represent = represent;
      release();
    },
  };
}

describe("POST /v1/openai/embeddings", () => {
  const path = "/v1/openai/embeddings";

  test.each([
    ["MKT", "float", [3]],
    [["MKT", "ACDEF"], "base64", [3, 5]],
  ])("answers %j as %s in the shape of that API", async (input, encoding_format, lengths) => {
    const body = { model: "unirep-ts-64", input, encoding_format, dimensions: units, user: "u" };
    const { object, data, model, usage } = await json<Answer>(await post(body, { path }));
    const tokens = lengths.reduce((a, b) => a + b);
    expect({ object, model, usage }).toEqual({ object: "list", model: "unirep-ts-64", usage: { prompt_tokens: tokens, total_tokens: tokens } });
    const read = (x: unknown) => (encoding_format === "base64" ? floats(x as string) : x);
    expect(data.map((entry) => ({ ...entry, embedding: read(entry.embedding) }))).toEqual(
      lengths.map((length, index) => ({ object: "embedding", index, embedding: vector(length) })),
    );
  }); // prettier-ignore

  test.each([
    ["an unknown model", { model: "text-embedding-3-small", input: "MKT" }, 404, { type: "invalid_request_error", param: "model", code: "model_not_found" }],
    ["other dimensions", { model: "unirep-ts-64", input: "MKT", dimensions: 3 }, 400, { type: "invalid_request_error", param: "dimensions", code: null }],
    ["tokens for text", { model: "unirep-ts-64", input: [1, 2] }, 400, { type: "invalid_request_error", param: "input", code: null }],
    ["a bad letter", { model: "unirep-ts-64", input: ["MKT", "1"] }, 400, { type: "invalid_request_error", param: "input", code: null }],
    ["too much", { model: "unirep-ts-64", input: ["A", "A", "A", "A", "A"] }, 413, { type: "invalid_request_error", param: null, code: null }],
  ])("refuses %s in the shape of that API", async (_, body, status, error) => {
    const response = await post(body, { path });
    expect(response.status).toBe(status);
    expect(await json(response)).toMatchObject({ error: { ...error, message: expect.any(String) as string } });
  }); // prettier-ignore

  test("refuses a missing key in the shape of that API", async () => {
    const response = await post({}, { path, headers: { authorization: "" } });
    expect(response.status).toBe(401);
    expect(await json(response)).toMatchObject({ error: { code: "invalid_api_key" } }); // prettier-ignore
  });
});
