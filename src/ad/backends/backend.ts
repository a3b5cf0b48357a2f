/** @file What a backend is: something that compiles a program of kernels into a function on stored elements. */
import type { DType, TypedArray } from "../dtype.ts";
import type { Program } from "../lowering/kernel.ts";

/**
 * `js`: the reference backend, every dtype, synchronous. `cpu`: ONNX Runtime on the processor. `webgpu`, `cuda`: the same
 * graphs on a GPU. `tfjs`: kernel by kernel on TensorFlow.js, the user's own installation of it.
 */
export type Device = "js" | "cpu" | "webgpu" | "cuda" | "tfjs";

/** Elements that live on a device. Its memory is freed when nothing refers to it any more, or at once by `free`. */
export interface DeviceBuffer {
  readonly device: Device;
  /** Copies the elements to the host. */
  read(): Promise<TypedArray>;
  /** Frees the memory; a second call does nothing. */
  free(): void;
}

/** Where the elements of an array are. */
export type Storage = TypedArray | DeviceBuffer;

/** How matrix products against constants are computed: exactly, or with both sides rounded to 8 bits. */
export type Precision = "float32" | "int8";

export interface CompileOptions {
  /** Sizes that stand for any size: dimension -> name; the compiled function takes operands of any such size. */
  readonly symbols: ReadonlyMap<number, string>;
  /** Threads of one call; 0 is the backend's own choice. */
  readonly threads: number;
  /** Threads that calls run in, so many at a time; 0 is the calling thread. */
  readonly workers: number;
  readonly precision: Precision;
}

/** A compiled program. `sizes` gives the actual size of every symbol for this call. */
export interface Executable {
  /** Inputs are on the host or on this backend's own device. */
  run(
    inputs: readonly Storage[],
    sizes: ReadonlyMap<string, number>,
  ): Storage[] | Promise<Storage[]>;
  /** Frees native memory; the executable cannot run afterwards. */
  dispose(): void;
}

/** Whether a device works on this machine, and what it is or why it does not. */
export interface Availability {
  readonly available: boolean;
  readonly detail: string;
}

export interface Backend {
  readonly device: Device;
  /** What its arrays may hold; a program with another dtype is refused when it is compiled. */
  readonly dtypes: readonly DType[];
  /** Whether one compiled program can serve any size of an axis; elsewhere each size is compiled for itself. */
  readonly symbolicSizes: boolean;
  /** Whether the passes that fit a program to a processor's caches and products (`weightsFirst`, `tile`) pay here. */
  readonly isProcessor: boolean;
  check(): Promise<Availability>;
  compile(
    program: Program,
    options: CompileOptions,
  ): Executable | Promise<Executable>;
}
