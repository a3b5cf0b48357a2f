/** @file Tiling: elementwise work on large arrays runs block by block, so that what lies between stays in the cache.
 *
 * An optimizer's update is a chain of twenty cheap operations on every parameter. One after the other, each reads and
 * writes the whole array in memory; in a loop over blocks of rows only the first reads and the last writes do.
 */
import { Var, type Eqn, type Jaxpr } from "../jaxpr/jaxpr.ts";
import { broadcast, reshape } from "../primitives/structural.ts";
import { elementwise } from "../rules/batch.ts";
import { sameShape, sizeOf, type Shape } from "../shape.ts";
import { convexGroups, sideBySide, type Group } from "./convex-groups.ts";
import { fillLike, isFill } from "./fills.ts";
import { closeLoop, type Link } from "./loop.ts";
import { write } from "./rewrite.ts";

/** Elements of an array that does not stay in the cache between two operations. */
const large = 2 ** 20;
/** Elements of a block: small enough for the caches, large enough for ONNX Runtime to share it out to threads. */
const block = 2 ** 18;
/** A group with fewer members gains too little. */
const fewest = 3;
/** From here on a size may stand for a symbol. */
const leastSymbol = 1_000_000;

/** Rows of a block: the divisor of the number of rows that comes nearest to `block` elements; null if none is near. */
function blockRows(shape: Shape): number | null {
  const [rows, ...rest] = shape;
  const width = sizeOf(rest);
  const far = (r: number) => Math.abs(Math.log2((r * width) / block));
  let best = 1;
  for (let r = 2; r <= rows / 2; r++)
    if (rows % r === 0 && far(r) < far(best)) best = r;
  return far(best) <= 2 ? best : null;
}

const keyOf = (eqn: Eqn): string | null => {
  if ((eqn.primitive.rules.batch as unknown) !== elementwise) return null;
  const [{ type }] = eqn.outputs;
  const fits =
    sizeOf(type.shape) >= large &&
    type.shape.every((n) => n < leastSymbol) &&
    blockRows(type.shape) !== null;
  return fits ? type.shape.join() : null;
};

/** Large elementwise work of the program itself; what is in loops is small or their own affair. */
export function tile(jaxpr: Jaxpr): Jaxpr {
  const groups = convexGroups(jaxpr, keyOf);
  for (const [eqn, { members }] of groups)
    if (members.length < fewest) groups.delete(eqn);
  if (groups.size === 0) return jaxpr;
  const makers = new Map(
    jaxpr.eqns.flatMap((eqn) => eqn.outputs.map((v) => [v, eqn] as const)),
  );
  const done = new Set<Group>();
  const eqns = sideBySide(jaxpr, groups).flatMap((eqn) => {
    const group = groups.get(eqn);
    if (!group) return [eqn];
    if (done.has(group)) return [];
    done.add(group);
    return inBlocks(group.members, makers, outside(jaxpr, group));
  });
  return { ...jaxpr, eqns };
}

/** What the rest of the program reads of a group's results. */
function outside(
  { eqns, outputs }: Jaxpr,
  { members }: Group,
): ReadonlySet<Var> {
  const own = new Set(members);
  return new Set([
    ...eqns.filter((eqn) => !own.has(eqn)).flatMap((eqn) => eqn.inputs),
    ...outputs,
  ]);
}

function inBlocks(
  members: readonly Eqn[],
  makers: ReadonlyMap<Var, Eqn>,
  readOutside: ReadonlySet<Var>,
): Eqn[] {
  const { shape } = members[0].outputs[0].type;
  const rows = blockRows(shape) as number;
  const count = shape[0] / rows;
  const small = (v: Var): Var =>
    new Var({ ...v.type, shape: [rows, ...v.type.shape.slice(1)] });
  const before: Eqn[] = [];
  const body: Eqn[] = [];
  const consts: Link[] = [];
  const xs: Link[] = [];
  const inner = new Map<Var, Var>();
  const reshaped = (v: Var, to: Shape): Var => {
    const out = write([v], ([x]) => [reshape(x, to)]);
    before.push(...out.eqns);
    return out.outputs[0];
  };
  const rowsOf = (v: Var): Var => {
    const link = {
      outer: reshaped(v, [count, rows, ...v.type.shape.slice(1)]),
      inner: small(v),
    };
    xs.push(link);
    return link.inner;
  };
  /** The variable of the body for an operand: numbers and repetitions are made inside, arrays come in by rows. */
  const operand = (v: Var): Var => {
    const known = inner.get(v);
    if (known) return known;
    const eqn = makers.get(v);
    let result: Var;
    if (eqn && isFill(eqn)) {
      const made = fillLike(small(v), (eqn.params as { value: number }).value);
      body.push(...made.eqns);
      [result] = made.outputs;
    } else if (
      eqn?.primitive.name === "broadcast" &&
      sameShape(v.type.shape, shape)
    ) {
      const [from] = eqn.inputs;
      const { axes } = eqn.params as { axes: readonly number[] };
      let source: Var;
      if (axes.includes(0)) source = rowsOf(from);
      else {
        source = new Var(from.type);
        consts.push({ outer: from, inner: source });
      }
      const spread = write([source], ([x]) => [
        broadcast(x, [rows, ...shape.slice(1)], axes),
      ]);
      body.push(...spread.eqns);
      [result] = spread.outputs;
    } else result = rowsOf(v);
    inner.set(v, result);
    return result;
  };
  for (const eqn of members) {
    const inputs = eqn.inputs.map(operand);
    const outputs = eqn.outputs.map(small);
    eqn.outputs.forEach((v, i) => inner.set(v, outputs[i]));
    body.push({ ...eqn, inputs, outputs });
  }
  const results = members
    .flatMap((eqn) => eqn.outputs)
    .filter((v) => readOutside.has(v));
  const ys = results.map((v): Link => {
    const { shape: one, dtype } = small(v).type;
    return {
      outer: new Var({ shape: [count, ...one], dtype }),
      inner: inner.get(v) as Var,
    };
  });
  const loop = closeLoop({ consts, carries: [], xs, ys, eqns: body, length: count, reverse: false }); // prettier-ignore
  const after = ys.flatMap(({ outer }, i) => {
    const out = write([outer], ([y]) => [reshape(y, shape)]);
    const last = out.eqns[out.eqns.length - 1];
    return [...out.eqns.slice(0, -1), { ...last, outputs: [results[i]] }];
  });
  return [...before, loop, ...after];
}
