/** @file FASTA as far as the page must know it: records of a small input, headers of a large one. The service checks the residues. */

export interface FastaRecord {
  /** First word of the header. */
  readonly id: string;
  /** The header without `>`. */
  readonly header: string;
  readonly sequence: string;
}

/** Text without any header is one sequence; throws where headers come only later. */
export function parseFasta(text: string): FastaRecord[] {
  const records: { id: string; header: string; lines: string[] }[] = [];
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  const named = lines.some((line) => line.trimStart().startsWith(">"));
  for (const [i, raw] of lines.entries()) {
    const line = raw.trim();
    const isLayout = line === "" || (records.length === 0 && line.startsWith(";")); // prettier-ignore
    if (isLayout) continue;
    if (line.startsWith(">")) {
      const header = line.slice(1).trim();
      records.push({ id: idOf(header, records.length), header, lines: [] });
      continue;
    }
    if (records.length === 0 && named)
      throw new RangeError(`FASTA: expected > at line ${i + 1}, before the first sequence`); // prettier-ignore
    if (records.length === 0)
      records.push({ id: "seq-1", header: "seq-1", lines: [] });
    records[records.length - 1].lines.push(line.replaceAll(/\s/g, ""));
  }
  return records.map(({ lines, ...rest }) => ({
    ...rest,
    sequence: lines.join(""),
  }));
}

const idOf = (header: string, before: number): string =>
  header.split(/\s/, 1)[0] || `seq-${before + 1}`;

/** Headers by id, of FASTA that may be larger than memory; `most` at most, the first of each id. */
export async function readHeaders(
  blob: Blob,
  most: number,
): Promise<Map<string, string>> {
  const headers = new Map<string, string>();
  const lines = (await plainText(blob)).pipeThrough(lineSplitter());
  for (const reader = lines.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) return headers;
    if (!value.startsWith(">")) continue;
    const header = value.slice(1).trim();
    const id = idOf(header, headers.size);
    if (!headers.has(id)) headers.set(id, header);
    if (headers.size < most) continue;
    await reader.cancel();
    return headers;
  }
}

async function plainText(blob: Blob): Promise<ReadableStream<string>> {
  const bytes = blob.stream();
  const plain = (await isGzip(blob))
    ? bytes.pipeThrough(new DecompressionStream("gzip"))
    : bytes;
  return plain.pipeThrough(new TextDecoderStream());
}

export async function isGzip(blob: Blob): Promise<boolean> {
  const start = new Uint8Array(await blob.slice(0, 2).arrayBuffer());
  return start[0] === 0x1f && start[1] === 0x8b;
}

function lineSplitter(): TransformStream<string, string> {
  let rest = "";
  return new TransformStream({
    transform(chunk, controller) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() as string;
      for (const line of lines) controller.enqueue(line);
    },
    flush: (controller) => controller.enqueue(rest),
  });
}
