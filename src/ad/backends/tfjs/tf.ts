/** @file The part of TensorFlow.js this backend calls, in words of its own, so that no exported type needs an installation of it. */
import type { DType, TypedArray } from "../../dtype.ts";

export type TfDType = "float32" | "int32" | "bool";

/** A handle to elements; several handles may share them, and each is disposed for itself. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly dtype: string;
  data(): Promise<TypedArray>;
  dispose(): void;
}

type Shape = readonly number[];
type Unary = (x: Tensor) => Tensor;
type Binary = (x: Tensor, y: Tensor) => Tensor;
type Reduction = (x: Tensor, axes: Shape) => Tensor;

export type UnaryName =
  | "neg" | "exp" | "log" | "tanh" | "sigmoid" | "sqrt" | "sin" | "cos" | "tan" | "asin" | "acos" | "atan" | "sinh"
  | "cosh" | "asinh" | "acosh" | "atanh" | "log1p" | "expm1" | "floor" | "ceil" | "round" | "abs" | "isNaN"
  | "logicalNot" | "clone"; // prettier-ignore

export type BinaryName =
  | "add" | "sub" | "mul" | "div" | "floorDiv" | "mod" | "pow" | "atan2" | "maximum" | "minimum" | "equal" | "notEqual"
  | "less" | "lessEqual" | "greaterEqual" | "logicalAnd" | "logicalOr" | "bitwiseAnd"; // prettier-ignore

export interface Tf
  extends
    Readonly<Record<UnaryName, Unary>>,
    Readonly<Record<BinaryName, Binary>> {
  readonly version_core: string;
  ready(): Promise<void>;
  getBackend(): string;
  getKernel(name: string, backend: string): unknown;
  tidy(f: () => Tensor): Tensor;
  /** Takes a tensor out of the `tidy` it was made in. */
  keep(x: Tensor): Tensor;
  /** Reads `values` where they lie: they must not be written to afterwards. */
  tensor(values: TypedArray, shape: Shape, dtype: TfDType): Tensor;
  scalar(value: number, dtype: TfDType): Tensor;
  fill(shape: Shape, value: number, dtype: TfDType): Tensor;
  range(start: number, stop: number, step: number, dtype: TfDType): Tensor;
  reshape(x: Tensor, shape: Shape): Tensor;
  cast(x: Tensor, dtype: TfDType): Tensor;
  where(p: Tensor, x: Tensor, y: Tensor): Tensor;
  broadcastTo(x: Tensor, shape: Shape): Tensor;
  tile(x: Tensor, repeats: Shape): Tensor;
  transpose(x: Tensor, order: Shape): Tensor;
  slice(x: Tensor, start: Shape, size: Shape): Tensor;
  stridedSlice(x: Tensor, start: Shape, limit: Shape, stride: Shape): Tensor;
  pad(x: Tensor, widths: readonly (readonly [number, number])[]): Tensor;
  concat(xs: readonly Tensor[], axis: number): Tensor;
  reverse(x: Tensor, axes: Shape): Tensor;
  readonly sum: Reduction;
  readonly prod: Reduction;
  readonly max: Reduction;
  readonly min: Reduction;
  argMax(x: Tensor, axis: number): Tensor;
  argMin(x: Tensor, axis: number): Tensor;
  cumsum(x: Tensor, axis: number, exclusive: boolean, reverse: boolean): Tensor;
  topk(x: Tensor, k: number): { readonly indices: Tensor };
  gather(x: Tensor, indices: Tensor, axis: number): Tensor;
  matMul(
    x: Tensor,
    y: Tensor,
    transposeX: boolean,
    transposeY: boolean,
  ): Tensor;
}

/** What carries each dtype; uint32 goes as the int32 of the same bits. */
export const carrierOf = (dtype: DType): TfDType =>
  dtype === "uint32" ? "int32" : (dtype as TfDType);

/** A number of `dtype` as its carrier holds it. */
const carried = (value: number, dtype: DType): number =>
  dtype === "uint32" ? value | 0 : value;

export const full = (
  tf: Tf,
  shape: Shape,
  value: number,
  dtype: DType,
): Tensor => tf.fill(shape, carried(value, dtype), carrierOf(dtype));

export const constant = (tf: Tf, value: number, dtype: DType): Tensor =>
  tf.scalar(carried(value, dtype), carrierOf(dtype));
