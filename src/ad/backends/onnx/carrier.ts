/** @file The pairs of operator and dtype ONNX Runtime has no kernel for, and the wider dtype that carries each. */
import type { DType } from "../../dtype.ts";
import type { Device } from "../backend.ts";
import type { GraphBuilder } from "./graph.ts";
import { elementType, type ElementType } from "./proto.ts";

type Carriers = Partial<Record<DType, ElementType>>;

// Casting int64 back to uint32 keeps the low 32 bits, which is what wrapped arithmetic gives.
const unsigned: Carriers = { uint32: "int64" };
const order: Carriers = { bool: "int32" };

/** Measured on the CPU provider of onnxruntime-node 1.30, opset 20. */
const carriers: Readonly<Record<string, Carriers>> = {
  Neg: unsigned,
  Less: order,
  LessOrEqual: order,
  Where: { ...unsigned, bool: "uint8" },
  // The kernel for int32 saturates where wrapped arithmetic is wanted.
  ReduceSum: { ...unsigned, int32: "int64" },
  ReduceMax: unsigned,
  ReduceMin: unsigned,
  CumSum: { ...unsigned, int32: "int64" },
  TopK: { ...unsigned, ...order },
  ArgMax: { ...unsigned, ...order },
  ArgMin: { ...unsigned, ...order },
  Einsum: unsigned,
  // There is a kernel for uint32, but it fails where the contracted axis is empty.
  MatMul: unsigned,
};

/** There is no float64 on a WebGPU device: what is carried in it is computed on the processor. */
const onWebgpu: typeof carriers = {
  // WGSL lets these be wrong by up to 5e-4, and SwiftShader's are by 4e-5.
  Sin: { float32: "float64" },
  Cos: { float32: "float64" },
  // The kernel takes an infinity for the end of the axis and gives it the index -1.
  TopK: { float32: "float64" },
};

/** No kernel, and no carrier that would keep every digit: the operation is computed from others. */
const absent: Readonly<Record<string, readonly DType[]>> = {
  ...Object.fromEntries(
    [
      "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh", "Asinh", "Acosh", "Atanh", "Erf",
    ].map((op) => [op, ["float64"]]),
  ), // prettier-ignore
  // There is a kernel, but x Sigmoid(x) is fused into an operator that has one for float32 only.
  Sigmoid: ["float64"],
  // There is a kernel for int32, but it goes through float64 and does not wrap.
  Pow: ["int32", "uint32"],
};

/** As inexact as sine and cosine; what they are made of is exact. */
const absentOnWebgpu: readonly string[] = ["Tan", "Asin", "Acos", "Atan"];

/** Whether `op` works on `dtype`, in a carrier or as it is. */
export const hasKernel = (device: Device, op: string, dtype: DType): boolean =>
  !absent[op]?.includes(dtype) &&
  !(device === "webgpu" && absentOnWebgpu.includes(op));

/** The dtype to compute `op` in when it has no kernel for `dtype`, else null. */
export const carrierOf = (
  device: Device,
  op: string,
  dtype: DType,
): ElementType | null =>
  (device === "webgpu" ? onWebgpu[op]?.[dtype] : undefined) ??
  carriers[op]?.[dtype] ??
  null;

export const cast = (g: GraphBuilder, name: string, to: ElementType): string =>
  g.node("Cast", [name], { to: elementType[to] });

/** `make` applied to operands of `dtype` in a dtype `op` has a kernel for; its result is cast back to `dtype`. */
export function carried(
  g: GraphBuilder,
  op: string,
  dtype: DType,
  names: readonly string[],
  make: (names: readonly string[]) => string,
): string {
  const carrier = carrierOf(g.device, op, dtype);
  if (carrier === null) return make(names);
  return cast(g, make(names.map((name) => cast(g, name, carrier))), dtype);
}
