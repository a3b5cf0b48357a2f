/** @file Embeddings as the API sends them (base64), as matrices. */
import type { Embeddings, EmbedOptions, SequenceRecord } from "./types.ts";

type Layer = keyof Embeddings["layers"];

export interface EmbeddingAnswer {
  readonly model: Embeddings["model"];
  readonly data: readonly ({
    readonly id: string;
    readonly length: number;
    readonly per_residue?: string;
  } & Readonly<Partial<Record<Layer, string>>>)[];
}

export function embeddingRequest(
  input: string | readonly (string | SequenceRecord)[],
  { model, precision, layers, perResidue }: EmbedOptions,
): string {
  return JSON.stringify({ input, model, precision, layers, per_residue: perResidue, encoding_format: "base64" }); // prettier-ignore
}

export function readEmbeddings({ model, data }: EmbeddingAnswer): Embeddings {
  const names = (["h_avg", "h_final", "c_final"] as const).filter((name) => data[0][name] !== undefined); // prettier-ignore
  const layers: Partial<Record<Layer, Float32Array>> = {};
  for (const name of names) {
    const matrix = new Float32Array(data.length * model.units);
    for (const [row, entry] of data.entries())
      matrix.set(floats(entry[name] as string), row * model.units);
    layers[name] = matrix;
  }
  return {
    model,
    ids: data.map(({ id }) => id),
    lengths: data.map(({ length }) => length),
    layers,
    perResidue: data.flatMap(({ per_residue: text }) => text === undefined ? [] : [floats(text)]), // prettier-ignore
  };
}

/** Little-endian float32 values; so are those of every machine a browser or Node runs on. */
function floats(base64: string): Float32Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new Float32Array(bytes.buffer);
}
