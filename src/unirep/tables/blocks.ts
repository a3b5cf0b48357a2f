/** @file Small pieces of bytes or text gathered into blocks worth a write. */

const BLOCK_BYTES = 1 << 20;

/** The same bytes in blocks of about 1 MiB; text becomes UTF-8. Blocks are never reused, so consumers may hold them. */
export async function* blocks(
  pieces: AsyncIterable<Uint8Array | string>,
): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces) {
    const part = typeof piece === "string" ? Buffer.from(piece) : piece;
    held.push(part);
    bytes += part.byteLength;
    if (bytes >= BLOCK_BYTES) {
      yield Buffer.concat(held, bytes);
      held = [];
      bytes = 0;
    }
  }
  if (bytes > 0) yield Buffer.concat(held, bytes);
}
