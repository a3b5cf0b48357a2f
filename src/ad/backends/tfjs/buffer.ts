/** @file Elements in tensors: how they come, how they are read, when they are freed. */
import type { DType, TypedArray } from "../../dtype.ts";
import { sizeOf, type ArrayType } from "../../shape.ts";
import type { DeviceBuffer } from "../backend.ts";
import { carrierOf, type Tensor, type Tf } from "./tf.ts";

/** A tensor of rank 1 with the elements in row-major order, which is how every value is kept between kernels. */
export function upload(
  tf: Tf,
  data: TypedArray,
  { shape, dtype }: ArrayType,
): Tensor {
  const bits =
    dtype === "uint32"
      ? new Int32Array(data.buffer, data.byteOffset, data.length)
      : data;
  return tf.keep(tf.tensor(bits, [sizeOf(shape)], carrierOf(dtype)));
}

export async function download(x: Tensor, dtype: DType): Promise<TypedArray> {
  const data = await x.data();
  return dtype === "uint32"
    ? new Uint32Array(data.buffer, data.byteOffset, data.length)
    : data;
}

const unreachable = new FinalizationRegistry((x: Tensor) => {
  x.dispose();
});
const tensors = new WeakMap<DeviceBuffer, Tensor>();

/** The buffer of `x`, which it owns from now on. */
export function hold(x: Tensor, dtype: DType): DeviceBuffer {
  const buffer: DeviceBuffer = {
    device: "tfjs",
    read: () => download(held(buffer), dtype),
    free() {
      if (!tensors.delete(buffer)) return;
      unreachable.unregister(buffer);
      x.dispose();
    },
  };
  tensors.set(buffer, x);
  unreachable.register(buffer, x, buffer);
  return buffer;
}

/** The tensor of a buffer; an Error once it is freed. */
export function held(buffer: DeviceBuffer): Tensor {
  const x = tensors.get(buffer);
  if (x) return x;
  throw new Error(
    "tfjs: these elements were freed before they were read; free a buffer after the calls that use it",
  );
}
