/** @file Sinking: a carry that only sums what the steps contribute leaves the loop.
 *
 * A step's operands become ys, and one contraction over time after the loop makes the sum: the gradient of a recurrent
 * weight is one product over all steps and lanes, not one small product and one addition to a whole matrix a step.
 */
import { stacked } from "../control/scan-params.ts";
import { Var, type Eqn } from "../jaxpr/jaxpr.ts";
import { reachedFrom } from "../jaxpr/reach.ts";
import type { DotDims } from "../lowering/kernel.ts";
import type { ScatterParams } from "../primitives/gather.ts";
import { dot } from "../primitives/dot.ts";
import { add, neg } from "../primitives/elementwise.ts";
import { scatterAdd } from "../primitives/gather.ts";
import { broadcast, moveAxis, sum } from "../primitives/structural.ts";
import { isFloat } from "../dtype.ts";
import { range } from "../shape.ts";
import { bind, type Value } from "../tracer.ts";
import { elements, flops, worthStoring } from "./batch-eqns.ts";
import { loopOutputs, overLoops, type Carry, type Loop } from "./loop.ts";
import { countUses, everywhere, write, type Define } from "./rewrite.ts";

/** The sum over all steps of something a step computes. */
interface Total {
  /** Variables of the body it needs: constants as they are, others stacked. */
  readonly reads: readonly Var[];
  /** Whether it contracts, so that less is left than was read. */
  readonly contracts: boolean;
  readonly flops: number;
  build(outside: (v: Var) => Value): Value;
}

interface Body {
  readonly define: Define;
  readonly uses: ReadonlyMap<Var, number>;
  readonly consts: ReadonlySet<Var>;
  readonly length: number;
}

const up = (axes: readonly number[]) => axes.map((axis) => axis + 1);

/** Primitives that are linear in their only operand. */
const linear = new Set(["neg", "transpose", "reshape", "broadcast", "pad", "slice", "sum", "reverse"]); // prettier-ignore

/** How the sum over time of `v` is made from what its equation reads, or from `v` itself. */
function total(v: Var, body: Body): Total {
  const eqn = body.define(v);
  if (body.consts.has(v))
    return {
      reads: [v],
      contracts: false,
      flops: 0,
      build(outside) {
        const once = outside(v);
        const all = [body.length, ...once.shape];
        const axes = range(once.ndim).map((i) => i + 1);
        return sum(broadcast(once, all, axes), [0]);
      },
    };
  const own: Total = {
    reads: [v],
    contracts: false,
    flops: 0,
    build: (outside) => sum(outside(v), [0]),
  };
  // What is read elsewhere too is computed in the loop in any case.
  if (!eqn || (body.uses.get(v) ?? 0) > 1) return own;
  const { name } = eqn.primitive;
  const [x, y] = eqn.inputs;
  const isConst = (operand: Var) => body.consts.has(operand);
  const around = (of: Var, build: Total["build"]): Total => ({
    ...total(of, body),
    build,
  });
  if (
    linear.has(name) ||
    (name === "convert" && isFloat(v.type.dtype) && isFloat(x.type.dtype))
  ) {
    const inner = total(x, body);
    return around(
      x,
      (outside) => bind(eqn.primitive, [inner.build(outside)], eqn.params as never)[0],
    ); // prettier-ignore
  }
  if (name === "add" || name === "sub") {
    const [a, b] = [total(x, body), total(y, body)];
    return {
      reads: [...a.reads, ...b.reads],
      contracts: a.contracts && b.contracts,
      flops: a.flops + b.flops,
      build(outside) {
        const right = b.build(outside);
        return add(a.build(outside), name === "add" ? right : neg(right));
      },
    };
  }
  const oneConst = isConst(x) !== isConst(y);
  if ((name === "mul" || name === "dot") && oneConst) {
    const inner = total(isConst(x) ? y : x, body);
    const fixed = isConst(x) ? x : y;
    return {
      ...inner,
      reads: [...inner.reads, fixed],
      contracts: inner.contracts || name === "dot",
      build(outside) {
        const pair = [inner.build(outside), outside(fixed)];
        if (isConst(x)) pair.reverse();
        return bind(eqn.primitive, pair, eqn.params as never)[0];
      },
    };
  }
  if (name === "dot" && !isConst(x)) {
    const { contract, batch } = eqn.params as DotDims;
    const overTime: DotDims = {
      contract: [
        [0, ...up(contract[0])],
        [0, ...up(contract[1])],
      ],
      batch: [up(batch[0]), up(batch[1])],
    };
    return {
      reads: [x, y],
      contracts: true,
      flops: flops(eqn),
      build: (outside) => dot(outside(x), outside(y), overTime),
    };
  }
  if (name === "scatterAdd" && !isConst(x) && !isConst(y)) {
    const { rows, batch } = eqn.params as ScatterParams;
    const inside = (value: Value) => moveAxis(value, 0, batch);
    return {
      reads: [x, y],
      contracts: true,
      flops: 0,
      build: (outside) =>
        scatterAdd(inside(outside(x)), inside(outside(y)), rows, batch),
    };
  }
  return own;
}

/** What a carry gains in a step, addend by addend; null if it is anything but a sum nobody else looks at. */
function addends({ entry, next }: Carry, { define, uses }: Body): Var[] | null {
  if (uses.get(entry) !== 1 || uses.get(next) !== 1) return null;
  const gains: Var[] = [];
  const spread = (v: Var): void => {
    const eqn = define(v);
    if (eqn?.primitive.name === "add" && uses.get(v) === 1)
      eqn.inputs.forEach(spread);
    else gains.push(v);
  };
  spread(next);
  return gains.includes(entry) ? gains.filter((v) => v !== entry) : null;
}

/** Carries out of loops, where what has to be stored for that is worth it. */
export const sink = everywhere(
  overLoops((loop) => {
    const made = new Map<Var, Eqn>(
      loop.eqns.flatMap((eqn) => eqn.outputs.map((v) => [v, eqn] as const)),
    );
    const body: Body = {
      define: (v) => made.get(v),
      uses: countUses(loop.eqns, loopOutputs(loop)),
      consts: new Set(loop.consts.map((c) => c.inner)),
      length: loop.length,
    };
    const sums = loop.carries.flatMap((carry) => {
      const gains = addends(carry, body);
      return gains ? [{ carry, gains, sunk: new Map<number, Total>() }] : [];
    });
    const outer = new Map(
      [...loop.consts, ...loop.xs].map((link) => [link.inner, link.outer]),
    );
    const ys = new Map(loop.ys.map((y) => [y.inner, y.outer]));
    const has = (v: Var) => outer.has(v) || ys.has(v);
    // What one total has stacked is there for the next.
    for (let found = true; found;) {
      found = false;
      for (const { carry, gains, sunk } of sums) {
        for (const [i, gain] of gains.entries()) {
          if (sunk.has(i)) continue;
          const plan = total(gain, body);
          const stores = elements(new Set(plan.reads.filter((v) => !has(v))));
          const worth =
            stores === 0 ||
            (plan.contracts &&
              (stores <= 2 * elements([carry.entry]) ||
                plan.flops >= worthStoring * stores));
          if (!worth) continue;
          for (const v of plan.reads)
            if (!has(v)) ys.set(v, new Var(stacked(v.type, loop.length)));
          sunk.set(i, plan);
          found = true;
        }
      }
    }
    const done = sums.filter(({ sunk }) => sunk.size > 0);
    if (done.length === 0) return null;
    return leave(loop, done, outer, ys);
  }),
);

type Sum = { carry: Carry; gains: Var[]; sunk: ReadonlyMap<number, Total> };

/** The loop with what is left of the sums, and the totals after it. */
function leave(
  loop: Loop,
  done: readonly Sum[],
  outer: ReadonlyMap<Var, Var>,
  ys: ReadonlyMap<Var, Var>,
) {
  const names = new Map<Var, Var>();
  const after: Eqn[] = [];
  const more: Eqn[] = [];
  const carries = loop.carries.flatMap((carry): Carry[] => {
    const sum = done.find((s) => s.carry === carry);
    if (!sum) return [carry];
    const rest = sum.gains.filter((_, i) => !sum.sunk.has(i));
    let kept: Carry | null = null;
    if (rest.length > 0) {
      const step = write([carry.entry, ...rest], ([first, ...values]) => [
        values.reduce((total, value) => add(total, value), first),
      ]);
      more.push(...step.eqns);
      kept = {
        ...carry,
        next: step.outputs[0],
        final: new Var(carry.final.type),
      };
    }
    const totals = [...sum.sunk.values()];
    const reads = [...new Set(totals.flatMap((plan) => plan.reads))];
    const end = write(
      [
        kept?.final ?? carry.init,
        ...reads.map((v) => (outer.get(v) ?? ys.get(v)) as Var),
      ],
      ([first, ...values]) => [
        totals.reduce(
          (sum, plan) =>
            add(
              sum,
              plan.build((v) => values[reads.indexOf(v)]),
            ),
          first,
        ),
      ],
    );
    after.push(...end.eqns);
    names.set(carry.final, end.outputs[0]);
    return kept ? [kept] : [];
  });
  // The additions themselves: nothing else reads what comes out of a sum on the way.
  const sums = reachedFrom(
    done.map(({ carry }) => carry.entry),
    loop.eqns,
  );
  const twice = loop.ys.filter((y) => ys.get(y.inner) !== y.outer);
  return {
    loop: {
      ...loop,
      carries,
      eqns: [
        ...loop.eqns.filter((eqn) => !eqn.outputs.some((v) => sums.has(v))),
        ...more,
      ],
      ys: [...[...ys].map(([inner, outer]) => ({ inner, outer })), ...twice],
    },
    after,
    names,
  };
}
