/** @file Jaxprs: the typed intermediate representation every transform reads and writes.
 *
 *     jaxpr ::= { lambda in... . let eqn... in (out...) }
 *     eqn   ::= var... = primitive[params] var...
 *
 * Every variable is bound once, by `inputs` or by one equation, before it is used.
 */
import { bind, type Value } from "../tracer.ts";
import type { Primitive } from "../primitive.ts";
import type { ArrayType } from "../shape.ts";

export class Var {
  static #nextId = 0;
  readonly id = Var.#nextId++;
  constructor(readonly type: ArrayType) {}
}

export interface Eqn {
  readonly primitive: Primitive<never>;
  readonly inputs: readonly Var[];
  readonly params: unknown;
  readonly outputs: readonly Var[];
}

export interface Jaxpr {
  readonly inputs: readonly Var[];
  readonly eqns: readonly Eqn[];
  readonly outputs: readonly Var[];
}

/** A jaxpr whose first inputs are bound to `consts`, the values its function closed over. */
export interface ClosedJaxpr {
  readonly jaxpr: Jaxpr;
  readonly consts: readonly Value[];
}

/** Runs a jaxpr on values of any level. */
export function evalJaxpr(jaxpr: Jaxpr, args: readonly Value[]): Value[] {
  const env = new Map<Var, Value>();
  jaxpr.inputs.forEach((v, i) => env.set(v, args[i]));
  const read = (v: Var) => env.get(v) as Value;
  for (const { primitive, inputs, params, outputs } of jaxpr.eqns) {
    bind(primitive, inputs.map(read), params as never).forEach((value, i) =>
      env.set(outputs[i], value),
    );
  }
  return jaxpr.outputs.map(read);
}

/** The same jaxpr without equations whose results nobody reads. */
export function removeDeadCode(jaxpr: Jaxpr): Jaxpr {
  const used = new Set(jaxpr.outputs);
  const eqns: Eqn[] = [];
  for (const eqn of [...jaxpr.eqns].reverse()) {
    if (!eqn.outputs.some((v) => used.has(v))) continue;
    eqn.inputs.forEach((v) => used.add(v));
    eqns.push(eqn);
  }
  return { ...jaxpr, eqns: eqns.reverse() };
}
