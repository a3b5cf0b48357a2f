/** @file Waiting for a job: its event stream, taken up again where it broke off, and polling where none comes through. */
import { fromWire } from "../wire.ts";
import { UnirepError } from "./error.ts";
import { chunksOf, readEventStream, type ServerEvent } from "./event-stream.ts";
import { jittered, readJson, sleep, type Transport } from "./transport.ts";
import type { Job, JobState, WaitOptions, WatchedEvent } from "./types.ts";

/** Streams without any event, after which the way there (a proxy that holds everything back) is given up for polling. */
const emptyStreams = 3;
/** The service sends something every 15 s; silence means a connection that is no more. */
const silenceMs = 45_000;
const pollMs = 2_000;
/** Time without any answer after which waiting is given up. */
const patienceMs = 300_000;

const ended: readonly JobState[] = ["succeeded", "failed", "cancelled"];

/** How far a watcher is, through all its streams. */
interface Progress {
  /** Id of the last event that was told. */
  last: string;
  /** What the service asks to wait before a new stream. */
  retryMs: number;
  /** Streams in a row that gave no event. */
  empty: number;
  /** Asking is all that is left. */
  polls: boolean;
}

/** The job when it has ended, however it did. Rejects with a UnirepError after 5 minutes without any answer. */
export async function waitForJob(
  transport: Transport,
  id: string,
  { onEvent, signal }: WaitOptions,
): Promise<Job> {
  const path = `/v1/jobs/${encodeURIComponent(id)}`;
  const progress = { last: "", retryMs: pollMs, empty: 0, polls: false };
  let answeredAt = Date.now();
  const tell = (event: WatchedEvent): Job | null => {
    answeredAt = Date.now();
    onEvent?.(event);
    if (event.type !== "snapshot") return null;
    return ended.includes(event.job.state) ? event.job : null;
  };
  for (;;) {
    try {
      const events = follow(transport, `${path}/events`, progress, signal);
      for await (const event of events) {
        const job = tell(toEvent(event));
        if (job) return job;
        // Only now: an event whose hearer failed is not one that was had.
        progress.last = event.id;
      }
      if (progress.polls) {
        const call = { method: "GET", path, signal } as const;
        const job = await transport(call, readJson<Job>);
        if (tell({ type: "snapshot", job })) return job;
      }
    } catch (error) {
      signal?.throwIfAborted();
      if (!mayPass(error) || Date.now() - answeredAt > patienceMs) throw error;
    }
    await sleep(jittered(progress.retryMs, 60_000), signal);
  }
}

/** Events of one stream, which may break off; none where the job has to be asked for. */
async function* follow(
  transport: Transport,
  path: string,
  progress: Progress,
  signal: AbortSignal | undefined,
): AsyncGenerator<ServerEvent> {
  if (progress.polls) return;
  const silence = new AbortController();
  const noByte = new UnirepError(`GET ${path}: no byte for ${silenceMs / 1000} s`, 0, null); // prettier-ignore
  let timer: ReturnType<typeof setTimeout> | undefined;
  const heard = () => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(noByte), silenceMs);
  };
  heard();
  try {
    const response = await transport(
      {
        method: "GET",
        path,
        headers: {
          accept: "text/event-stream",
          ...(progress.last && { "last-event-id": progress.last }),
        },
        signal: signal ? AbortSignal.any([signal, silence.signal]) : silence.signal, // prettier-ignore
      },
      (r) => r,
    );
    // 204: nothing can come any more. Anything but a stream is a proxy's doing.
    if (!isEventStream(response) || ++progress.empty > emptyStreams) {
      progress.polls = true;
      await response.body?.cancel();
      return;
    }
    const chunks = hearing(chunksOf(response.body), heard);
    const retry = (ms: number) => void (progress.retryMs = ms);
    for await (const event of readEventStream(chunks, retry)) {
      progress.empty = 0;
      yield event;
    }
  } catch (error) {
    // More streams than a key may have: asking needs none.
    if (!(error instanceof UnirepError && error.status === 429)) throw error;
    progress.polls = true;
  } finally {
    clearTimeout(timer);
  }
}

/** No answer, or one that asks for patience. */
const mayPass = (error: unknown): boolean =>
  error instanceof UnirepError &&
  [0, 429, 502, 503, 504].includes(error.status);

function isEventStream(
  response: Response,
): response is Response & { readonly body: ReadableStream<Uint8Array> } {
  const type = response.headers.get("content-type") ?? "";
  return response.body !== null && type.startsWith("text/event-stream");
}

async function* hearing(
  chunks: AsyncIterable<Uint8Array>,
  heard: () => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    heard();
    yield chunk;
  }
}

/** The service's own events, of the shapes of their names. */
function toEvent({ event, data }: ServerEvent): WatchedEvent {
  const value = fromWire<unknown>(JSON.parse(data));
  if (event === "snapshot") return { type: "snapshot", job: value as Job };
  return value as WatchedEvent;
}
