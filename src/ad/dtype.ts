/** @file Element types and the typed arrays that hold them. */

export type DType = "float32" | "float64" | "int32" | "uint32" | "bool";

/** Host storage of an array; bool is one byte an element, 0 or 1. */
export type TypedArray =
  Float32Array | Float64Array | Int32Array | Uint32Array | Uint8Array;

const constructors = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  bool: Uint8Array,
} as const;

export const dtypes = Object.keys(constructors) as DType[];

export const allocate = (dtype: DType, size: number): TypedArray =>
  new constructors[dtype](size);

export const isFloat = (dtype: DType): boolean =>
  dtype === "float32" || dtype === "float64";

/** The dtype a typed array holds; bytes are read as bool. */
export function dtypeOf(data: TypedArray): DType {
  for (const dtype of dtypes)
    if (data instanceof constructors[dtype]) return dtype;
  throw new TypeError(
    `dtypeOf: expected one of ${dtypes.join(", ")}, got ${Object.prototype.toString.call(data)}`,
  );
}

/** Short name used by the jaxpr printer: f32, f64, i32, u32, bool. */
export const shortName = (dtype: DType): string =>
  dtype === "bool"
    ? "bool"
    : dtype.replace("float", "f").replace("uint", "u").replace("int", "i");
