/** @file Test streams: bytes cut at chosen places, and readers collected into lists. */
import type { Parsed } from "../../../src/unirep/formats/index.ts";
import { SequenceError } from "../../../src/unirep/formats/index.ts";

/** The bytes in chunks of the given sizes, repeated. */
export async function* chunked(
  data: Uint8Array | string,
  sizes: readonly number[] = [Infinity],
): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(data);
  for (let at = 0, i = 0; at < bytes.length; i++) {
    const size = sizes[i % sizes.length];
    yield bytes.subarray(at, at + size);
    at += size;
    await Promise.resolve();
  }
}

export async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of source) items.push(item);
  return items;
}

/** What a reader found, as plain data: records, errors and the error that ended it. */
export async function outcome(
  batches: AsyncIterable<readonly Parsed[]>,
): Promise<unknown[]> {
  const items: unknown[] = [];
  try {
    for await (const batch of batches) items.push(...batch.map(plain));
  } catch (error) {
    if (!(error instanceof SequenceError)) throw error;
    items.push({ thrown: plain(error) });
  }
  return items;
}

function plain(parsed: Parsed): unknown {
  if (!(parsed instanceof SequenceError)) {
    const { record, gapsRemoved, rare } = parsed;
    const { id, description, sequence, line } = record;
    return {
      id,
      description,
      sequence,
      record: record.record,
      line,
      gapsRemoved,
      rare: rare ?? {},
    };
  }
  const { record, id, line, column, message } = parsed;
  return { record, id, line, column, message };
}
