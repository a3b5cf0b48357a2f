/** @file Lowering: a jaxpr becomes a program of kernels, each equation by its primitive's own rule. */
import type { Array } from "../array.ts";
import type { Jaxpr, Var } from "../jaxpr/jaxpr.ts";
import { KernelBuilder, type Program, type Ref } from "./kernel.ts";

/** Emits the kernels of `jaxpr` with its inputs bound to `inputs`; returns its results. */
export function emitJaxpr(
  builder: KernelBuilder,
  jaxpr: Jaxpr,
  inputs: readonly Ref[],
): Ref[] {
  const env = new Map<Var, Ref>();
  jaxpr.inputs.forEach((v, i) => env.set(v, inputs[i]));
  const read = (v: Var) => env.get(v) as Ref;
  for (const { primitive, inputs, params, outputs } of jaxpr.eqns) {
    const out = primitive.rules.lower(
      builder,
      inputs.map(read),
      outputs.map((v) => v.type),
      params as never,
    );
    outputs.forEach((v, i) => env.set(v, out[i]));
  }
  return jaxpr.outputs.map(read);
}

/** The program of `jaxpr`; its first inputs are bound to `consts`. */
export function lowerJaxpr(
  jaxpr: Jaxpr,
  consts: readonly Array[] = [],
): Program {
  const builder = new KernelBuilder();
  const closed = consts.map((value) => builder.constant(value));
  const inputs = jaxpr.inputs
    .slice(consts.length)
    .map((v) => builder.ref(v.type));
  const outputs = emitJaxpr(builder, jaxpr, [...closed, ...inputs]);
  return {
    inputs,
    constants: builder.constants,
    kernels: builder.kernels,
    outputs,
  };
}
