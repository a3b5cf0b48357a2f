/** @file One server-sent event stream as an answer (WHATWG HTML, 9.2): opened, written, kept alive, ended. */
import type { Response } from "express";

export interface EventStream {
  /** Writes an event; `id` is what a client that comes back names as the last it has. */
  readonly send: (event: string, data: unknown, id?: string) => void;
  /** Whether earlier events still wait to leave; a client that takes none for 30 s is cut off, and may come back. */
  readonly busy: () => boolean;
  readonly end: () => void;
}

const heartbeatMs = 15_000;
const stalledMs = 30_000;
/** Milliseconds after which an `EventSource` comes back. */
const retryMs = 2_000;

/** Opens the stream: from here on nothing but events can be answered. */
export function openEventStream(res: Response): EventStream {
  res.status(200).set({
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache, no-transform",
    // nginx would hold events back until its buffer is full.
    "X-Accel-Buffering": "no",
  });
  res.write(`retry: ${retryMs}\n\n`);
  const heartbeat = setInterval(() => {
    if (!busy()) res.write(":\n\n");
  }, heartbeatMs);
  res.once("close", () => clearInterval(heartbeat));

  let stalledSince: number | null = null;
  function busy(): boolean {
    if (!res.writableNeedDrain) {
      stalledSince = null;
      return false;
    }
    stalledSince ??= Date.now();
    if (Date.now() - stalledSince > stalledMs) res.destroy();
    return true;
  }
  return {
    send(event, data, id) {
      const head = id === undefined ? "" : `id: ${id}\n`;
      res.write(`${head}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
    },
    busy,
    end: () => void res.end(),
  };
}
