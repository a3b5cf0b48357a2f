/** @file Concrete immutable arrays; the buffer may still be pending while a compiled function runs. */
/// <reference lib="esnext.disposable" preserve="true" />
import type { Device, DeviceBuffer, Storage } from "./backends/backend.ts";
import { allocate, dtypeOf, type DType, type TypedArray } from "./dtype.ts";
import { freeAtOnce } from "./free.ts";
import { showArray, type Nested } from "./host.ts";
import {
  showShape,
  showType,
  sizeOf,
  type ArrayType,
  type Shape,
} from "./shape.ts";
import { Value } from "./tracer.ts";

const onHost = (storage: Storage | Promise<Storage>): storage is TypedArray =>
  ArrayBuffer.isView(storage);

/** An n-dimensional array, row-major. Shape and dtype are known at once; `await x.data()` reads the elements. */
export class Array extends Value {
  #storage: Storage | Promise<Storage> | null;
  /** A copy on the host of elements that live on a device, once somebody reads them. */
  #reading: Promise<TypedArray> | null = null;
  #copy: TypedArray | null = null;
  /** Calls under way that read the elements: what they need is freed after them. */
  #readers = 0;
  /** What is to be freed once there are none. */
  #deleted: Storage | Promise<Storage> | null = null;
  /** Whether the elements on the host were made for this array and nobody has been given them. */
  #isSole: boolean;

  /**
   * Wraps `storage` without copying; it must not be written to afterwards. `isSole` says that nothing else
   * refers to that memory, which may then be freed before the garbage collector comes by.
   */
  constructor(
    readonly type: ArrayType,
    storage: Storage | Promise<Storage>,
    isSole = false,
  ) {
    super();
    this.#isSole = isSole;
    this.#storage = storage;
    if (storage instanceof Promise) {
      storage.then(
        (stored) => {
          if (this.#storage) this.#storage = stored;
        },
        // A failed computation is reported where its result is read, not as an unhandled rejection.
        () => undefined,
      );
    }
  }

  /** The elements if they are on the host now, else null. */
  get ready(): TypedArray | null {
    const storage = this.#live("ready");
    this.#isSole = false;
    return onHost(storage) ? storage : this.#copy;
  }

  /** The elements where `device` can use them: where they are if that is the host or the device itself, else a copy. */
  on(device: Device): Storage | Promise<Storage> {
    const storage = this.#live(`a call on ${device}`);
    // These hand an operand through as a result.
    if (device === "js" || device === "tfjs") this.#isSole = false;
    const there = (stored: Storage) =>
      onHost(stored) || stored.device === device ? stored : this.#read(stored);
    return storage instanceof Promise ? storage.then(there) : there(storage);
  }

  /** The elements, waiting for a pending computation; rejects with the error that computation ended in. */
  override async data(): Promise<TypedArray> {
    const storage = this.#live("data");
    this.#isSole = false;
    this.hold();
    try {
      const stored = await storage;
      return onHost(stored) ? stored : await this.#read(stored);
    } finally {
      this.release();
    }
  }

  #read(buffer: DeviceBuffer): Promise<TypedArray> {
    this.#reading ??= buffer.read().then((copy) => (this.#copy = copy));
    return this.#reading;
  }

  /** The elements at once; a TypeError while they are still being computed or on a device. */
  override dataSync(): TypedArray {
    const storage = this.#live("dataSync");
    this.#isSole = false;
    const elements = onHost(storage) ? storage : this.#copy;
    if (elements) return elements;
    throw new TypeError(
      storage instanceof Promise
        ? `dataSync: the elements of this ${showType(this.type)} are still being computed; use await x.data()`
        : `dataSync: the elements of this ${showType(this.type)} are on device ${(storage as DeviceBuffer).device}; use await x.data()`,
    );
  }

  /** Keeps the elements from being freed until `release` is called as often. */
  hold(): void {
    this.#readers++;
  }

  release(): void {
    this.#readers--;
    this.#freeDeleted();
  }

  /**
   * Frees the elements now instead of when nothing refers to them, or as soon as calls under way have read them; using
   * the array afterwards is a TypeError (jax.Array.delete). Elements somebody has read stay what they are.
   */
  delete(): void {
    this.#deleted ??= this.#storage;
    this.#storage = null;
    this.#freeDeleted();
  }

  #freeDeleted(): void {
    const storage = this.#deleted;
    if (this.#readers > 0 || !storage) return;
    this.#deleted = null;
    this.#reading = null;
    this.#copy = null;
    void Promise.resolve(storage).then(
      (stored) => {
        if (!onHost(stored)) stored.free();
        else if (this.#isSole) freeAtOnce(stored);
      },
      // A computation that failed left nothing to free.
      () => undefined,
    );
  }

  [Symbol.dispose](): void {
    this.delete();
  }

  #live(who: string): Storage | Promise<Storage> {
    if (this.#storage) return this.#storage;
    throw new TypeError(
      `${who}: this ${showType(this.type)} was deleted or donated to a call; keep another array, or do not donate it`,
    );
  }

  override toString(): string {
    if (!this.#storage) return `${showType(this.type)} (deleted)`;
    if (this.#storage instanceof Promise)
      return `${showType(this.type)} (pending)`;
    return onHost(this.#storage)
      ? showArray(this.#storage, this.type)
      : `${showType(this.type)} (on ${this.#storage.device})`;
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
