/** @file A body written as it is made: blocks of a useful size, back-pressure, and rests for the event loop. */
import type { Response } from "express";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate } from "node:timers/promises";

const blockBytes = 65_536;

/** Writes the whole answer; rejects with the signal's reason where the client has gone. */
export async function sendPieces(
  res: Response,
  headers: Readonly<Record<string, string>>,
  pieces: Iterable<string | Uint8Array>,
  signal: AbortSignal,
): Promise<void> {
  const blocks = inBlocks(pieces);
  const first = await blocks.next();
  const second = await blocks.next();
  signal.throwIfAborted();
  res.status(200).set(headers);
  if (second.done) {
    res.end(first.value ?? Buffer.alloc(0));
    return;
  }
  async function* all() {
    yield first.value as Buffer;
    yield second.value as Buffer;
    yield* blocks;
  }
  await pipeline(Readable.from(all()), res, { signal });
}

async function* inBlocks(
  pieces: Iterable<string | Uint8Array>,
): AsyncGenerator<Buffer, undefined> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for (const piece of pieces) {
    const block = typeof piece === "string" ? Buffer.from(piece) : piece;
    held.push(block);
    bytes += block.length;
    if (bytes < blockBytes) continue;
    yield Buffer.concat(held);
    held = [];
    bytes = 0;
    // Making a long answer must not keep the event loop from others.
    await setImmediate();
  }
  if (bytes > 0) yield Buffer.concat(held);
}
