/** @file Server-sent events from a byte stream (WHATWG HTML, 9.2.6): what `EventSource` reads, with headers of one's own. */
import { UnirepError } from "./error.ts";

export interface ServerEvent {
  /** "message" where the server named none. */
  readonly event: string;
  readonly data: string;
  /** The last id the stream gave, with this event or before it. */
  readonly id: string;
}

/** Events of a stream, as they arrive. `onRetry` is told the milliseconds that the server asks to wait before a new attempt. */
export async function* readEventStream(
  stream: AsyncIterable<Uint8Array>,
  onRetry: (milliseconds: number) => void,
): AsyncGenerator<ServerEvent> {
  let event = "";
  let data: string[] = [];
  let id = "";
  for await (const line of lines(stream)) {
    if (line === "") {
      if (data.length > 0)
        yield { event: event || "message", data: data.join("\n"), id };
      event = "";
      data = [];
      continue;
    }
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") event = value;
    else if (field === "data") data.push(value);
    else if (field === "id" && !value.includes("\0")) id = value;
    else if (field === "retry" && /^\d+$/.test(value)) onRetry(Number(value));
  }
}

/** Lines end in LF, CR or CRLF; what follows the last ending is no line yet, and is dropped with a broken stream. */
async function* lines(
  stream: AsyncIterable<Uint8Array>,
): AsyncGenerator<string> {
  // The decoder also removes the byte order mark that the format allows at the start.
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    rest += decoder.decode(chunk, { stream: true });
    // A CR at the end may be half a CRLF: it stays until the next chunk tells.
    const parts = rest.split(/\r\n|\n|\r(?!$)/);
    rest = parts.pop() as string;
    yield* parts;
  }
  if (rest.endsWith("\r")) yield rest.slice(0, -1);
}

/** A response's body as an async iterable, which not every browser's is. Leaving the loop cancels the stream. */
export async function* chunksOf(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new UnirepError("the event stream broke off", 0, null, cause);
      });
      if (done) return;
      yield value;
    }
  } finally {
    // A stream that has failed rejects its cancelling with the error already thrown above.
    await reader.cancel().catch(() => undefined);
  }
}
