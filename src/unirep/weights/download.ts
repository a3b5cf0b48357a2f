/** @file One file over HTTP, whole or not at all: resumed, retried, checked against its SHA-256, then renamed into place. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import {
  open,
  mkdir,
  rename,
  rm,
  stat,
  statfs,
  type FileHandle,
} from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { claimPart, releasePart } from "./part-file.ts";

export interface RemoteFile {
  /** Places of the same bytes, tried in order. */
  readonly urls: readonly string[];
  readonly bytes: number;
  readonly sha256: string;
}

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((received: number, total: number) => void) | undefined;
  /** Milliseconds without a byte after which a connection counts as dead. */
  readonly stallTimeout?: number | undefined;
  /** Milliseconds before the first retry; doubles each time. */
  readonly retryDelay?: number | undefined;
}

// Failures in a row, at one place, without a mebibyte between them.
const MAX_FAILURES = 5;
const PROGRESS = 2 ** 20;

/** The version of the file that this place showed first. */
interface Seen {
  etag?: string;
}

/** What one request came to. */
type Outcome =
  | { readonly kind: "complete" }
  /** Worth asking again: a cut, a stall, a busy or failing server. */
  | { readonly kind: "retry"; readonly reason: string }
  /** This place does not have the file. */
  | { readonly kind: "absent"; readonly reason: string };

/**
 * Puts `file` at `target` and gives back whether it had to be fetched. The file appears under its name only after its
 * size and SHA-256 are checked. A cut download leaves a part that the next call resumes; a corrupted one is deleted.
 * Errors are one sentence naming the URL; an aborted `signal` rejects with its reason.
 */
export async function download(
  file: RemoteFile,
  target: string,
  options: DownloadOptions = {},
): Promise<boolean> {
  if (await isComplete(target, file)) return false;
  const folder = path.dirname(target);
  let part: string | undefined;
  try {
    await mkdir(folder, { recursive: true });
    await checkSpace(folder, file.bytes);
    part = await claimPart(target);
    await fetchAll(file, part, options);
    await rename(part, target);
    return true;
  } catch (error) {
    throw explainDisk(error, folder, file.bytes);
  } finally {
    if (part) await releasePart(part, target);
  }
}

async function fetchAll(
  file: RemoteFile,
  part: string,
  options: DownloadOptions,
): Promise<void> {
  const reasons: string[] = [];
  // A part put together from several answers may mix two versions of a file: worth one more try from the start.
  let pieces = (await sizeOf(part)) > 0 ? 1 : 0;
  let restarted = false;
  for (const url of file.urls) {
    const seen: Seen = {};
    for (let failures = 0; failures < MAX_FAILURES;) {
      options.signal?.throwIfAborted();
      const before = await sizeOf(part);
      const outcome = await fetchOnce(url, file, part, seen, options);
      pieces++;
      if (outcome.kind === "complete") {
        const sha256 = await hashFile(part);
        if (sha256 === file.sha256) return;
        await rm(part, { force: true });
        if (pieces === 1 || restarted) {
          throw new Error(
            `download: ${url} is corrupt and was deleted: expected SHA-256 ${file.sha256}, got ${sha256}`,
          );
        }
        restarted = true;
        continue;
      }
      if (outcome.kind === "absent") {
        reasons.push(outcome.reason);
        break;
      }
      failures = (await sizeOf(part)) - before >= PROGRESS ? 1 : failures + 1;
      if (failures >= MAX_FAILURES) reasons.push(outcome.reason);
      else
        await sleep(
          (options.retryDelay ?? 500) * 2 ** (failures - 1),
          undefined,
          abortable(options.signal),
        );
    }
  }
  throw new Error(`download: ${reasons.join("; ")}`);
}

/** One request, appended to `part`. Throws only what no retry can mend: aborts, disk errors, a file of the wrong size. */
async function fetchOnce(
  url: string,
  file: RemoteFile,
  part: string,
  seen: Seen,
  options: DownloadOptions,
): Promise<Outcome> {
  const { signal, onProgress, stallTimeout = 30_000 } = options;
  const offset = await sizeOf(part);
  if (offset >= file.bytes) return { kind: "complete" };
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(), stallTimeout);
  const failure = (error: unknown): Outcome => {
    signal?.throwIfAborted();
    if (stalled.signal.aborted)
      return {
        kind: "retry",
        reason: `${url} sent nothing for ${stallTimeout / 1000} s`,
      };
    const { message, cause } = error as Error;
    return {
      kind: "retry",
      reason: `${url} failed: ${cause instanceof Error ? cause.message || message : message}`,
    };
  };
  let handle: FileHandle | undefined;
  try {
    let response: Response;
    try {
      response = await fetch(url, {
        signal: signal
          ? AbortSignal.any([signal, stalled.signal])
          : stalled.signal,
        // Offsets and sizes are those of the stored file, so no content coding.
        headers: {
          "accept-encoding": "identity",
          ...(offset > 0 && { range: `bytes=${offset}-` }),
          ...(offset > 0 && seen.etag && { "if-range": seen.etag }),
        },
      });
    } catch (error) {
      return failure(error);
    }
    const refusal = await judge(response, url, offset, file, part);
    if (refusal) return refusal;
    const etag = response.headers.get("etag");
    if (etag?.startsWith('"')) seen.etag = etag; // a weak one does not vouch for bytes
    // Status 200 answers a range request with the whole file: start again.
    let at = response.status === 206 ? offset : 0;
    handle = await open(part, at === 0 ? "w" : "a");
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    for (;;) {
      let chunk: Awaited<ReturnType<typeof reader.read>>;
      try {
        chunk = await reader.read();
      } catch (error) {
        return failure(error);
      }
      if (chunk.done) break;
      timer.refresh();
      if (at + chunk.value.length > file.bytes) {
        await reader.cancel();
        await rm(part, { force: true });
        throw new Error(
          `download: ${url} is larger than the ${file.bytes} bytes expected and was deleted`,
        );
      }
      await handle.appendFile(chunk.value);
      at += chunk.value.length;
      onProgress?.(at, file.bytes);
    }
    if (at < file.bytes)
      return {
        kind: "retry",
        reason: `${url} ended after ${at} of ${file.bytes} bytes`,
      };
    await handle.sync();
    return { kind: "complete" };
  } finally {
    clearTimeout(timer);
    stalled.abort(); // frees the connection of a response that was not read to its end
    await handle?.close();
  }
}

/** Why this response's body is not to be used, or undefined. */
async function judge(
  response: Response,
  url: string,
  offset: number,
  file: RemoteFile,
  part: string,
): Promise<Outcome | undefined> {
  const { status } = response;
  if (status === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(
      response.headers.get("content-range") ?? "",
    );
    const fits =
      range &&
      Number(range[1]) === offset &&
      (range[2] === "*" || Number(range[2]) === file.bytes);
    if (fits) return undefined;
  }
  if (status === 416 || status === 206) {
    await rm(part, { force: true }); // what we hold is no prefix of what is there
    return {
      kind: "retry",
      reason: `${url} answered the range from byte ${offset} with status ${status}`,
    };
  }
  if (status === 200) return undefined;
  const reason = `${url} answered ${status} ${response.statusText}`.trim();
  return {
    kind:
      status >= 500 || status === 429 || status === 408 ? "retry" : "absent",
    reason,
  };
}

async function isComplete(target: string, file: RemoteFile): Promise<boolean> {
  return (
    (await sizeOf(target)) === file.bytes &&
    (await hashFile(target)) === file.sha256
  );
}

/** SHA-256 of a file's bytes, in hex. */
export async function hashFile(name: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(name, { highWaterMark: 2 ** 20 }))
    hash.update(chunk as Buffer);
  return hash.digest("hex");
}

async function sizeOf(name: string): Promise<number> {
  const found = await stat(name).catch(() => undefined);
  return found?.size ?? 0;
}

async function checkSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < bytes)
    throw Object.assign(new Error("no space"), { code: "ENOSPC" });
}

function explainDisk(error: unknown, folder: string, bytes: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const megabytes = `${(bytes / 1e6).toFixed(1)} MB`;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new Error(
      `download: the disk of ${folder} is full: ${megabytes} are needed`,
      { cause: error },
    );
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new Error(`download: ${folder} cannot be written to (${code})`, {
      cause: error,
    });
  }
  return error;
}

function abortable(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal ? { signal } : {};
}
