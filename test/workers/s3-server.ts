/** @file A small S3-compatible server for tests: one bucket in memory, and the faults that a real one has. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"; // prettier-ignore
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { crc32 } from "node:zlib";

export interface S3Server {
  /** `s3://bucket/some/prefix`. */
  readonly url: string;
  /** What the SDK reads. */
  readonly env: Readonly<Record<string, string>>;
  /** Contents by key, prefix included. */
  readonly objects: Map<string, Buffer>;
  /** Multipart uploads that have neither been completed nor aborted. */
  readonly uploads: Map<string, Map<number, Buffer>>;
  /** `METHOD key?query` of every request. */
  readonly requests: string[];
  /** What to do with a request in place of answering it well. */
  fault: (request: string) => "error" | "refuse" | "cut" | "none";
  close(): Promise<void>;
}

const bucket = "lab-files";

export async function startS3(): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const uploads = new Map<string, Map<number, Buffer>>();
  const requests: string[] = [];
  let count = 0;

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const url = new URL(request.url ?? "/", "http://localhost");
    const query = url.searchParams;
    const [, found, ...rest] = url.pathname.split("/").map(decodeURIComponent);
    const key = rest.join("/");
    const { method = "" } = request;
    const called = `${method} ${key}?${[...query.keys()].join("&")}`;
    requests.push(called);
    const body = await buffer(request);
    const send = (status: number, content = "", headers = {}) => {
      response.writeHead(status, {
        ...headers,
        "content-length": Buffer.byteLength(content),
      });
      response.end(method === "HEAD" ? "" : content);
    };
    const refuse = (status: number, code: string, message: string) =>
      send(status, xml("Error", { Code: code, Message: message }));

    const fault = server.fault(called);
    if (fault === "error") return refuse(500, "InternalError", "Try again.");
    if (fault === "refuse") return refuse(403, "AccessDenied", "Access Denied");
    if (found !== bucket)
      return refuse(404, "NoSuchBucket", "The bucket does not exist");
    if (!/^AWS4-HMAC-SHA256 /.test(request.headers.authorization ?? ""))
      return refuse(403, "AccessDenied", "not signed");
    const checksum = request.headers["x-amz-checksum-crc32"];
    if (typeof checksum === "string" && checksum !== crc32Of(body))
      return refuse(400, "BadDigest", "The CRC32 does not match");

    if (method === "GET" && query.get("list-type") === "2")
      return send(200, listing(query));
    if (method === "POST" && query.has("uploads")) {
      const UploadId = `upload-${++count}`;
      uploads.set(UploadId, new Map());
      return send(
        200,
        xml("InitiateMultipartUploadResult", {
          Bucket: bucket,
          Key: key,
          UploadId,
        }),
      );
    }
    const uploadId = query.get("uploadId");
    if (uploadId !== null) {
      const parts = uploads.get(uploadId);
      if (!parts) return refuse(404, "NoSuchUpload", "no such upload");
      if (method === "PUT") {
        parts.set(Number(query.get("partNumber")), body);
        return send(200, "", { etag: etagOf(body) });
      }
      uploads.delete(uploadId);
      if (method === "DELETE") return send(204);
      const numbers = [...body.toString().matchAll(/<PartNumber>(\d+)</g)].map(
        ([, number]) => Number(number),
      );
      objects.set(
        key,
        Buffer.concat(numbers.map((number) => parts.get(number) as Buffer)),
      );
      return send(
        200,
        xml("CompleteMultipartUploadResult", {
          Bucket: bucket,
          Key: key,
          ETag: '"multipart"',
        }),
      );
    }
    if (method === "POST" && query.has("delete")) {
      for (const [, name] of body.toString().matchAll(/<Key>([^<]*)<\/Key>/g))
        objects.delete(name);
      return send(200, xml("DeleteResult", {}));
    }
    if (method === "PUT") {
      objects.set(key, body);
      return send(200, "", { etag: etagOf(body) });
    }
    const object = objects.get(key);
    if (!object) return refuse(404, "NoSuchKey", "The key does not exist.");
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
    const start = Number(range?.[1] ?? 0);
    const end = Math.min(
      Number(range?.[2] || object.length) + 1,
      object.length,
    );
    if (range && start >= object.length)
      return refuse(416, "InvalidRange", "The range is not satisfiable");
    const content = object.subarray(start, end);
    response.writeHead(range ? 206 : 200, {
      "content-length": content.length,
      etag: etagOf(object),
      ...(range
        ? { "content-range": `bytes ${start}-${end - 1}/${object.length}` }
        : {}),
    });
    if (method === "HEAD") response.end();
    else if (fault === "cut")
      response.write(content.subarray(0, content.length / 2), () =>
        response.destroy(),
      );
    else response.end(content);
  }

  /** Two keys a page, so that continuing is the rule. */
  function listing(query: URLSearchParams): string {
    const prefix = query.get("prefix") ?? "";
    const after = query.get("continuation-token") ?? "";
    const keys = [...objects.keys()]
      .filter((key) => key.startsWith(prefix) && key > after)
      .sort();
    const page = keys.slice(0, 2);
    const more = keys.length > page.length;
    return xml("ListBucketResult", {
      Name: bucket,
      IsTruncated: String(more),
      ...(more ? { NextContinuationToken: page[1] } : {}),
      Contents: page.map((Key) => ({ Key })),
    });
  }

  const http = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      // A client that has gone away in the middle of its request.
      response.destroy(error as Error);
    });
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const server: S3Server = {
    url: `s3://${bucket}/unirep/test`,
    env: {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      AWS_REGION: "eu-central-1",
      AWS_ACCESS_KEY_ID: "test",
      AWS_SECRET_ACCESS_KEY: "test",
    },
    objects,
    uploads,
    requests,
    fault: () => "none",
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
  return server;
}

type Xml = string | readonly { readonly [name: string]: Xml }[];

function xml(name: string, fields: Readonly<Record<string, Xml>>): string {
  const inner = Object.entries(fields).map(([field, value]) =>
    typeof value === "string"
      ? `<${field}>${value}</${field}>`
      : value.map((one) => xml(field, one)).join(""),
  );
  return `<${name}>${inner.join("")}</${name}>`;
}

function etagOf(content: Buffer): string {
  return `"${createHash("md5").update(content).digest("hex")}"`;
}

function crc32Of(content: Buffer): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(content));
  return bytes.toString("base64");
}
