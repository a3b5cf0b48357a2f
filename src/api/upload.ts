/** @file Multipart uploads, streamed to files of a folder: bounded in bytes, parts and time, hashed on the way. */
import { createHash } from "node:crypto";
import { setMaxListeners } from "node:events";
import { createWriteStream } from "node:fs";
import path from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Busboy, type BusboyHeaders } from "@fastify/busboy";
import type { Request, Response } from "express";
import { leaveToSend, shown } from "./body.ts";
import { Problem } from "./problems.ts";

export interface Upload {
  /** Fields by name; one that was sent several times has several values. */
  readonly fields: ReadonlyMap<string, readonly string[]>;
  readonly files: readonly UploadedFile[];
  /** SHA-256 over names, fields and contents, for Idempotency-Key. */
  readonly hash: string;
}

export interface UploadedFile {
  /** Where it lies, under a name of ours. */
  readonly path: string;
  /** What the client calls it: one visible line, for its extension and for errors; never a path. */
  readonly name: string;
  /** Name of the form's field. */
  readonly field: string;
  readonly bytes: number;
}

export interface UploadLimits {
  /** Of all files together. */
  readonly bytes: number;
  readonly files: number;
}

const limits = { fields: 64, fieldSize: 100_000, fieldNameSize: 100, headerPairs: 20, headerSize: 8192 }; // prettier-ignore

/** A client must send so much in every window. */
const slow = { windowMs: 30_000, bytes: 10_000 };

/**
 * Reads the multipart body of a request into `folder`. Rejects with a Problem (400, 408, 413, 415) or the signal's
 * reason; what it wrote is for the caller to remove with the folder, and nothing writes to it any more by then.
 */
export async function readUpload(
  req: Request,
  res: Response,
  folder: string,
  most: UploadLimits,
  signal: AbortSignal,
): Promise<Upload> {
  if (!req.is("multipart/form-data"))
    throw new Problem("unsupported-media-type", `api: expected Content-Type: multipart/form-data, got ${shown(req)}`); // prettier-ignore
  if (req.headers["content-encoding"] !== undefined)
    throw new Problem("unsupported-media-type", "api: expected a multipart body without Content-Encoding, got one; its files may be gzipped"); // prettier-ignore
  // Boundaries and fields take a little more than the files.
  if (Number(req.headers["content-length"] ?? 0) > most.bytes + 10_000_000)
    throw tooLarge(most);
  const parser = openParser(req, most);
  const fields = new Map<string, string[]>();
  // The parser ends no stream of a file when it is destroyed itself.
  const ended = new AbortController();
  setMaxListeners(0, ended.signal);
  const names = new Set<string>();
  const writes: Promise<UploadedFile & { readonly sha256: string }>[] = [];
  let total = 0;
  let fail: (error: unknown) => void = () => {};
  const failure = new Promise<never>((_, reject) => {
    fail = (error) => reject(asError(error));
  });
  failure.catch(() => {});

  parser.on("field", (name, value, nameCut, valueCut) => {
    if (nameCut || valueCut) fail(new Problem("too-large", `api: expected form fields of at most ${limits.fieldSize} bytes, got a larger one`)); // prettier-ignore
    fields.set(name, [...(fields.get(name) ?? []), value]);
  });
  parser.on("file", (field, stream, filename) => {
    const n = writes.length;
    const name = unlike(names, safeName(filename, n), n);
    const hash = createHash("sha256");
    let bytes = 0;
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        bytes += chunk.length;
        total += chunk.length;
        hash.update(chunk);
        done(total > most.bytes ? tooLarge(most) : null, chunk);
      },
    });
    // Before the pipeline tells of it, for which it is an error like those of the disk.
    stream.once("error", (error) => fail(broken(error)));
    const file = path.join(folder, String(n));
    const write = pipeline(stream, counted, createWriteStream(file), {
      signal: ended.signal,
    }).then(
      () => ({ path: file, name, field, bytes, sha256: hash.digest("hex") }), // prettier-ignore
    );
    write.catch(fail);
    writes.push(write);
  });
  const tooMany = (what: string) => () =>
    fail(new Problem("too-large", `api: expected fewer ${what} in one upload, got more than are taken`)); // prettier-ignore
  parser.on("filesLimit", tooMany("files"));
  parser.on("fieldsLimit", tooMany("fields"));
  parser.on("partsLimit", tooMany("parts"));

  const finished = new Promise<void>((resolve, reject) => {
    parser.once("finish", resolve);
    parser.on("error", (error) => reject(broken(error)));
  });
  finished.catch(() => {});
  const stopped = () => fail(signal.reason);
  signal.addEventListener("abort", stopped, { once: true });
  const watch = setInterval(slowWatch(req, fail), slow.windowMs);
  leaveToSend(req, res);
  req.pipe(parser);
  try {
    signal.throwIfAborted();
    await Promise.race([finished, failure]);
    const files = await Promise.race([Promise.all(writes), failure]);
    return { fields, files, hash: fingerprint(fields, files) };
  } catch (error) {
    req.unpipe(parser);
    ended.abort();
    parser.destroy();
    await Promise.allSettled(writes);
    throw error;
  } finally {
    clearInterval(watch);
    signal.removeEventListener("abort", stopped);
  }
}

function openParser(req: Request, most: UploadLimits) {
  try {
    return new Busboy({
      headers: req.headers as BusboyHeaders,
      limits: { ...limits, files: most.files, parts: limits.fields + most.files }, // prettier-ignore
    });
  } catch (error) {
    throw broken(error);
  }
}

function slowWatch(req: Request, fail: (error: Problem) => void): () => void {
  let before = req.socket.bytesRead;
  return () => {
    const now = req.socket.bytesRead;
    // While the disk is the slower side nothing is read, and the client is not at fault.
    if (now - before < slow.bytes && !req.isPaused())
      fail(new Problem("timeout", `api: expected at least ${slow.bytes} bytes of an upload in ${slow.windowMs / 1000} s, got ${now - before}`)); // prettier-ignore
    before = now;
  };
}

function fingerprint(
  fields: Upload["fields"],
  files: readonly (UploadedFile & { readonly sha256: string })[],
): string {
  const parts = [
    [...fields],
    files.map(({ field, name, sha256 }) => [field, name, sha256]),
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}

function safeName(name: string | undefined, n: number): string {
  const last = (name ?? "").split(/[/\\]/).at(-1) ?? "";
  const visible = last.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "").slice(-100).trim(); // prettier-ignore
  return visible || `file-${n + 1}`;
}

/** Errors name files by this alone. */
function unlike(names: Set<string>, name: string, n: number): string {
  const own = names.has(name) ? `${n + 1}-${name}` : name;
  names.add(own);
  return own;
}

const tooLarge = (most: UploadLimits) =>
  new Problem("too-large", `api: expected an upload of at most ${most.bytes} bytes, got a larger one`); // prettier-ignore

const broken = (error: unknown) =>
  new Problem("bad-request", "api: expected a whole multipart body, got a broken one", { cause: error }); // prettier-ignore

const asError = (error: unknown): Error =>
  error instanceof Error ? error : new Error(String(error));
