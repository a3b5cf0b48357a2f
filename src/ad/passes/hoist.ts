/** @file Hoisting: what every step of a scan would compute alike is computed once, before the loop. */
import { Var, type Eqn } from "../jaxpr/jaxpr.ts";
import { neededFor, overLoops, loopOutputs, type Link } from "./loop.ts";
import { everywhere, inline } from "./rewrite.ts";

/** Work on constants alone leaves the loop; what has no operands (a fill) is as cheap to make inside and stays. */
export const hoist = everywhere(
  overLoops((loop) => {
    const invariant = new Set(loop.consts.map((c) => c.inner));
    const free = new Set<Var>();
    const moved: Eqn[] = [];
    const kept: Eqn[] = [];
    for (const eqn of loop.eqns) {
      const known = eqn.inputs.every((v) => invariant.has(v) || free.has(v));
      const isFree = eqn.inputs.length === 0;
      if (isFree) eqn.outputs.forEach((v) => free.add(v));
      else if (known) {
        moved.push(eqn);
        eqn.outputs.forEach((v) => invariant.add(v));
        continue;
      }
      kept.push(eqn);
    }
    if (moved.length === 0) return null;
    const needed = neededFor(
      moved.flatMap((eqn) => eqn.inputs),
      kept.filter((eqn) => eqn.inputs.length === 0),
    );
    const made = kept.filter(
      (eqn) =>
        eqn.inputs.length === 0 && eqn.outputs.some((v) => needed.has(v)),
    );
    const read = new Set([
      ...kept.flatMap((eqn) => eqn.inputs),
      ...loopOutputs(loop),
    ]);
    const results = moved
      .flatMap((eqn) => eqn.outputs)
      .filter((v) => read.has(v));
    const before = inline(
      {
        inputs: loop.consts.map((c) => c.inner),
        eqns: [...made, ...moved],
        outputs: results,
      },
      loop.consts.map((c) => c.outer),
    );
    const links = results.map((inner, i): Link => ({
      outer: before.outputs[i],
      inner,
    }));
    return {
      before: before.eqns,
      loop: { ...loop, consts: [...loop.consts, ...links], eqns: kept },
    };
  }),
);
