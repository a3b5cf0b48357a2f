/** @file The reference backend: typed-array loops, synchronous, every dtype, always there. No cleverness. */
import { dtypes, type TypedArray } from "../../dtype.ts";
import type { Control, Kernel, Program, Ref } from "../../lowering/kernel.ts";
import type { Backend, Executable, Storage } from "../backend.ts";
import { compileControl } from "./control.ts";
import { compileKernel, read, type Env, type Step } from "./kernels.ts";

/** Kernels as closures over a map from buffer id to data; a buffer is dropped after its last use. */
function compileProgram(
  program: Program,
): (inputs: readonly TypedArray[]) => TypedArray[] {
  const lastUse = new Map<number, number>();
  program.kernels.forEach((kernel, step) =>
    inputsOf(kernel).forEach((ref) => lastUse.set(ref.id, step)),
  );
  program.outputs.forEach((ref) => lastUse.set(ref.id, Infinity));
  const steps = program.kernels.map((kernel, step): Step => {
    const run =
      "outs" in kernel
        ? compileControl(kernel, compileProgram)
        : compileKernel(kernel);
    const dead = inputsOf(kernel).filter((ref) => lastUse.get(ref.id) === step);
    return (env) => {
      run(env);
      for (const ref of dead) env.delete(ref.id);
    };
  });
  return (inputs) => {
    const env: Env = new Map();
    for (const { ref, value } of program.constants)
      env.set(ref.id, value.dataSync());
    program.inputs.forEach((ref, i) => env.set(ref.id, inputs[i]));
    for (const step of steps) step(env);
    return program.outputs.map((ref) => read(env, ref));
  };
}

/** The buffers a kernel reads. */
export function inputsOf(kernel: Kernel | Control): readonly Ref[] {
  switch (kernel.kind) {
    case "fill":
    case "iota":
      return [];
    case "map":
    case "concatenate":
      return kernel.inputs;
    case "dot":
      return [kernel.lhs, kernel.rhs];
    case "threefry":
      return [kernel.key, kernel.counters];
    case "gather":
      return [kernel.input, kernel.indices];
    case "scatter":
      return [kernel.indices, kernel.updates];
    case "argsort":
      return kernel.keys;
    case "loop":
      return [...kernel.consts, ...kernel.init, ...kernel.xs];
    case "branch":
      return [kernel.index, ...kernel.inputs];
    case "while":
      return [...kernel.condConsts, ...kernel.bodyConsts, ...kernel.init];
    default:
      return [kernel.input];
  }
}

/** A program compiled once and run synchronously, all elements on the host. */
export interface JsExecutable extends Executable {
  run(inputs: readonly Storage[]): TypedArray[];
}

/** Symbolic sizes are not needed: recompiling costs nothing here. */
export const js: Backend & { compile(program: Program): JsExecutable } = {
  device: "js",
  dtypes,
  symbolicSizes: false,
  isProcessor: false,
  check: () =>
    Promise.resolve({
      available: true,
      detail: "typed arrays of this process",
    }),
  compile(program) {
    const run = compileProgram(program);
    return {
      run: (inputs: readonly Storage[]) => run(inputs as readonly TypedArray[]),
      dispose: () => undefined,
    };
  },
};
