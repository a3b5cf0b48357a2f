/** @file Hoisting: what every step of a scan would compute alike is computed once, before the loop. */
import { Var, type Eqn, type Jaxpr } from "../jaxpr/jaxpr.ts";
import { neededFor } from "../jaxpr/reach.ts";
import { overLoops, loopOutputs, type Link } from "./loop.ts";
import { everywhere, inline } from "./rewrite.ts";

interface Part {
  /** Equations on the constants alone, and the fills they read. */
  readonly moved: readonly Eqn[];
  readonly kept: readonly Eqn[];
  /** What `kept` and the outputs read of `moved`. */
  readonly results: readonly Var[];
}

/** Cuts off the work on `constants`; what has no operands (a fill) is as cheap to make inside and stays. */
function cut(
  constants: Iterable<Var>,
  eqns: readonly Eqn[],
  outputs: readonly Var[],
): Part | null {
  const invariant = new Set(constants);
  const free = new Set<Var>();
  const moved: Eqn[] = [];
  const kept: Eqn[] = [];
  const isKnown = (v: Var) => invariant.has(v) || free.has(v);
  for (const eqn of eqns) {
    const isFree = eqn.inputs.length === 0;
    if (isFree) eqn.outputs.forEach((v) => free.add(v));
    const opened = isFree ? null : openRemat(eqn, isKnown);
    const out =
      !isFree && eqn.inputs.every(isKnown) ? [eqn] : (opened?.before ?? []);
    moved.push(...out);
    out.flatMap((e) => e.outputs).forEach((v) => invariant.add(v));
    if (!out.includes(eqn)) kept.push(opened?.rest ?? eqn);
  }
  if (moved.length === 0) return null;
  const fills = kept.filter((eqn) => eqn.inputs.length === 0);
  const needed = neededFor(
    moved.flatMap((eqn) => eqn.inputs),
    fills,
  );
  const made = fills.filter((eqn) => eqn.outputs.some((v) => needed.has(v)));
  const read = new Set([...kept.flatMap((eqn) => eqn.inputs), ...outputs]);
  return {
    moved: [...made, ...moved],
    kept,
    results: moved.flatMap((eqn) => eqn.outputs).filter((v) => read.has(v)),
  };
}

/** A remat without its work on what is known around it, and that work. What never changes need not be computed again. */
function openRemat(
  eqn: Eqn,
  isKnown: (v: Var) => boolean,
): { before: readonly Eqn[]; rest: Eqn } | null {
  if (eqn.primitive.name !== "remat") return null;
  const params = eqn.params as { jaxpr: Jaxpr };
  const { inputs, eqns, outputs } = params.jaxpr;
  const constants = inputs.filter((_, i) => isKnown(eqn.inputs[i]));
  const part = cut(constants, eqns, outputs);
  if (!part) return null;
  const { moved, kept, results } = part;
  const before = inline({ inputs, eqns: moved, outputs: results }, eqn.inputs);
  const jaxpr = { inputs: [...inputs, ...results], eqns: kept, outputs };
  return {
    before: before.eqns,
    rest: {
      ...eqn,
      inputs: [...eqn.inputs, ...before.outputs],
      params: { ...params, jaxpr },
    },
  };
}

export const hoist = everywhere(
  overLoops((loop) => {
    const part = cut(
      loop.consts.map((c) => c.inner),
      loop.eqns,
      loopOutputs(loop),
    );
    if (!part) return null;
    const { moved, kept, results } = part;
    const before = inline(
      {
        inputs: loop.consts.map((c) => c.inner),
        eqns: moved,
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
