/** @file A file, and how a well-behaved server answers for it, cut short if asked. */
import { createHash } from "node:crypto";
import type http from "node:http";

export const body = Buffer.from(
  Array.from({ length: 300_000 }, (_, i) => (i * 2654435761) >>> 24),
);
export const sha256 = createHash("sha256").update(body).digest("hex");

/** A well-behaved answer, of `bytes`, from where the request asks. */
export function serve(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  answer: { bytes?: Buffer; upTo?: number; etag?: string } = {},
): void {
  const { bytes = body, upTo = bytes.length, etag = '"v1"' } = answer;
  const offset = Number(
    /^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0,
  );
  const changed =
    request.headers["if-range"] !== undefined &&
    request.headers["if-range"] !== etag;
  const from = changed ? 0 : offset;
  response.writeHead(from > 0 ? 206 : 200, {
    etag,
    "content-length": bytes.length - from,
    ...(from > 0 && {
      "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
    }),
  });
  if (upTo < bytes.length)
    response.write(bytes.subarray(from, upTo), () =>
      setTimeout(() => response.destroy(), 20),
    );
  else response.end(bytes.subarray(from));
}
