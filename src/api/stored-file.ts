/** @file A file of the storage as an answer: whole or one range, with validators that make resuming safe. */
import type { Response } from "express";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  MissingFileError,
  type Service,
  type Storage,
} from "../workers/index.ts";
import { Problem } from "./problems.ts";
import { matches, parseRange } from "./ranges.ts";
import type { Call } from "./route.ts";

export interface StoredAnswer {
  readonly key: string;
  readonly mediaType: string;
  /** Name that the receiver saves it under: letters, digits, `.`, `_`, `-`. */
  readonly name: string;
  /** Names these very bytes; without quotes. */
  readonly tag: string;
}

/**
 * Answers GET or HEAD with a stored file: 200, 206, 304, 416, or 410 where the file is there no more. A range is refused
 * silently (200) where If-Range names other bytes, as RFC 9110 wants.
 */
export async function sendStored(
  { req, res, signal }: Pick<Call, "req" | "res" | "signal">,
  { storage, log }: Pick<Service, "storage" | "log">,
  { key, mediaType, name, tag }: StoredAnswer,
): Promise<void> {
  const size = await storage.size(key);
  if (size === null) throw gone();
  const etag = `"${tag}"`;
  res.set({
    ETag: etag,
    "Accept-Ranges": "bytes",
    "Cache-Control": "private, no-cache",
  });
  if (matches(req.get("If-None-Match"), etag)) {
    res.status(304).end();
    return;
  }
  const ifRange = req.get("If-Range");
  const range =
    ifRange === undefined || ifRange === etag
      ? parseRange(req.get("Range"), size)
      : "whole";
  if (range === "unsatisfiable")
    throw new Problem("range-not-satisfiable", `api: expected a range within ${size} bytes, got Range: ${req.get("Range")?.slice(0, 100)}`, { headers: { "Content-Range": `bytes */${size}` } }); // prettier-ignore
  const { start, end } = range === "whole" ? { start: 0, end: size } : range;
  res.set({
    "Content-Type": mediaType,
    "Content-Length": String(end - start),
    "Content-Disposition": `attachment; filename="${name}"`,
    ...(range !== "whole" && {
      "Content-Range": `bytes ${start}-${end - 1}/${size}`,
    }),
  });
  res.status(range === "whole" ? 200 : 206);
  if (req.method === "HEAD" || size === 0) {
    res.end();
    return;
  }
  const source = await open(res, storage, key, { start, end });
  // A file that fails on the way cuts the connection: the length tells the receiver that bytes are missing.
  source.once("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "ERR_STREAM_PREMATURE_CLOSE" && error.name !== "AbortError") // prettier-ignore
      log.error({ requestId: res.locals.requestId, err: error }, "a stored file broke off"); // prettier-ignore
  });
  await pipeline(source, res, { signal });
}

async function open(
  res: Response,
  storage: Storage,
  key: string,
  range: { readonly start: number; readonly end: number },
): Promise<Readable> {
  try {
    return await storage.read(key, range);
  } catch (error) {
    for (const name of ["Length", "Range", "Disposition"])
      res.removeHeader(`Content-${name}`);
    throw error instanceof MissingFileError ? gone() : error;
  }
}

const gone = () =>
  new Problem("gone", "api: expected a file that is kept, got one that has been removed"); // prettier-ignore
