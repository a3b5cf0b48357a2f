/** @file Gzip, streamed: any number of members, and an error where data would be lost without one. */
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/** Whether the bytes start a gzip file (RFC 1952). */
export function isGzip(head: Uint8Array): boolean {
  return head[0] === 0x1f && head[1] === 0x8b;
}

/** Unpacked bytes of a gzip file. Throws an Error with a half sentence as its message when the data is cut off or damaged. */
export async function* gunzip(
  packed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const gzip = createGunzip({ chunkSize: 1 << 18 });
  const input = { bytes: 0, meaningful: 0 };
  pipeline(Readable.from(watched(packed, input)), gzip, () => {
    // Every error destroys the stream that is read below, and is thrown there.
  });
  try {
    for await (const chunk of gzip) yield chunk as Buffer;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "Z_BUF_ERROR") {
      throw new Error("gzip data that is cut off", { cause: error });
    }
    if (code?.startsWith("Z_")) {
      throw new Error(`damaged gzip data (${(error as Error).message})`, {
        cause: error,
      });
    }
    throw error;
  }
  // zlib stops in silence at a zero byte after a member, which is padding only if nothing else follows.
  if (gzip.bytesWritten < input.meaningful) {
    throw new Error(
      `other data after the gzip data at byte ${gzip.bytesWritten}`,
    );
  }
}

/** Passes bytes on and notes how many there were up to the last that is not zero. */
async function* watched(
  bytes: AsyncIterable<Uint8Array>,
  input: { bytes: number; meaningful: number },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    let last = chunk.length;
    while (last > 0 && chunk[last - 1] === 0) last--;
    if (last > 0) input.meaningful = input.bytes + last;
    input.bytes += chunk.length;
    yield chunk;
  }
}
