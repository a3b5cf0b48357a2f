/** @file What depends on what among equations. */
import type { Eqn, Var } from "./jaxpr.ts";

/** The results of `eqns` that depend on a variable of `from`, and those variables. */
export function reachedFrom(
  from: Iterable<Var>,
  eqns: readonly Eqn[],
): Set<Var> {
  const reached = new Set(from);
  for (const eqn of eqns) {
    if (eqn.inputs.some((v) => reached.has(v)))
      eqn.outputs.forEach((v) => reached.add(v));
  }
  return reached;
}

/** The variables that those of `to` depend on, and those themselves. */
export function neededFor(to: Iterable<Var>, eqns: readonly Eqn[]): Set<Var> {
  const needed = new Set(to);
  for (const eqn of [...eqns].reverse()) {
    if (eqn.outputs.some((v) => needed.has(v)))
      eqn.inputs.forEach((v) => needed.add(v));
  }
  return needed;
}
