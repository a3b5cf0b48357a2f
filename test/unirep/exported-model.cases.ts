/** @file An exported UniRep file as its other users see it: tokens in, arrays out, by plain ONNX Runtime. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { encode } from "../../src/unirep/alphabet.ts";

/** [start, residues, padding] of every sequence, to the longest. */
export function tokenRows(sequences: readonly string[]): {
  readonly dims: readonly [number, number];
  readonly data: BigInt64Array;
} {
  const rows = sequences.map((sequence) => [24, ...encode(sequence)]);
  const steps = Math.max(...rows.map((row) => row.length));
  const data = new BigInt64Array(rows.length * steps);
  rows.forEach((row, i) =>
    row.forEach((token, k) => (data[i * steps + k] = BigInt(token))),
  );
  return { dims: [rows.length, steps], data };
}

export interface Output {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

export interface ExportedModel {
  run(
    tokens: ReturnType<typeof tokenRows>,
  ): Promise<Readonly<Record<string, Output>>>;
  release(): Promise<void>;
}

/** Loads the bytes of a file; the caller releases it. */
export async function loadExported(bytes: Uint8Array): Promise<ExportedModel> {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  return {
    run: async ({ dims, data }) =>
      (await session.run({
        tokens: new Tensor("int64", data, dims),
      })) as unknown as Record<string, Output>,
    release: () => session.release(),
  };
}

/** Row `i` along the first axis. */
export function row({ dims, data }: Output, i: number): Float32Array {
  const size = data.length / dims[0];
  return data.subarray(i * size, (i + 1) * size);
}
