/** @file A stream of bytes taken in pieces of the sizes that a reader asks for. */

export type ByteReader = ReturnType<typeof byteReader>;

/** Reads a stream from its beginning; an Error where it ends before what is asked for. */
export function byteReader(stream: AsyncIterable<Buffer>) {
  const chunks = stream[Symbol.asyncIterator]();
  let chunk: Buffer = Buffer.alloc(0);

  /** Up to `most` of the next bytes, at least one. */
  const next = async (most: number): Promise<Buffer> => {
    while (chunk.length === 0) {
      const more = await chunks.next();
      if (more.done)
        throw new Error(`stream: expected ${most} more bytes, got its end`);
      chunk = more.value;
    }
    const piece = chunk.subarray(0, most);
    chunk = chunk.subarray(piece.length);
    return piece;
  };

  return {
    /** The next bytes, in memory of their own. */
    async take(bytes: number): Promise<Uint8Array> {
      const taken = new Uint8Array(bytes);
      for (let at = 0; at < bytes;) {
        const piece = await next(bytes - at);
        taken.set(piece, at);
        at += piece.length;
      }
      return taken;
    },
    async skip(bytes: number): Promise<void> {
      for (let left = bytes; left > 0;) left -= (await next(left)).length;
    },
  };
}
