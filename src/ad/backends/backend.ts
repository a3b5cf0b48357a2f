/** @file What a backend is: something that compiles a program of kernels into a function on host buffers. */
import type { TypedArray } from "../dtype.ts";
import type { Program } from "../lowering/kernel.ts";

/** How matrix products against constants are computed: exactly, or with both sides rounded to 8 bits. */
export type Precision = "float32" | "int8";

export interface CompileOptions {
  /** Sizes that stand for any size: dimension -> name; the compiled function takes operands of any such size. */
  readonly symbols: ReadonlyMap<number, string>;
  /** Threads of one call; 0 is the backend's own choice. */
  readonly threads: number;
  readonly precision: Precision;
}

/** A compiled program. `sizes` gives the actual size of every symbol for this call. */
export interface Executable {
  run(
    inputs: readonly TypedArray[],
    sizes: ReadonlyMap<string, number>,
  ): TypedArray[] | Promise<TypedArray[]>;
  /** Frees native memory; the executable cannot run afterwards. */
  dispose(): void;
}

export interface Backend {
  readonly name: string;
  compile(
    program: Program,
    options: CompileOptions,
  ): Executable | Promise<Executable>;
}
