/** @file How passes change jaxprs: equation by equation, in the jaxprs inside equations too, from functions written out. */
import { Var, type Eqn, type Jaxpr } from "../jaxpr/jaxpr.ts";
import type { Value } from "../tracer.ts";
import { traceToJaxpr } from "../transforms/trace.ts";

/** A program in, a program with the same results out; the very same object where nothing changes. */
export type Pass = (jaxpr: Jaxpr) => Jaxpr;

/** What stands in an equation's place, and what its results are called from here on. */
export interface Replacement {
  readonly eqns: readonly Eqn[];
  readonly outputs: readonly Var[];
}

/** The equation that binds a variable; none for an input. */
export type Define = (v: Var) => Eqn | undefined;

export const renamed = (eqn: Eqn, names: ReadonlyMap<Var, Var>): Eqn =>
  eqn.inputs.some((v) => names.has(v))
    ? { ...eqn, inputs: eqn.inputs.map((v) => names.get(v) ?? v) }
    : eqn;

/** Goes over the equations in order; `visit` sees operands under their new names and gives null to keep an equation. */
export function rewrite(
  jaxpr: Jaxpr,
  visit: (eqn: Eqn, define: Define) => Replacement | null,
): Jaxpr {
  const names = new Map<Var, Var>();
  const made = new Map<Var, Eqn>();
  const eqns: Eqn[] = [];
  let changed = false;
  for (const old of jaxpr.eqns) {
    const eqn = renamed(old, names);
    const other = visit(eqn, (v) => made.get(v));
    changed ||= other !== null;
    for (const now of other?.eqns ?? [eqn]) {
      eqns.push(now);
      now.outputs.forEach((v) => made.set(v, now));
    }
    other?.outputs.forEach((v, i) => {
      if (v !== eqn.outputs[i]) names.set(eqn.outputs[i], v);
    });
  }
  const outputs = jaxpr.outputs.map((v) => names.get(v) ?? v);
  return changed ? { ...jaxpr, eqns, outputs } : jaxpr;
}

const isPlain = (value: unknown): value is object =>
  typeof value === "object" &&
  value !== null &&
  (globalThis.Array.isArray(value) ||
    Object.getPrototypeOf(value) === Object.prototype);

const isJaxpr = (value: object): value is Jaxpr => "eqns" in value;

/** Parameters with `f` applied to every jaxpr in them; the same object where none changes. */
export function mapJaxprs<P>(params: P, f: Pass): P {
  if (!isPlain(params)) return params;
  if (isJaxpr(params)) return f(params) as P & Jaxpr;
  const entries = Object.entries(params) as [string, unknown][];
  const mapped = entries.map(([key, value]) => [key, mapJaxprs(value, f)]);
  if (mapped.every(([, value], i) => value === entries[i][1])) return params;
  return (
    globalThis.Array.isArray(params)
      ? mapped.map(([, value]) => value)
      : Object.fromEntries(mapped)
  ) as P;
}

/** `pass` on the jaxprs inside equations, innermost first, then on the whole. */
export function everywhere(pass: Pass): Pass {
  const run: Pass = (jaxpr) => {
    const inner = rewrite(jaxpr, (eqn) => {
      const params = mapJaxprs(eqn.params, run);
      return params === eqn.params
        ? null
        : { eqns: [{ ...eqn, params }], outputs: eqn.outputs };
    });
    return pass(inner);
  };
  return run;
}

/** The equations of `jaxpr` on other operands, with variables of their own. */
export function inline(jaxpr: Jaxpr, args: readonly Var[]): Replacement {
  const names = new Map(jaxpr.inputs.map((v, i) => [v, args[i]]));
  const eqns = jaxpr.eqns.map((eqn) => {
    const outputs = eqn.outputs.map((v) => new Var(v.type));
    const copy = { ...renamed(eqn, names), outputs };
    eqn.outputs.forEach((v, i) => names.set(v, outputs[i]));
    return copy;
  });
  return { eqns, outputs: jaxpr.outputs.map((v) => names.get(v) ?? v) };
}

/** The equations a function of values records. */
export const write = (
  args: readonly Var[],
  f: (values: Value[]) => readonly Value[],
): Replacement =>
  inline(
    traceToJaxpr(
      f,
      args.map((v) => v.type),
    ).jaxpr,
    args,
  );

/** Does nothing but give results other names. */
export const alias = (...outputs: Var[]): Replacement => ({
  eqns: [],
  outputs,
});

/** How often each variable is read, results of the jaxpr included. */
export function countUses(
  eqns: readonly Eqn[],
  outputs: readonly Var[],
): ReadonlyMap<Var, number> {
  const uses = new Map<Var, number>();
  for (const v of [...eqns.flatMap((eqn) => eqn.inputs), ...outputs])
    uses.set(v, (uses.get(v) ?? 0) + 1);
  return uses;
}
