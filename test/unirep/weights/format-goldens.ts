/** @file What NumPy, pickle, JAX and the safetensors package wrote, and what it holds. */
import { readFileSync } from "node:fs";

interface Row {
  readonly name: string;
  readonly bytes: string;
}
export const goldens = JSON.parse(
  readFileSync(new URL("../../goldens/formats.json", import.meta.url), "utf8"),
) as {
  shape: number[];
  values: number[];
  npy: Row[];
  npyShapes: (Row & { shape: number[] })[];
  npyRefused: Row[];
  pickles: Row[];
  picklesRefused: Row[];
  npz: Row[];
  safetensors: string;
};
export const expected = {
  shape: goldens.shape,
  data: Float32Array.from(goldens.values),
};
export const bytesOf = (base64: string) => Buffer.from(base64, "base64");

/** The same bytes at every alignment give the same tensors. */
export const shifted = (bytes: Uint8Array, by: number) => {
  const room = new Uint8Array(bytes.length + by);
  room.set(bytes, by);
  return room.subarray(by);
};
