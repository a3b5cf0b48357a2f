/** @file Dead code: equations nobody reads, and operands, carries and results nobody reads of loops and branches. */
import type { CondParams } from "../control/cond-params.ts";
import { parts, type WhileParams } from "../control/while-params.ts";
import { Var, type Eqn, type Jaxpr } from "../jaxpr/jaxpr.ts";
import { neededFor } from "../jaxpr/reach.ts";
import { closeLoop, isScan, openLoop } from "./loop.ts";
import { mapJaxprs, type Pass } from "./rewrite.ts";

/** The same results without the work they do not need; inputs stay. */
export const deadCode: Pass = (jaxpr) => {
  const used = new Set(jaxpr.outputs);
  const eqns: Eqn[] = [];
  let changed = false;
  for (const eqn of [...jaxpr.eqns].reverse()) {
    if (!eqn.outputs.some((v) => used.has(v))) {
      changed = true;
      continue;
    }
    const kept = trim(eqn, used);
    changed ||= kept !== eqn;
    kept.inputs.forEach((v) => used.add(v));
    eqns.push(kept);
  }
  return changed ? { ...jaxpr, eqns: eqns.reverse() } : jaxpr;
};

type Trim = (eqn: Eqn, used: ReadonlySet<Var>) => Eqn;

/** An equation with what it holds trimmed to the results that are used. */
const trim: Trim = (eqn, used) => {
  if (isScan(eqn)) return trimScan(eqn, used);
  const { name } = eqn.primitive;
  if (name === "while") return trimWhile(eqn, used);
  if (name === "cond") return trimCond(eqn, used);
  if (name === "remat") return trimRemat(eqn, used);
  const params = mapJaxprs(eqn.params, deadCode);
  return params === eqn.params ? eqn : { ...eqn, params };
};

const select = <T>(list: readonly T[], flags: readonly boolean[]): T[] =>
  list.filter((_, i) => flags[i]);

/** Carries that are read, or that a live carry depends on. */
function liveCarries(
  eqns: readonly Eqn[],
  entries: readonly Var[],
  nexts: readonly Var[],
  read: readonly boolean[],
  others: readonly Var[],
): boolean[] {
  let live = [...read];
  for (;;) {
    const needed = neededFor([...others, ...select(nexts, live)], eqns);
    const grown = live.map((flag, i) => flag || needed.has(entries[i]));
    if (grown.every((flag, i) => flag === live[i])) return live;
    live = grown;
  }
}

const trimScan: Trim = (eqn, used) => {
  const loop = openLoop(eqn);
  const ys = loop.ys.filter((y) => used.has(y.outer));
  const live = liveCarries(
    loop.eqns,
    loop.carries.map((c) => c.entry),
    loop.carries.map((c) => c.next),
    loop.carries.map((c) => used.has(c.final)),
    ys.map((y) => y.inner),
  );
  const carries = select(loop.carries, live);
  const body = deadCode({
    inputs: [],
    eqns: loop.eqns,
    outputs: [...carries.map((c) => c.next), ...ys.map((y) => y.inner)],
  });
  const needed = neededFor(body.outputs, body.eqns);
  const consts = loop.consts.filter((c) => needed.has(c.inner));
  const xs = loop.xs.filter((x) => needed.has(x.inner));
  const same =
    body.eqns === loop.eqns &&
    consts.length === loop.consts.length &&
    xs.length === loop.xs.length &&
    carries.length === loop.carries.length &&
    ys.length === loop.ys.length;
  if (same) return eqn;
  return closeLoop({ ...loop, consts, carries, xs, ys, eqns: body.eqns });
};

const trimWhile: Trim = (eqn, used) => {
  const params = eqn.params as WhileParams;
  const { condConsts, bodyConsts } = params;
  const cond = deadCode(params.cond);
  const entries = params.body.inputs.slice(bodyConsts);
  const tested = neededFor(cond.outputs, cond.eqns);
  const live = liveCarries(
    params.body.eqns,
    entries,
    params.body.outputs,
    eqn.outputs.map(
      (v, i) => used.has(v) || tested.has(cond.inputs[condConsts + i]),
    ),
    [],
  );
  const body = deadCode({
    ...params.body,
    outputs: select(params.body.outputs, live),
  });
  const read = neededFor(body.outputs, body.eqns);
  const keepCond = cond.inputs.slice(0, condConsts).map((v) => tested.has(v));
  const keepBody = body.inputs.slice(0, bodyConsts).map((v) => read.has(v));
  const flags = [...keepCond, ...keepBody, ...live];
  if (
    !flags.includes(false) &&
    cond === params.cond &&
    body.eqns === params.body.eqns
  )
    return eqn;
  const [, , init] = parts(eqn.inputs, params);
  const trimmed: WhileParams = {
    cond: {
      ...cond,
      inputs: select(cond.inputs, [...keepCond, ...live]),
    },
    body: { ...body, inputs: select(body.inputs, [...keepBody, ...live]) },
    condConsts: keepCond.filter(Boolean).length,
    bodyConsts: keepBody.filter(Boolean).length,
  };
  return {
    ...eqn,
    inputs: [
      ...select(eqn.inputs.slice(0, condConsts + bodyConsts), flags),
      ...select(init, live),
    ],
    params: trimmed,
    outputs: select(eqn.outputs, live),
  };
};

/** Jaxprs on the same inputs, with the outputs flagged and the inputs any of them reads. */
function trimTogether(jaxprs: readonly Jaxpr[], wanted: readonly boolean[]) {
  const bodies = jaxprs.map((jaxpr) =>
    deadCode(
      wanted.includes(false)
        ? { ...jaxpr, outputs: select(jaxpr.outputs, wanted) }
        : jaxpr,
    ),
  );
  const reads = bodies.map((body) => neededFor(body.outputs, body.eqns));
  const read = bodies[0].inputs.map((_, i) =>
    bodies.some((body, k) => reads[k].has(body.inputs[i])),
  );
  const trimmed = read.includes(false)
    ? bodies.map((body) => ({ ...body, inputs: select(body.inputs, read) }))
    : bodies;
  return { trimmed, read };
}

const trimCond: Trim = (eqn, used) => {
  const { branches } = eqn.params as CondParams;
  const wanted = eqn.outputs.map((v) => used.has(v));
  const { trimmed, read } = trimTogether(branches, wanted);
  if (trimmed.every((branch, i) => branch === branches[i])) return eqn;
  return {
    ...eqn,
    inputs: select(eqn.inputs, [true, ...read]),
    params: { branches: trimmed },
    outputs: select(eqn.outputs, wanted),
  };
};

const trimRemat: Trim = (eqn, used) => {
  const params = eqn.params as { jaxpr: Jaxpr };
  const { jaxpr } = params;
  const wanted = eqn.outputs.map((v) => used.has(v));
  const { trimmed, read } = trimTogether([jaxpr], wanted);
  if (trimmed[0] === jaxpr) return eqn;
  return {
    ...eqn,
    inputs: select(eqn.inputs, read),
    params: { ...params, jaxpr: trimmed[0] },
    outputs: select(eqn.outputs, wanted),
  };
};
