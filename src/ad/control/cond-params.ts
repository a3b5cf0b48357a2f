/** @file What a cond is made of, and branches brought to the same results. */
import type { Jaxpr } from "../jaxpr/jaxpr.ts";
import { evalJaxpr } from "../jaxpr/jaxpr.ts";
import type { Value } from "../tracer.ts";
import { traceToJaxpr } from "../transforms/trace.ts";

/** Operand 0 is an int32 index, the others are the inputs of every branch; an index outside takes the nearest branch. */
export interface CondParams {
  readonly branches: readonly Jaxpr[];
}

/** The flags set in any of the lists. */
export const union = (lists: readonly (readonly boolean[])[]): boolean[] =>
  lists[0].map((_, i) => lists.some((list) => list[i]));

/** `jaxpr` with `f` applied to its results. */
export const withResults = (
  jaxpr: Jaxpr,
  f: (out: Value[]) => readonly Value[],
): Jaxpr =>
  traceToJaxpr(
    (args) => f(evalJaxpr(jaxpr, args)),
    jaxpr.inputs.map((v) => v.type),
  ).jaxpr;

/** Values for the flags in `wanted`, from those there are for the flags in `has`; the others are made. */
export function complete(
  values: readonly Value[],
  has: readonly boolean[],
  wanted: readonly boolean[],
  make: (i: number) => Value,
): Value[] {
  const given = [...values];
  return wanted.flatMap((flag, i) => {
    const value = has[i] ? (given.shift() as Value) : null;
    return flag ? [value ?? make(i)] : [];
  });
}
