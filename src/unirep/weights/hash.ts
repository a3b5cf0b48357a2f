/** @file The content hash of a model: equal parameters, equal hash, whatever file carried them. */
import { createHash } from "node:crypto";
import {
  inferConfig,
  namedParams,
  paramShapes,
  type HostTensor,
  type UniRepParams,
} from "../params.ts";
import { floatBytes } from "./bytes.ts";

/**
 * SHA-256 in hex over, for every parameter in the order of `namedParams`, the line `name [d0,d1]\n` and its little-endian
 * float32 bytes. A parameter that holds NaN or an infinity is a TypeError naming it and the element.
 */
export function hashParams(params: UniRepParams): string {
  const tensors = new Map(namedParams(params));
  const hash = createHash("sha256");
  // The order of paramShapes, not of the keys of the tree at hand.
  for (const [name] of namedParams(paramShapes(inferConfig(params)))) {
    const { shape, data } = tensors.get(name) as HostTensor;
    assertFinite(data, name);
    hash.update(`${name} [${shape.join()}]\n`).update(floatBytes(data));
  }
  return hash.digest("hex");
}

function assertFinite(data: Float32Array, name: string): void {
  // x - x is 0 for every finite x and NaN otherwise: one sum finds out without a branch an element.
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i] - data[i];
  if (sum === 0) return;
  const index = data.findIndex((x) => !Number.isFinite(x));
  throw new TypeError(
    `weights: parameter ${name} must be finite, got ${data[index]} at element ${index}`,
  );
}
