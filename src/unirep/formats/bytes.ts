/** @file Byte streams: a look at their start without consuming it. */

/** Bytes with their start known: `head` holds at least the asked-for bytes if there are so many, `bytes` all of them. */
export interface Peeked {
  readonly head: Buffer;
  readonly bytes: AsyncIterable<Uint8Array>;
}

export async function peek(
  source: AsyncIterable<Uint8Array>,
  atLeast: number,
): Promise<Peeked> {
  const rest = source[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < atLeast) {
    const next = await rest.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  async function* bytes(): AsyncGenerator<Uint8Array> {
    try {
      yield head;
      yield* { [Symbol.asyncIterator]: () => rest };
    } finally {
      await rest.return?.();
    }
  }
  return { head, bytes: bytes() };
}

/** The bytes without a UTF-8 byte order mark at their start. */
export async function* withoutByteOrderMark(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const { head, bytes } = await peek(source, 3);
  let skip = head.toString("hex", 0, 3) === "efbbbf" ? 3 : 0;
  for await (const chunk of bytes) {
    yield skip > 0 ? chunk.subarray(skip) : chunk;
    skip = 0;
  }
}
