/** @file Lowering: a jaxpr becomes a program of kernels, each equation by its primitive's own rule. */
import type { Array } from "../array.ts";
import type { Jaxpr, Var } from "../jaxpr/jaxpr.ts";
import { KernelBuilder, type Program, type Ref } from "./kernel.ts";

/** The program of `jaxpr`; its first inputs are bound to `consts`. */
export function lowerJaxpr(
  jaxpr: Jaxpr,
  consts: readonly Array[] = [],
): Program {
  const builder = new KernelBuilder();
  const env = new Map<Var, Ref>();
  const refs = jaxpr.inputs.map((v) => {
    const ref = builder.ref(v.type);
    env.set(v, ref);
    return ref;
  });
  const read = (v: Var) => env.get(v) as Ref;
  for (const { primitive, inputs, params, outputs } of jaxpr.eqns) {
    const types = outputs.map((v) => v.type);
    const out = primitive.rules.lower(
      builder,
      inputs.map(read),
      types,
      params as never,
    );
    outputs.forEach((v, i) => env.set(v, out[i]));
  }
  return {
    inputs: refs.slice(consts.length),
    constants: consts.map((value, i) => ({ ref: refs[i], value })),
    kernels: builder.kernels,
    outputs: jaxpr.outputs.map(read),
  };
}
