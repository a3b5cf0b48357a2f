/** @file The reference backend: typed-array loops, synchronous, every dtype, always there. No cleverness. */
import { allocate, type TypedArray } from "../../dtype.ts";
import type { Kernel, Loop, Program, Ref } from "../../lowering/kernel.ts";
import { sizeOf } from "../../shape.ts";
import type { Backend, Executable } from "../backend.ts";
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
      kernel.kind === "loop" ? compileLoop(kernel) : compileKernel(kernel);
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

function inputsOf(kernel: Kernel | Loop): readonly Ref[] {
  switch (kernel.kind) {
    case "fill":
    case "iota":
      return [];
    case "map":
    case "concatenate":
      return kernel.inputs;
    case "dot":
      return [kernel.lhs, kernel.rhs];
    case "gather":
      return [kernel.input, kernel.indices];
    case "scatterAdd":
      return [kernel.indices, kernel.updates];
    case "loop":
      return [...kernel.consts, ...kernel.init, ...kernel.xs];
    default:
      return [kernel.input];
  }
}

function compileLoop(loop: Loop): Step {
  const body = compileProgram(loop.body);
  const carries = loop.init.length;
  return (env) => {
    const consts = loop.consts.map((ref) => read(env, ref));
    const xs = loop.xs.map((ref) => read(env, ref));
    const ys = loop.outs
      .slice(carries)
      .map(({ type }) => allocate(type.dtype, sizeOf(type.shape)));
    let carry = loop.init.map((ref) => read(env, ref));
    for (let step = 0; step < loop.length; step++) {
      const t = loop.reverse ? loop.length - 1 - step : step;
      const rows = xs.map((x) =>
        x.subarray(
          (t * x.length) / loop.length,
          ((t + 1) * x.length) / loop.length,
        ),
      );
      const out = body([...consts, ...carry, ...rows]);
      carry = out.slice(0, carries);
      out.slice(carries).forEach((y, i) => ys[i].set(y, t * y.length));
    }
    [...carry, ...ys].forEach((data, i) => env.set(loop.outs[i].id, data));
  };
}

/** Compiled once, run synchronously; symbolic sizes are not needed, since recompiling costs nothing here. */
export const js: Backend & { compile(program: Program): Executable } = {
  name: "js",
  compile(program) {
    const run = compileProgram(program);
    return { run, dispose: () => undefined };
  },
};
