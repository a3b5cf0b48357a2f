/** @file Products that depend only on a scan's xs are computed before the loop, as one product over all steps. */
import type { Eqn, Var } from "../jaxpr/jaxpr.ts";
import { neededFor } from "../jaxpr/reach.ts";
import {
  elements,
  flops,
  holdsJaxpr,
  outside,
  overTime,
  worthStoring,
} from "./batch-eqns.ts";
import { loopOutputs, overLoops, type Link, type Loop } from "./loop.ts";
import { everywhere } from "./rewrite.ts";

/** Equations that no carry reaches, and the variables they make. */
function timeOnly(loop: Loop): { eqns: Eqn[]; made: Set<Var> } {
  const known = new Set([...loop.consts, ...loop.xs].map((link) => link.inner));
  const made = new Set<Var>();
  const eqns = loop.eqns.filter((eqn) => {
    if (
      holdsJaxpr(eqn) ||
      !eqn.inputs.every((v) => known.has(v) || made.has(v))
    )
      return false;
    eqn.outputs.forEach((v) => made.add(v));
    return true;
  });
  return { eqns, made };
}

/**
 * Moves each product whose work outweighs keeping its operands and result for all steps. Cheap work between xs and
 * product is done in both places if the loop needs it too; results that are stacked anyway are taken from outside.
 */
export const batchInputs = everywhere(
  overLoops((loop) => {
    const xs = new Set(loop.xs.map((x) => x.inner));
    const stacked = new Set(loop.ys.map((y) => y.inner));
    const { eqns, made } = timeOnly(loop);
    const products = eqns.filter((eqn) => {
      if (flops(eqn) === 0) return false;
      const operands = eqn.inputs.filter((v) => made.has(v) && !stacked.has(v));
      const stores = eqn.outputs.filter((v) => !stacked.has(v));
      return flops(eqn) >= worthStoring * elements([...operands, ...stores]);
    });
    if (products.length === 0) return null;
    const needed = neededFor(
      products.flatMap((eqn) => eqn.outputs),
      eqns,
    );
    const moved = eqns.filter((eqn) => eqn.outputs.some((v) => needed.has(v)));
    // Nothing that changes from step to step: hoisting is enough.
    if (![...needed].some((v) => xs.has(v))) return null;
    const gone = new Set<Eqn>(products);
    const stays = loop.eqns.filter((eqn) => !gone.has(eqn));
    const read = new Set([
      ...stays.flatMap((eqn) => eqn.inputs),
      ...loopOutputs(loop),
    ]);
    const results = [
      ...products.flatMap((eqn) => eqn.outputs).filter((v) => read.has(v)),
      ...new Set(
        moved
          .filter((eqn) => !gone.has(eqn))
          .flatMap((eqn) => eqn.outputs)
          .filter((v) => stacked.has(v)),
      ),
    ];
    const before = overTime(loop, moved, outside(loop), results);
    if (!before) return null;
    const links = results.map((inner, i): Link => ({
      outer: before.outputs[i],
      inner,
    }));
    const found = new Map(links.map(({ inner, outer }) => [inner, outer]));
    const ys = loop.ys.filter((y) => !found.has(y.inner));
    return {
      before: before.eqns,
      loop: {
        ...loop,
        eqns: stays,
        // What is made inside as well is not read there from outside.
        xs: [
          ...loop.xs,
          ...links.filter(({ inner }) =>
            products.some((eqn) => eqn.outputs.includes(inner)),
          ),
        ],
        ys,
      },
      names: new Map(
        loop.ys.flatMap((y) => {
          const outer = found.get(y.inner);
          return outer ? [[y.outer, outer] as const] : [];
        }),
      ),
    };
  }),
);
