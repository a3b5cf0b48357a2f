/** @file Equations of a scan's body run for all steps at once, outside of the loop. */
import type { Eqn, Jaxpr, Var } from "../jaxpr/jaxpr.ts";
import { sizeOf } from "../shape.ts";
import { batchJaxpr } from "../transforms/vmap.ts";
import type { DotDims } from "../lowering/kernel.ts";
import type { Link, Loop } from "./loop.ts";
import { inline, type Replacement } from "./rewrite.ts";

/** From here on a size may stand for a symbol: it may be passed along, but not computed with. */
const leastSymbol = 1_000_000;

const largeSizes = ({ inputs, eqns }: Jaxpr): number[] =>
  [...inputs, ...eqns.flatMap((eqn) => eqn.outputs)]
    .flatMap((v) => v.type.shape)
    .filter((n) => n >= leastSymbol);

/** For a variable of the body the one around the loop, stacked over the steps or (a constant) not. */
export type Outside = ReadonlyMap<
  Var,
  { readonly outer: Var; readonly stacked: boolean }
>;

/** The constants and xs of a loop, and other stacked values, by their variables in the body. */
export function outside(
  loop: Loop,
  others: readonly Link[] = [],
): Map<Var, { outer: Var; stacked: boolean }> {
  const entries = (links: readonly Link[], stacked: boolean) =>
    links.map(({ inner, outer }) => [inner, { outer, stacked }] as const);
  return new Map([
    ...entries(loop.consts, false),
    ...entries(loop.xs, true),
    ...entries(others, true),
  ]);
}

/** `outputs` of `eqns` stacked over all steps of `loop`; null where that would compute with a symbolic size. */
export function overTime(
  { length }: Loop,
  eqns: readonly Eqn[],
  operands: Outside,
  outputs: readonly Var[],
): Replacement | null {
  const made = new Set(eqns.flatMap((eqn) => eqn.outputs));
  const inputs = [
    ...new Set([...eqns.flatMap((eqn) => eqn.inputs), ...outputs]),
  ].filter((v) => !made.has(v));
  const links = inputs.map((v) => operands.get(v));
  if (links.includes(undefined)) return null;
  const one: Jaxpr = { inputs, eqns, outputs };
  const { jaxpr } = batchJaxpr(
    one,
    length,
    links.map((link) => link?.stacked ?? false),
    outputs.map(() => true),
  );
  if (jaxpr.inputs.length !== inputs.length) return null;
  const known = new Set([length, ...largeSizes(one)]);
  if (largeSizes(jaxpr).some((n) => !known.has(n))) return null;
  return inline(
    jaxpr,
    links.map((link) => link?.outer as Var),
  );
}

/** Multiplications and additions of a product; 0 for anything else. */
export function flops(eqn: Eqn): number {
  if (eqn.primitive.name !== "dot") return 0;
  const [axes] = (eqn.params as DotDims).contract;
  const [x] = eqn.inputs;
  return (
    2 *
    sizeOf(eqn.outputs[0].type.shape) *
    sizeOf(axes.map((i) => x.type.shape[i]))
  );
}

export const elements = (vars: Iterable<Var>): number =>
  [...vars].reduce((n, v) => n + sizeOf(v.type.shape), 0);

/** Writing a number in one loop and reading it in another costs about as much as this many operations of a product. */
export const worthStoring = 64;

/** Whether an equation runs a program of its own, which is not for passes to run over a batch. */
export const holdsJaxpr = ({ primitive }: Eqn): boolean =>
  ["scan", "while", "cond", "remat"].includes(primitive.name);
