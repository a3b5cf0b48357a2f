/** @file Equations that can run together: sets with no way out of them and back in again. */
import type { Eqn, Jaxpr, Var } from "../jaxpr/jaxpr.ts";

/** A set of equations, in order, as one node of the program's graph. */
export interface Group {
  readonly key: string;
  readonly members: Eqn[];
}

/**
 * Groups of equations with the same `keyOf` (null: none) that read or make one another's operands. An equation joins a
 * group only where none of its other operands depends on that group: the whole can then run at once.
 */
export function convexGroups(
  { eqns }: Jaxpr,
  keyOf: (eqn: Eqn) => string | null,
): Map<Eqn, Group> {
  const groups = new Map<Eqn, Group>();
  const producers = new Map<Var, Eqn>();
  /** Groups that read a variable. */
  const readers = new Map<Var, Set<Group>>();

  const dependsOn = (vars: readonly Var[], group: Group): boolean => {
    const seen = new Set<Eqn>();
    const stack = [...vars];
    for (let v = stack.pop(); v; v = stack.pop()) {
      const eqn = producers.get(v);
      if (!eqn || seen.has(eqn)) continue;
      const around = groups.get(eqn);
      if (around === group) return true;
      for (const member of around?.members ?? [eqn]) {
        seen.add(member);
        stack.push(...member.inputs);
      }
    }
    return false;
  };

  for (const eqn of eqns) {
    const key = keyOf(eqn);
    if (key !== null) {
      const near = eqn.inputs.flatMap((v) => {
        const producer = producers.get(v);
        const made = producer && groups.get(producer);
        return [...(made ? [made] : []), ...(readers.get(v) ?? [])];
      });
      const group = [...new Set(near)].find((g) => {
        const others = eqn.inputs.filter((v) => {
          const producer = producers.get(v);
          return !producer || groups.get(producer) !== g;
        });
        return g.key === key && !dependsOn(others, g);
      }) ?? { key, members: [] };
      group.members.push(eqn);
      groups.set(eqn, group);
      for (const v of eqn.inputs) {
        const list = readers.get(v) ?? new Set();
        readers.set(v, list.add(group));
      }
    }
    eqn.outputs.forEach((v) => producers.set(v, eqn));
  }
  return groups;
}

/** The equations in an order in which the members of each group stand side by side. */
export function sideBySide(
  { eqns }: Jaxpr,
  groups: ReadonlyMap<Eqn, Group>,
): Eqn[] {
  const producers = new Map(
    eqns.flatMap((eqn) => eqn.outputs.map((v) => [v, eqn] as const)),
  );
  const ordered: Eqn[] = [];
  const begun = new Set<Eqn>();
  const emit = (eqn: Eqn): void => {
    if (begun.has(eqn)) return;
    const members = groups.get(eqn)?.members ?? [eqn];
    members.forEach((member) => begun.add(member));
    for (const v of members.flatMap((member) => member.inputs)) {
      const producer = producers.get(v);
      if (producer) emit(producer);
    }
    ordered.push(...members);
  };
  eqns.forEach(emit);
  return ordered;
}
