/** @file Requests of the client: the key in a header, and repetition with back-off where that is safe. */
import { fromWire } from "../wire.ts";
import { errorOf, UnirepError } from "./error.ts";

export interface ClientOptions {
  /** Where the service is, such as `http://127.0.0.1:3000`. */
  readonly url: string | URL;
  /** API key; none for what is open. */
  readonly key?: string | undefined;
  /** By default the global one. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Repetitions of a request that was refused for now or got no answer; 5 by default. */
  readonly retries?: number | undefined;
}

export interface Call {
  readonly method: "GET" | "POST" | "DELETE" | "HEAD";
  /** Below the service's address, such as `/v1/jobs`. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | FormData | ReadableStream<Uint8Array> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** False for a body that can be read only once. */
  readonly repeatable?: boolean;
}

/**
 * Sends a call and reads its good response (status 200 to 399); a response that breaks off while it is read is asked for
 * again. Rejects with a UnirepError, or the signal's reason.
 */
export type Transport = <T>(
  call: Call,
  read: (response: Response) => T | Promise<T>,
) => Promise<T>;

/** Milliseconds: the n-th wait is half to all of 250, 500, 1000, …, at most 15,000, or what the service asked for. */
const backoff = { first: 250, most: 15_000, mostAsked: 120_000 };

export function createTransport(options: ClientOptions): Transport {
  const { key, retries = 5 } = options;
  // The global one must be called with no receiver of ours: browsers refuse it otherwise.
  const send = options.fetch ?? ((...args) => globalThis.fetch(...args));
  const base = String(options.url).replace(/\/+$/, "");
  return async (call, read) => {
    const { method, path, headers, body, signal, repeatable = true } = call;
    const request: RequestInit & { duplex?: "half" } = {
      method,
      headers: {
        ...headers,
        ...(key !== undefined && { authorization: `Bearer ${key}` }),
      },
      ...(body !== undefined && { body }),
      ...(signal && { signal }),
      ...(body instanceof ReadableStream && { duplex: "half" }),
    };
    for (let failures = 0; ; failures++) {
      signal?.throwIfAborted();
      let asked: number | null = null;
      try {
        const response = await send(base + path, request);
        if (response.status < 400) return await read(response);
        asked = retryAfter(response);
        throw await errorOf(`${method} ${path}`, response);
      } catch (cause) {
        signal?.throwIfAborted();
        const error = cause instanceof UnirepError ? cause : noAnswer(call, cause); // prettier-ignore
        const again = repeatable && failures < retries && mayPass(error, asked, headers); // prettier-ignore
        if (!again) throw error;
        await sleep(
          asked ?? jittered(backoff.first * 2 ** failures, backoff.most),
          signal,
        );
      }
    }
  };
}

function noAnswer({ method, path }: Call, cause: unknown): UnirepError {
  // Node's fetch says only "fetch failed" and keeps what happened as the cause.
  const error = cause as Error & { cause?: Error };
  return new UnirepError(
    `${method} ${path}: no answer: ${error.cause?.message || error.message}`,
    0,
    null,
    cause,
  );
}

/** A 409 with a time to wait answers a repetition whose first request is still running. */
function mayPass(
  { status }: UnirepError,
  asked: number | null,
  headers: Call["headers"],
): boolean {
  if (asked !== null && asked > backoff.mostAsked) return false;
  if (status === 409)
    return asked !== null && headers?.["idempotency-key"] !== undefined;
  return [0, 429, 502, 503, 504].includes(status);
}

/** Milliseconds that `Retry-After` asks for (seconds or a date), or null. */
function retryAfter(response: Response): number | null {
  const text = response.headers.get("retry-after");
  if (text === null) return null;
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now(); // prettier-ignore
  return Number.isNaN(wait) ? null : Math.max(0, wait);
}

/** Half to all of `milliseconds`, so that clients refused together do not return together. */
export function jittered(milliseconds: number, most: number): number {
  return Math.min(milliseconds, most) * (0.5 + Math.random() / 2);
}

/** A JSON answer, with its fields named as in TypeScript. */
export const readJson = async <T>(response: Response): Promise<T> =>
  fromWire<unknown>(await response.json()) as T;

export function sleep(
  milliseconds: number,
  signal?: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}
