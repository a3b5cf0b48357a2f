/** @file A file of the service as a stream that goes on where a connection broke off. */
import { UnirepError } from "./error.ts";
import { jittered, sleep, type Transport } from "./transport.ts";
import type { CallOptions } from "./types.ts";

export interface Download {
  readonly mediaType: string;
  /** Name that the service suggests. */
  readonly name: string;
  /** Bytes; null where the service did not say. */
  readonly size: number | null;
  /** The content, once. It fails where the file changed meanwhile, or no bytes came for several attempts. */
  readonly stream: ReadableStream<Uint8Array>;
  /** All of the stream. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
}

/** Connections in a row that may give no byte. */
const attempts = 5;
const restMs = 500;

export async function download(
  transport: Transport,
  path: string,
  { signal }: CallOptions,
): Promise<Download> {
  const get = (headers: Readonly<Record<string, string>>) =>
    transport({ method: "GET", path, headers, signal }, (r) => r);
  const first = await get({});
  const stream = resuming(first, get, path, signal);
  const length = first.headers.get("content-length");
  const disposition = first.headers.get("content-disposition") ?? "";
  return {
    mediaType: first.headers.get("content-type") ?? "application/octet-stream",
    name: /filename="([^"]*)"/.exec(disposition)?.[1] ?? "download",
    size: length === null ? null : Number(length),
    stream,
    bytes: async () => new Uint8Array(await new Response(stream).arrayBuffer()),
  };
}

function resuming(
  first: Response,
  get: (headers: Readonly<Record<string, string>>) => Promise<Response>,
  path: string,
  signal: AbortSignal | undefined,
): ReadableStream<Uint8Array> {
  const etag = first.headers.get("etag");
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined = first.body?.getReader(); // prettier-ignore
  let had = 0;
  let failures = 0;

  async function resume(cause: unknown): Promise<void> {
    signal?.throwIfAborted();
    if (etag === null || ++failures > attempts)
      throw new UnirepError(`GET ${path}: broke off after ${had} bytes`, 0, null, cause); // prettier-ignore
    await sleep(jittered(restMs * 2 ** (failures - 1), 15_000), signal);
    const response = await get({ range: `bytes=${had}-`, "if-range": etag });
    if (response.status !== 206) {
      await response.body?.cancel();
      throw new UnirepError(`GET ${path}: the file changed after ${had} bytes`, 0, null); // prettier-ignore
    }
    reader = response.body?.getReader();
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(to) {
        for (;;) {
          try {
            const next = await reader?.read();
            if (!next || next.done) return to.close();
            had += next.value.length;
            failures = 0;
            return to.enqueue(next.value);
          } catch (cause) {
            await resume(cause);
          }
        }
      },
      cancel: (reason) => reader?.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
