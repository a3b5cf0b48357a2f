/** @file Raw IEEE-754 bytes of weight files to float32 tensors and back, without a copy where alignment allows. */
import type { HostTensor } from "../params.ts";

/** How a weight file stores one tensor. */
export interface FloatLayout {
  readonly shape: readonly number[];
  readonly bits: 32 | 64;
  readonly bigEndian?: boolean;
  /** Column-major storage. */
  readonly fortran?: boolean;
}

const hostIsBigEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 0;

/** Number of elements of `shape`; a shape that is no list of non-negative integers, or overflows, is a TypeError naming `who`. */
export function elementCount(shape: readonly unknown[], who: string): number {
  const count = shape.reduce<number>(
    (product, n) =>
      typeof n === "number" && Number.isSafeInteger(n) && n >= 0
        ? product * n
        : NaN,
    1,
  );
  if (!Number.isSafeInteger(count)) {
    throw new TypeError(
      `${who}: expected a shape of non-negative integers, got [${shape.map(String).join(", ")}]`,
    );
  }
  return count;
}

/**
 * The tensor whose raw bytes are `bytes`, exactly as long as `layout` asks for, else a TypeError naming `who`.
 * float64 is rounded to the nearest float32. The result may share memory with `bytes`: neither may be written to.
 */
export function tensorFromBytes(
  bytes: Uint8Array,
  layout: FloatLayout,
  who: string,
): HostTensor {
  const { shape, bits, bigEndian = false, fortran = false } = layout;
  const count = elementCount(shape, who);
  if (bytes.length !== count * (bits / 8)) {
    throw new TypeError(
      `${who}: shape [${shape.join(", ")}] of float${bits} needs ${count * (bits / 8)} bytes, got ${bytes.length}`,
    );
  }
  const swap = bigEndian !== hostIsBigEndian;
  let aligned = bytes;
  if (swap || bytes.byteOffset % (bits / 8) !== 0) {
    aligned = new Uint8Array(bytes); // a fresh, aligned copy
    if (swap) swapBytes(aligned, bits);
  }
  const { buffer, byteOffset } = aligned;
  const data =
    bits === 32
      ? new Float32Array(buffer, byteOffset, count)
      : Float32Array.from(new Float64Array(buffer, byteOffset, count));
  return { shape, data: fortran ? toRowMajor(data, shape) : data };
}

/** Little-endian float32 bytes of `data`; shares memory with it where the host's order allows. */
export function floatBytes(data: Float32Array): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return hostIsBigEndian ? swapBytes(new Uint8Array(bytes), 32) : bytes;
}

function swapBytes(bytes: Uint8Array, bits: 32 | 64): Uint8Array {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bits === 32) view.swap32();
  else view.swap64();
  return bytes;
}

/** Walks the row-major result in order while stepping through column-major strides. */
function toRowMajor(
  data: Float32Array,
  shape: readonly number[],
): Float32Array {
  const strides = shape.map((_, axis) =>
    shape.slice(0, axis).reduce((a, b) => a * b, 1),
  );
  const index = shape.map(() => 0);
  const out = new Float32Array(data.length);
  for (let i = 0, from = 0; i < out.length; i++) {
    out[i] = data[from];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]++;
      from += strides[axis];
      if (index[axis] < shape[axis]) break;
      from -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return out;
}
