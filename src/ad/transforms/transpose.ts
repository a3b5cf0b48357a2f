/** @file The backward pass over a program that is linear in its unknown inputs. */
import { Var, type Jaxpr } from "../jaxpr/jaxpr.ts";
import { Unknown, type Tangent } from "../primitive.ts";
import { add } from "../primitives/elementwise.ts";
import { bind, type Value } from "../tracer.ts";

/** Cotangents of the `Unknown` inputs (null: zero, or a known input) from those of the outputs. */
export function backwardPass(
  jaxpr: Jaxpr,
  args: readonly (Value | Unknown)[],
  cotangents: readonly Tangent[],
): Tangent[] {
  const known = new Map<Var, Value>();
  jaxpr.inputs.forEach((v, i) => {
    const arg = args[i];
    if (!(arg instanceof Unknown)) known.set(v, arg);
  });
  const linear = jaxpr.eqns.filter((eqn) => {
    if (!eqn.inputs.every((v) => known.has(v))) return true;
    const out = bind(
      eqn.primitive,
      eqn.inputs.map((v) => known.get(v) as Value),
      eqn.params as never,
    );
    out.forEach((value, i) => known.set(eqn.outputs[i], value));
    return false;
  });

  const pending = new Map<Var, Value>();
  const accumulate = (v: Var, ct: Tangent) => {
    if (ct === null || known.has(v)) return;
    const sum = pending.get(v);
    pending.set(v, sum ? add(sum, ct) : ct);
  };
  jaxpr.outputs.forEach((v, i) => accumulate(v, cotangents[i]));
  for (const { primitive, inputs, params, outputs } of linear.reverse()) {
    const cts = outputs.map((v) => pending.get(v) ?? null);
    if (cts.every((ct) => ct === null)) continue;
    const operands = inputs.map((v) => known.get(v) ?? new Unknown(v.type));
    primitive.rules.diff
      .transpose(primitive, cts, operands, params as never)
      .forEach((ct, i) => accumulate(inputs[i], ct));
  }
  return jaxpr.inputs.map((v) => pending.get(v) ?? null);
}
