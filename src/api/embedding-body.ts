/** @file Representations as bodies of answers: JSON (floats or base64) and `.npy`, a piece at a time. */
import { float32List, npyHeader } from "../unirep/index.ts";
import type { RepresentationLayer } from "../unirep/index.ts";
import type { Represented } from "../workers/index.ts";
import type { Embedded } from "./embedder.ts";

export type Encoding = "float" | "base64";

const arrays = {
  h_avg: (r: Represented) => r.hAvg,
  h_final: (r: Represented) => r.hFinal,
  c_final: (r: Represented) => r.cFinal,
} satisfies Record<RepresentationLayer, (r: Represented) => Float32Array>;

/** `head` is what the object begins with; `data` is added, one entry a sequence. */
export function* jsonPieces(
  head: Readonly<Record<string, unknown>>,
  { sequences, results, model }: Embedded,
  layers: readonly RepresentationLayer[],
  encoding: Encoding,
): Generator<string> {
  yield `${JSON.stringify(head).slice(0, -1)},"data":[`;
  for (const [index, result] of results.entries()) {
    const { id, sequence } = sequences[index];
    const entry = { index, id, length: sequence.length };
    yield `${index ? "," : ""}${JSON.stringify(entry).slice(0, -1)}`;
    for (const layer of layers)
      yield `,"${layer}":${jsonArray(arrays[layer](result), encoding)}`;
    if (result.perResidue) {
      yield `,"per_residue":`;
      yield* jsonMatrix(result.perResidue, model.units, encoding);
    }
    yield "}";
  }
  yield "]}";
}

/** A list of numbers, or a string of little-endian float32 values. */
export const jsonArray = (values: Float32Array, encoding: Encoding): string =>
  encoding === "base64"
    ? `"${bytes(values).toString("base64")}"`
    : float32List(values);

/** A list of rows, or one string of all rows. */
function* jsonMatrix(
  values: Float32Array,
  width: number,
  encoding: Encoding,
): Generator<string> {
  // 4-byte values in threes make base64 without padding in between.
  const step = encoding === "base64" ? 3 * width : width;
  yield encoding === "base64" ? '"' : "[";
  for (let at = 0; at < values.length; at += step) {
    const part = values.subarray(at, at + step);
    if (encoding === "base64") yield bytes(part).toString("base64");
    else yield (at ? "," : "") + float32List(part);
  }
  yield encoding === "base64" ? '"' : "]";
}

/** (N, layers · n): one row a sequence, layers side by side in the order asked for. */
export function* npyPieces(
  { results, model }: Embedded,
  layers: readonly RepresentationLayer[],
): Generator<Uint8Array> {
  yield npyHeader("<f4", [results.length, layers.length * model.units]);
  for (const result of results)
    for (const layer of layers) yield bytes(arrays[layer](result));
}

/** (L + 1, n): the rows of one sequence, the start token first. */
export function* perResidueNpyPieces({
  results: [{ perResidue }],
  model,
}: Embedded): Generator<Uint8Array> {
  const values = perResidue as Float32Array;
  yield npyHeader("<f4", [values.length / model.units, model.units]);
  yield bytes(values);
}

/** Every machine that Node runs on keeps float32 little-endian. */
const bytes = (values: Float32Array) =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength);
