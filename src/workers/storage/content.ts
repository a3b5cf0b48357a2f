/** @file What a storage writes, on its way there: its bytes counted, its SHA-256, the caller's abort. */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import type { StoredFile } from "./storage.ts";

export interface Measured {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Of the chunks that have been taken so far. */
  readonly stored: () => StoredFile;
}

/**
 * `content` as chunks to be taken once. An abort ends a wait for content that does not come, and is thrown as the signal's
 * reason. A chunk must stay as it is after it has been taken: an object store sends it later.
 */
export function measured(
  content: Uint8Array | AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Measured {
  const hash = createHash("sha256");
  let bytes = 0;
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    const source =
      content instanceof Uint8Array ? Readable.from([content]) : content;
    for await (const chunk of abortable(source, signal)) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  }
  return {
    chunks: chunks(),
    stored: () => ({ bytes, sha256: hash.copy().digest("hex") }),
  };
}

async function* abortable(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator: AsyncIterator<Uint8Array, unknown> =
    source[Symbol.asyncIterator]();
  let stopWaiting: (reason: unknown) => void = () => undefined;
  const onAbort = () => stopWaiting(signal?.reason);
  signal?.addEventListener("abort", onAbort);
  let ended = false;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { done, value } = await new Promise<
        IteratorResult<Uint8Array, unknown>
      >((resolve, reject) => {
        stopWaiting = reject;
        iterator.next().then(resolve, reject);
      });
      ended = done === true;
      if (done) return;
      yield value;
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    // A generator that waits for ever cannot be told to end: it is told, and not waited for.
    if (source instanceof Readable) source.destroy();
    else if (!ended) iterator.return?.().catch(() => undefined);
  }
}
