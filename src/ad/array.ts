/** @file Concrete immutable arrays; the buffer may still be pending while a compiled function runs. */
import { allocate, dtypeOf, type DType, type TypedArray } from "./dtype.ts";
import { showArray, type Nested } from "./host.ts";
import {
  showShape,
  showType,
  sizeOf,
  type ArrayType,
  type Shape,
} from "./shape.ts";
import { Value } from "./tracer.ts";

/** An n-dimensional array, row-major. Shape and dtype are known at once; `await x.data()` reads the elements. */
export class Array extends Value {
  #buffer: TypedArray | Promise<TypedArray>;

  /** Wraps `buffer` without copying; it must not be written to afterwards. */
  constructor(
    readonly type: ArrayType,
    buffer: TypedArray | Promise<TypedArray>,
  ) {
    super();
    this.#buffer = buffer;
    if (buffer instanceof Promise) {
      buffer.then(
        (data) => void (this.#buffer = data),
        // A failed computation is reported where its result is read, not as an unhandled rejection.
        () => undefined,
      );
    }
  }

  /** The elements if they are on the host now, else null. */
  get ready(): TypedArray | null {
    return this.#buffer instanceof Promise ? null : this.#buffer;
  }

  /** The elements, waiting for a pending computation; rejects with the error that computation ended in. */
  override async data(): Promise<TypedArray> {
    return this.#buffer;
  }

  /** The elements at once; a TypeError while they are still being computed. */
  override dataSync(): TypedArray {
    if (this.#buffer instanceof Promise) {
      throw new TypeError(
        `dataSync: the elements of this ${showType(this.type)} are still being computed; use await x.data()`,
      );
    }
    return this.#buffer;
  }

  override toString(): string {
    return this.ready === null
      ? `${showType(this.type)} (pending)`
      : showArray(this.ready, this.type);
  }
}

/** An array from nested numbers or a typed array; a typed array is not copied unless the dtype differs. */
export function array(
  data: Nested | TypedArray,
  options: { dtype?: DType; shape?: Shape } = {},
): Array {
  if (ArrayBuffer.isView(data)) {
    const { dtype = dtypeOf(data), shape = [data.length] } = options;
    return new Array(
      { shape, dtype },
      fit(dtypeOf(data) === dtype ? data : convert(data, dtype), shape),
    );
  }
  const shape: number[] = [];
  for (let level = data; typeof level === "object"; level = level[0]) {
    shape.push(level.length);
    if (level.length === 0) break;
  }
  const flat: number[] = [];
  const walk = (node: Nested, depth: number): void => {
    if (typeof node !== "object") {
      if (depth !== shape.length)
        throw new TypeError(
          `array: rows differ in depth, expected shape ${showShape(shape)}`,
        );
      flat.push(Number(node));
    } else {
      if (node.length !== shape[depth]) {
        throw new TypeError(
          `array: rows differ in length at axis ${depth}, expected ${shape[depth]}, got ${node.length}`,
        );
      }
      node.forEach((child) => walk(child, depth + 1));
    }
  };
  walk(data, 0);
  const dtype = options.dtype ?? "float32";
  return new Array(
    { shape: options.shape ?? shape, dtype },
    fit(convert(flat, dtype), options.shape ?? shape),
  );
}

function fit(data: TypedArray, shape: Shape): TypedArray {
  if (data.length !== sizeOf(shape)) {
    throw new TypeError(
      `array: shape ${showShape(shape)} holds ${sizeOf(shape)} elements, got ${data.length}`,
    );
  }
  return data;
}

function convert(data: ArrayLike<number>, dtype: DType): TypedArray {
  const out = allocate(dtype, data.length);
  if (dtype === "bool")
    for (let i = 0; i < data.length; i++) out[i] = data[i] ? 1 : 0;
  else out.set(data);
  return out;
}
