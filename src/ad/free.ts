/** @file Memory on the host given back at once. */
import type { TypedArray } from "./dtype.ts";

/** Less is not worth a channel, which takes some 50 microseconds. */
const leastBytes = 2 ** 20;

/**
 * Frees the memory of `data`, which has no elements afterwards. Left to the garbage collector, the results of several
 * calls pile up before it comes by.
 */
export function freeAtOnce({ buffer }: TypedArray): void {
  if (buffer.byteLength < leastBytes || !(buffer instanceof ArrayBuffer))
    return;
  // A message owns what is transferred with it, and goes when the port that should receive it is closed.
  const { port1, port2 } = new MessageChannel();
  port1.postMessage(null, [buffer]);
  port2.close();
}
