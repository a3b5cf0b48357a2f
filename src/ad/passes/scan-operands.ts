/** @file What a scan only passes along: operands that never change, results that are an operand, values named twice. */
import { Var, type Eqn } from "../jaxpr/jaxpr.ts";
import { broadcast } from "../primitives/structural.ts";
import { range, type Shape } from "../shape.ts";
import { fillLike, fillValue, isFill } from "./fills.ts";
import { overLoops, type Carry, type Link, type Loop } from "./loop.ts";
import { everywhere, renamed, write, type Define } from "./rewrite.ts";

/** Renames inside and outside of a loop, and what must be computed after it. */
interface Found {
  readonly inner: Map<Var, Var>;
  readonly outer: Map<Var, Var>;
  /** Equations at the top of the body: numbers that came in as operands. */
  readonly top: Eqn[];
  readonly after: Eqn[];
}

/** Links without those whose variable (by `key`) an earlier one has. */
function merge(
  links: readonly Link[],
  key: (link: Link) => Var,
  same: (link: Link, first: Link) => void,
): Link[] {
  const first = new Map<Var, Link>();
  return links.filter((link) => {
    const known = first.get(key(link));
    if (known) same(link, known);
    else first.set(key(link), link);
    return !known;
  });
}

/** Operands that are arrays of one number are made inside; an x that repeats over time is a constant. */
function operands(loop: Loop, found: Found, define: Define) {
  const makeInside = ({ outer, inner }: Link): boolean => {
    const value = fillValue(outer, define);
    if (value === null) return false;
    const { eqns, outputs } = fillLike(inner, value);
    found.top.push(...eqns);
    found.inner.set(inner, outputs[0]);
    return true;
  };
  const consts = loop.consts.filter((c) => !makeInside(c));
  const xs = loop.xs.filter((x) => {
    if (makeInside(x)) return false;
    const eqn = define(x.outer);
    if (eqn?.primitive.name !== "broadcast") return true;
    const { shape, axes } = eqn.params as { shape: Shape; axes: number[] };
    if (axes.includes(0)) return true;
    const [outer] = eqn.inputs;
    const inner = new Var(outer.type);
    const spread = write([inner], ([v]) => [
      broadcast(v, shape.slice(1), axes.map((i) => i - 1)),
    ]); // prettier-ignore
    consts.push({ outer, inner });
    found.top.push(...spread.eqns);
    found.inner.set(x.inner, spread.outputs[0]);
    return false;
  });
  const rename = (link: Link, first: Link) =>
    void found.inner.set(link.inner, first.inner);
  return {
    consts: merge(consts, (c) => c.outer, rename),
    xs: merge(xs, (x) => x.outer, rename),
  };
}

/** Carries that enter every step as they left the one before are constants. */
function carriesOf(loop: Loop, found: Found) {
  const fixed = (c: Carry) => c.next === c.entry;
  loop.carries
    .filter(fixed)
    .forEach(({ final, init }) => found.outer.set(final, init));
  return {
    carries: loop.carries.filter((c) => !fixed(c)),
    consts: loop.carries
      .filter(fixed)
      .map(({ init, entry }): Link => ({ outer: init, inner: entry })),
  };
}

/** Stacked results that are an operand, one number, or each other. */
function results(loop: Loop, found: Found): Link[] {
  const xs = new Map(loop.xs.map((x) => [x.inner, x.outer]));
  const consts = new Map(loop.consts.map((c) => [c.inner, c.outer]));
  const fills = new Map(
    [...found.top, ...loop.eqns]
      .filter(isFill)
      .map((eqn) => [eqn.outputs[0], (eqn.params as { value: number }).value]),
  );
  const ys = loop.ys.filter((y) => {
    const x = xs.get(y.inner);
    const same = consts.get(y.inner);
    const value = fills.get(y.inner);
    if (x) found.outer.set(y.outer, x);
    if (!same && value === undefined) return !x;
    const { shape } = y.outer.type;
    const spread = same
      ? write([same], ([v]) => [
          broadcast(v, shape, range(v.ndim).map((i) => i + 1)),
        ]) // prettier-ignore
      : fillLike(y.outer, value as number);
    found.after.push(...spread.eqns);
    found.outer.set(y.outer, spread.outputs[0]);
    return false;
  });
  return merge(
    ys,
    (y) => y.inner,
    (y, first) => void found.outer.set(y.outer, first.outer),
  );
}

/** Loops with fewer operands, carries and results. */
export const scanOperands = everywhere(
  overLoops((loop, define) => {
    const found: Found = {
      inner: new Map(),
      outer: new Map(),
      top: [],
      after: [],
    };
    const { carries, consts: fixed } = carriesOf(loop, found);
    const { consts, xs } = operands(
      { ...loop, consts: [...loop.consts, ...fixed] },
      found,
      define,
    );
    const now = (v: Var) => found.inner.get(v) ?? v;
    const ys = results(
      {
        ...loop,
        consts,
        xs,
        ys: loop.ys.map((y) => ({ ...y, inner: now(y.inner) })),
      },
      found,
    );
    if (found.inner.size + found.outer.size === 0) return null;
    return {
      loop: {
        ...loop,
        consts,
        xs,
        ys,
        carries: carries.map((c) => ({ ...c, next: now(c.next) })),
        eqns: [
          ...found.top,
          ...loop.eqns.map((eqn) => renamed(eqn, found.inner)),
        ],
      },
      after: found.after,
      names: found.outer,
    };
  }),
);
