/** @file Products that no later step reads are computed after a scan, as one product over all steps. */
import { Var, type Eqn } from "../jaxpr/jaxpr.ts";
import { neededFor, reachedFrom } from "../jaxpr/reach.ts";
import { stacked } from "../control/scan-params.ts";
import {
  elements,
  flops,
  holdsJaxpr,
  outside,
  overTime,
  worthStoring,
} from "./batch-eqns.ts";
import { overLoops, type Link, type Loop } from "./loop.ts";
import { everywhere } from "./rewrite.ts";

/** Everything that depends on a product, and what of the rest of the body it reads. */
function after(loop: Loop, product: Eqn, kept: ReadonlySet<Var>) {
  const reached = reachedFrom(product.outputs, loop.eqns);
  const eqns = loop.eqns.filter((eqn) =>
    eqn.outputs.some((v) => reached.has(v)),
  );
  if (eqns.some(holdsJaxpr) || [...reached].some((v) => kept.has(v)))
    return null;
  const reads = new Set(
    eqns.flatMap((eqn) => eqn.inputs).filter((v) => !reached.has(v)),
  );
  return { eqns, reached, reads };
}

/** Moves each product, with all that follows from it, whose work outweighs keeping its operands for all steps. */
export const batchOutputs = everywhere(
  overLoops((loop) => {
    const kept = neededFor(
      loop.carries.map((c) => c.next),
      loop.eqns,
    );
    const given = outside(loop);
    const made = new Map(
      loop.eqns
        .filter((eqn) => eqn.inputs.length === 0)
        .flatMap((eqn) => eqn.outputs.map((v) => [v, eqn])),
    );
    const ys = new Map(loop.ys.map((y) => [y.inner, y.outer]));
    const [moved, gone] = [new Set<Eqn>(), new Set<Var>()];
    for (const product of loop.eqns) {
      if (flops(product) === 0 || moved.has(product)) continue;
      const group = after(loop, product, kept);
      if (!group) continue;
      const { eqns, reached, reads } = group;
      const stores = [...reads].filter(
        (v) => !gone.has(v) && !given.has(v) && !made.has(v) && !ys.has(v),
      );
      const spared = [...reached].filter((v) => ys.has(v) && !gone.has(v));
      const work = eqns.reduce((n, eqn) => n + flops(eqn), 0);
      const cost = elements(stores) - elements(spared);
      if (cost > 0 && work < worthStoring * elements(stores)) continue;
      eqns.forEach((eqn) => moved.add(eqn));
      reached.forEach((v) => gone.add(v));
      stores.forEach((v) => ys.set(v, new Var(stacked(v.type, loop.length))));
    }
    if (moved.size === 0) return null;
    const read = new Set([...moved].flatMap((eqn) => eqn.inputs));
    const eqns = loop.eqns.filter(
      (eqn) =>
        moved.has(eqn) || eqn.outputs.some((v) => made.has(v) && read.has(v)),
    );
    const links = [...ys].map(([inner, outer]): Link => ({ inner, outer }));
    const inside = links.filter(({ inner }) => !gone.has(inner));
    const results = loop.ys.filter((y) => gone.has(y.inner));
    const batched = overTime(
      loop,
      eqns,
      outside(loop, inside),
      results.map((y) => y.inner),
    );
    if (!batched) return null;
    // A y that was there twice stays twice, for the pass that merges them.
    const twice = loop.ys.filter(
      (y) => !gone.has(y.inner) && ys.get(y.inner) !== y.outer,
    );
    return {
      loop: {
        ...loop,
        eqns: loop.eqns.filter((eqn) => !moved.has(eqn)),
        ys: [...inside, ...twice],
      },
      after: batched.eqns,
      names: new Map(results.map((y, i) => [y.outer, batched.outputs[i]])),
    };
  }),
);
