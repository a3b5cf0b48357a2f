/** @file Embeddings that the page maps: from an answer given at once, or from the result of a job. */
import type { Embeddings, Job, UnirepClient } from "../client/index.ts";
import type { FastaRecord } from "./fasta.ts";
import type { Matrix } from "./pca.ts";

export interface Vectors {
  readonly model: { readonly id: string; readonly licence: string };
  readonly ids: readonly string[];
  /** Residues of each sequence. */
  readonly lengths: readonly number[];
  /** Header of each sequence as far as the page has seen it, else its id. */
  readonly headers: readonly string[];
  readonly matrix: Matrix;
  /** Sequences of the result; more than `ids` where only the first are mapped. */
  readonly total: number;
}

/** Points that can be told apart, and values that a page can hold (80 MB). */
export const mostPoints = 20_000;
const mostValues = 20_000_000;

export function vectorsOf(
  { ids, lengths, layers, model }: Embeddings,
  records: readonly FastaRecord[],
): Vectors {
  const values = layers.h_avg as Float32Array;
  return {
    model,
    ids,
    lengths,
    headers: records.map(({ header }, i) => header || ids[i]),
    matrix: { values, rows: ids.length, columns: model.units },
    total: ids.length,
  };
}

/** Whether a result has one vector a sequence, side by side where it has several layers. */
export const canBeMapped = ({ kind, result, options }: Job): boolean =>
  kind === "embed" &&
  result !== null &&
  Array.isArray(options.layers) &&
  options.layers.length > 0;

/** The first vectors of a job's result: as many as can be mapped. */
export async function vectorsOfJob(
  client: UnirepClient,
  { id, model }: Job,
  headers: ReadonlyMap<string, string>,
  signal: AbortSignal,
): Promise<Vectors> {
  const beside = await client.result(id, { format: "ids", signal });
  const { ids, lengths } = JSON.parse(new TextDecoder().decode(await beside.bytes())) as Pick<Vectors, "ids" | "lengths">; // prettier-ignore
  const { stream } = await client.result(id, { format: "npy", signal });
  const matrix = await firstRows(stream);
  const shown = ids.slice(0, matrix.rows);
  return {
    model,
    ids: shown,
    lengths: lengths.slice(0, matrix.rows),
    headers: shown.map((name) => headers.get(name) ?? name),
    matrix,
    total: ids.length,
  };
}

/** Rows from the start of an .npy of float32 (numpy.lib.format 1.0); the rest of the stream is not read. */
async function firstRows(stream: ReadableStream<Uint8Array>): Promise<Matrix> {
  const reader = stream.getReader();
  const next = async (): Promise<Uint8Array> => {
    const { done, value } = await reader.read();
    if (!done) return value;
    throw new Error("map: expected a whole .npy, got only its beginning");
  };
  let head: Uint8Array = await next();
  const startOf = () => (head.length < 10 ? Infinity : 10 + head[8] + 256 * head[9]); // prettier-ignore
  while (head.length < startOf())
    head = Uint8Array.from([...head, ...(await next())]);
  const start = startOf();
  const text = new TextDecoder().decode(head.subarray(10, start));
  const [, all, width] = /'<f4'.*'shape': \((\d+), (\d+)\)/.exec(text) ?? [];
  if (width === undefined)
    throw new Error("map: expected an .npy of one float32 matrix, got another");
  const columns = Number(width);
  const rows = Math.min(Number(all), mostPoints, Math.floor(mostValues / columns)); // prettier-ignore
  const bytes = new Uint8Array(4 * rows * columns);
  let filled = 0;
  for (let chunk = head.subarray(start); ; chunk = await next()) {
    bytes.set(chunk.subarray(0, bytes.length - filled), filled);
    filled += chunk.length;
    if (filled >= bytes.length) break;
  }
  await reader.cancel();
  return { values: new Float32Array(bytes.buffer), rows, columns };
}
