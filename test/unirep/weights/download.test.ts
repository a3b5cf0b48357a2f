/** @file Downloads from a server that cuts, corrupts, stalls, redirects and lies: the file arrives whole or not at all. */
import { existsSync } from "node:fs";
import {
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { hostname, tmpdir } from "node:os";
import path from "node:path";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  test,
} from "vitest";
import {
  download,
  type RemoteFile,
} from "../../../src/unirep/weights/download.ts";
import { pullWeights } from "../../../src/unirep/weights/pull.ts";

import { body, serve, sha256 } from "./file-server.ts";

type Handler = (
  request: http.IncomingMessage,
  response: http.ServerResponse,
  nth: number,
) => void;
let handler: Handler;
let requests: { range: string | undefined; ifRange: string | undefined }[];
let server: http.Server;
let base: string;
let folder: string;
let target: string;

beforeAll(async () => {
  server = http.createServer((request, response) => {
    requests.push({
      range: request.headers.range,
      ifRange: request.headers["if-range"] as string | undefined,
    });
    handler(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "unirep-download-"));
  target = path.join(folder, "cache", "model.pkl");
  requests = [];
});
afterEach(() => rm(folder, { recursive: true }));

const remote = (...urls: string[]): RemoteFile => ({
  urls: urls.length > 0 ? urls : [`${base}/model.pkl`],
  bytes: body.length,
  sha256,
});
const fast = { retryDelay: 1, stallTimeout: 150 };
const files = async () =>
  existsSync(path.dirname(target))
    ? (await readdir(path.dirname(target))).sort()
    : [];

async function expectWhole(): Promise<void> {
  expect((await readFile(target)).equals(body)).toBe(true);
  expect(await files()).toEqual(["model.pkl"]);
}

describe("a download arrives whole", () => {
  test.each<[string, Handler, number]>([
    ["from a good server", (q, s) => serve(q, s), 1],
    [
      "when the connection is cut twice",
      (q, s, nth) => serve(q, s, nth < 3 ? { upTo: nth * 90_000 } : {}),
      3,
    ],
    [
      "when the server stalls in the middle",
      (q, s, nth) =>
        nth === 1
          ? (s.writeHead(200, { "content-length": body.length }),
            s.write(body.subarray(0, 5000)))
          : serve(q, s),
      2,
    ],
    [
      "when the server never answers at first",
      (q, s, nth) => nth > 1 && serve(q, s),
      2,
    ],
    [
      "when the server fails at first",
      (q, s, nth) =>
        nth < 3 ? s.writeHead(nth === 1 ? 500 : 429).end() : serve(q, s),
      3,
    ],
    [
      "when the server ignores ranges",
      (q, s, nth) => (
        delete q.headers.range,
        serve(q, s, nth < 3 ? { upTo: 90_000 } : {})
      ),
      3,
    ],
    [
      "when the file changes between two parts",
      (q, s, nth) =>
        serve(
          q,
          s,
          nth === 1
            ? { bytes: Buffer.alloc(body.length), upTo: 90_000, etag: '"v0"' }
            : {},
        ),
      2,
    ],
    [
      "when the file changes and the server has no etag",
      (q, s, nth) =>
        serve(
          q,
          s,
          nth === 1
            ? { bytes: Buffer.alloc(body.length), upTo: 90_000, etag: "W/x" }
            : { etag: "W/x" },
        ),
      3,
    ],
    [
      "when a range is answered from elsewhere",
      (q, s, nth) =>
        nth === 2
          ? s
              .writeHead(206, { "content-range": `bytes 0-9/${body.length}` })
              .end(body.subarray(0, 10))
          : serve(q, s, nth === 1 ? { upTo: 90_000 } : {}),
      3,
    ],
    [
      "when a range cannot be satisfied",
      (q, s, nth) =>
        nth === 2
          ? s.writeHead(416).end()
          : serve(q, s, nth === 1 ? { upTo: 90_000 } : {}),
      3,
    ],
    [
      "through a redirect",
      (q, s) =>
        q.url === "/model.pkl"
          ? s.writeHead(302, { location: "/other" }).end()
          : serve(q, s),
      2,
    ],
  ])("%s", async (_, handle, count) => {
    handler = handle;
    const seen: number[] = [];
    const onProgress = (received: number, total: number) => (
      expect(total).toBe(body.length),
      seen.push(received)
    );
    expect(await download(remote(), target, { ...fast, onProgress })).toBe(
      true,
    );
    await expectWhole();
    expect(requests.length).toBe(count);
    expect(seen.at(-1)).toBe(body.length);
  });

  test("resumes with Range and If-Range, asking for no byte twice", async () => {
    handler = (q, s, nth) => serve(q, s, nth === 1 ? { upTo: 100_000 } : {});
    await download(remote(), target, fast);
    expect(requests).toEqual([
      { range: undefined, ifRange: undefined },
      { range: "bytes=100000-", ifRange: '"v1"' },
    ]);
  });
  test("from the second place when the first does not have it", async () => {
    handler = (q, s) => (q.url === "/a" ? s.writeHead(404).end() : serve(q, s));
    await download(remote(`${base}/a`, `${base}/b`), target, fast);
    await expectWhole();
  });
  test("by many callers at once", async () => {
    handler = (q, s) => serve(q, s, q.headers.range ? {} : { upTo: 120_000 });
    await Promise.all(
      Array.from({ length: 6 }, () => download(remote(), target, fast)),
    );
    await expectWhole();
  });
  test("without a request when it is there already, and anew when what is there is damaged", async () => {
    handler = (q, s) => serve(q, s);
    await download(remote(), target, fast);
    expect(await download(remote(), target, fast)).toBe(false);
    expect(requests.length).toBe(1);
    await writeFile(target, Buffer.alloc(body.length));
    expect(await download(remote(), target, fast)).toBe(true);
    await expectWhole();
  });
  test("from where an aborted download left off", async () => {
    handler = (q, s, nth) =>
      nth === 1
        ? (s.writeHead(200, { "content-length": body.length }),
          s.write(body.subarray(0, 70_000)))
        : serve(q, s);
    const stop = new AbortController();
    const reason = new Error("stopped by the user");
    const onProgress = (received: number) =>
      received === 70_000 && stop.abort(reason);
    await expect(
      download(remote(), target, {
        ...fast,
        stallTimeout: 5000,
        signal: stop.signal,
        onProgress,
      }),
    ).rejects.toBe(reason);
    expect(await files()).toEqual(["model.pkl.part"]);
    await download(remote(), target, fast);
    expect(requests[1].range).toBe("bytes=70000-");
    await expectWhole();
  });
  test("from where a killed process left off, and not from where a living one is", async () => {
    handler = (q, s) => serve(q, s);
    await download(remote(), target, fast);
    await rm(target);
    const host = hostname().replace(/[^A-Za-z0-9-]/g, "");
    const living = `model.pkl.${host}.${process.ppid}.0.part`;
    const dead = `model.pkl.${host}.4194305.0.part`; // above Linux's largest process id
    await writeFile(path.join(path.dirname(target), living), "theirs");
    await writeFile(
      path.join(path.dirname(target), dead),
      body.subarray(0, 1234),
    );
    await download(remote(), target, fast);
    expect(requests[1].range).toBe("bytes=1234-");
    expect(await files()).toEqual(["model.pkl", living]);
  });
});

describe("a download that cannot succeed says why, and leaves nothing under the file's name", () => {
  test.each<[string, Handler, RegExp, number, string[]]>([
    [
      "a missing file",
      (_, s) => s.writeHead(404).end(),
      /^download: http:\S+ answered 404 Not Found$/,
      1,
      [],
    ],
    [
      "a failing server",
      (_, s) => s.writeHead(503).end(),
      /answered 503 Service Unavailable$/,
      5,
      [],
    ],
    [
      "a server that never answers",
      () => {},
      /sent nothing for 0\.15 s$/,
      5,
      [],
    ],
    [
      "a corrupted file",
      (q, s) => serve(q, s, { bytes: Buffer.alloc(body.length) }),
      /is corrupt and was deleted: expected SHA-256 \w+, got \w+$/,
      1,
      [],
    ],
    [
      "a file that is too long",
      (q, s) => serve(q, s, { bytes: Buffer.alloc(body.length + 1) }),
      /is larger than the 300000 bytes expected/,
      1,
      [],
    ],
    [
      "a file that is too short",
      (_, s) => s.writeHead(200).end(body.subarray(0, 10)),
      /ended after 10 of 300000 bytes$/,
      5,
      ["model.pkl.part"],
    ],
    [
      "a redirect in a circle",
      (_, s) => s.writeHead(302, { location: "/model.pkl" }).end(),
      /redirect count exceeded$/,
      -1,
      [],
    ],
  ])("%s", async (_, handle, message, count, left) => {
    handler = handle;
    await expect(download(remote(), target, fast)).rejects.toThrow(message);
    if (count >= 0) expect(requests.length).toBe(count);
    expect(await files()).toEqual(left);
  });
  test("a server that is not there", async () => {
    await expect(
      download(remote("http://127.0.0.1:1/x"), target, fast),
    ).rejects.toThrow(/127\.0\.0\.1:1\/x failed: /);
  });
  test.runIf(existsSync("/dev/full"))("a full disk", async () => {
    handler = (q, s) => serve(q, s);
    await download(remote(), target, fast);
    await rm(target);
    await symlink("/dev/full", `${target}.part`);
    await expect(download(remote(), target, fast)).rejects.toThrow(
      /^download: the disk of .* is full: 0\.3 MB are needed$/,
    );
    expect(existsSync(target)).toBe(false);
  });
});

test("pullWeights asks a mirror for the registry's file and refuses other bytes", async () => {
  handler = (q, s) => (
    expect(q.url).toBe("/w/unirep-64.pkl"),
    serve(q, s, { bytes: Buffer.alloc(609_983) })
  );
  const pulling = pullWeights("unirep-64", {
    cache: folder,
    baseUrl: `${base}/w/`,
    ...fast,
  });
  await expect(pulling).rejects.toThrow(/expected SHA-256 c63f657c/);
  expect(await readdir(folder)).toEqual([]);
});
