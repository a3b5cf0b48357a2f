/** @file Common subexpressions: the same primitive with the same parameters on the same operands runs once. */
import type { Eqn, Var } from "../jaxpr/jaxpr.ts";
import { alias, everywhere, rewrite, type Pass } from "./rewrite.ts";

const ids = new WeakMap<object, number>();
let nextId = 0;

/** Plain data by content; jaxprs and functions by identity. */
const paramsKey = (params: unknown): string =>
  JSON.stringify(params, (_key, value: unknown) => {
    if (typeof value === "number" && !Number.isFinite(value))
      return `number ${value}`;
    if (Object.is(value, -0)) return "number -0";
    const isOpaque =
      typeof value === "function" ||
      (typeof value === "object" && value !== null && "eqns" in value);
    if (!isOpaque) return value;
    let id = ids.get(value);
    if (id === undefined) ids.set(value, (id = nextId++));
    return `object ${id}`;
  });

const commutative = new Set(["add", "mul", "max", "min", "and", "or", "xor", "eq"]); // prettier-ignore

/**
 * Within one jaxpr only: what a remat computes again is not taken from the program around it, since keeping that is
 * what it is there to avoid.
 */
export const commonSubexpressions: Pass = everywhere((jaxpr) => {
  const seen = new Map<string, readonly Var[]>();
  return rewrite(jaxpr, (eqn: Eqn) => {
    const { name } = eqn.primitive;
    const operands = eqn.inputs.map((v) => v.id);
    if (commutative.has(name)) operands.sort((a, b) => a - b);
    const key = `${name} ${operands.join()} ${paramsKey(eqn.params)}`;
    const known = seen.get(key);
    if (known) return alias(...known);
    seen.set(key, eqn.outputs);
    return null;
  });
});
