/** @file `scan`: a loop over the leading axis as one primitive, so that a transform sees one equation, not T. */
import { type Jaxpr } from "../jaxpr/jaxpr.ts";
import { lowerJaxpr } from "../lowering/lower.ts";
import { Unknown, definePrimitive, type Tangent } from "../primitive.ts";
import { add } from "../primitives/elementwise.ts";
import { zeros } from "../primitives/fill.ts";
import { batchToFront, moveAxis } from "../primitives/structural.ts";
import { removeAxis, sameType, showType, type ArrayType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { batchJaxpr } from "../transforms/vmap.ts";
import { jvpJaxpr } from "../transforms/jvp.ts";
import { traceToJaxpr } from "../transforms/trace.ts";
import { backwardPass } from "../transforms/transpose.ts";
import {
  flatten,
  sameTree,
  showTree,
  unflatten,
  type TreeDef,
} from "../tree.ts";
import { asValue } from "../value.ts";

/** jaxpr: (consts, carry, x) -> (carry, y); operands are consts, initial carry, xs with a leading axis of `length`. */
export interface ScanParams {
  readonly jaxpr: Jaxpr;
  readonly consts: number;
  readonly carries: number;
  readonly length: number;
  readonly reverse: boolean;
}

/** A list of operands or flags cut into consts, carries and xs. */
const parts = <T>(
  list: readonly T[],
  { consts, carries }: ScanParams,
): [T[], T[], T[]] => [
  list.slice(0, consts),
  list.slice(consts, consts + carries),
  list.slice(consts + carries),
];

const stacked = ({ shape, dtype }: ArrayType, length: number): ArrayType => ({
  shape: [length, ...shape],
  dtype,
});

/**
 * Grows a set of flagged carries until the body maps flagged carries to flagged carries: whether a carry is batched
 * (or has a tangent) depends on the body's result, which depends on the carry.
 */
function fixpoint<R>(
  initial: readonly boolean[],
  step: (flags: boolean[]) => { flags: boolean[]; result: R },
): R {
  let flags = [...initial];
  for (;;) {
    const { flags: next, result } = step(flags);
    const grown = flags.map((flag, i) => flag || next[i]);
    if (grown.every((flag, i) => flag === flags[i])) return result;
    flags = grown;
  }
}

export const scanP = definePrimitive<ScanParams>("scan", {
  type(inputs, params) {
    const [consts, init, xs] = parts(inputs, params);
    const { jaxpr, carries, length } = params;
    const given = [
      ...consts,
      ...init,
      ...xs.map((x) => ({ ...x, shape: removeAxis(x.shape, 0) })),
    ];
    jaxpr.inputs.forEach((v, i) => {
      if (!sameType(v.type, given[i]))
        throw new TypeError(
          `scan: body input ${i} is ${showType(v.type)}, got ${showType(given[i])}`,
        );
    });
    init.forEach((type, i) => {
      const out = jaxpr.outputs[i].type;
      if (!sameType(type, out)) {
        throw new TypeError(
          `scan: carry ${i} is ${showType(type)} on entry and ${showType(out)} after a step; they must agree`,
        );
      }
    });
    return jaxpr.outputs.map((v, i) =>
      i < carries ? v.type : stacked(v.type, length),
    );
  },

  diff: {
    jvp(self, primals, tangents, params) {
      const [consts, init, xs] = parts(primals, params);
      const [dconsts, dinit, dxs] = parts(tangents, params);
      const has = (list: readonly Tangent[]) => list.map((t) => t !== null);
      const { jaxpr, carries } = params;
      const ys = jaxpr.outputs.length - carries;
      const { body, carryFlags, outNonzero } = fixpoint(
        has(dinit),
        (carryFlags) => {
          const force = [...carryFlags, ...Array<boolean>(ys).fill(false)];
          const { jaxpr: body, outNonzero } = jvpJaxpr(
            jaxpr,
            [...has(dconsts), ...carryFlags, ...has(dxs)],
            force,
          );
          return {
            flags: outNonzero.slice(0, carries),
            result: { body, carryFlags, outNonzero },
          };
        },
      );
      // The differentiated body takes and gives all primals first; scan wants consts, carries and xs each together.
      const kept = <T>(list: readonly (T | null)[]) =>
        list.filter((t): t is T => t !== null);
      const dinitKept = kept(
        dinit.map((t, i) =>
          carryFlags[i] ? (t ?? zeros(init[i].type)) : null,
        ),
      );
      const [dconstsKept, dxsKept] = [kept(dconsts), kept(dxs)];
      const [n, nc] = [primals.length, consts.length];
      const cut = [
        nc,
        nc + carries,
        n,
        n + dconstsKept.length,
        n + dconstsKept.length + dinitKept.length,
      ];
      const group = <T>(v: readonly T[]) => [
        ...v.slice(0, cut[0]), ...v.slice(cut[2], cut[3]),
        ...v.slice(cut[0], cut[1]), ...v.slice(cut[3], cut[4]),
        ...v.slice(cut[1], cut[2]), ...v.slice(cut[4]),
      ]; // prettier-ignore
      const outs = body.outputs;
      const [carryOut, yOut] = [
        outs.slice(0, carries),
        outs.slice(carries, carries + ys),
      ];
      const [dcarryOut, dyOut] = [
        outs.slice(carries + ys, carries + ys + dinitKept.length),
        outs.slice(carries + ys + dinitKept.length),
      ];
      const out = self.bind(
        [...consts, ...dconstsKept, ...init, ...dinitKept, ...xs, ...dxsKept],
        {
          ...params,
          jaxpr: {
            inputs: group(body.inputs),
            eqns: body.eqns,
            outputs: [...carryOut, ...dcarryOut, ...yOut, ...dyOut],
          },
          consts: consts.length + dconstsKept.length,
          carries: carries + dinitKept.length,
        },
      );
      const carryEnd = carries + dinitKept.length;
      const tangentsOut = [
        ...out.slice(carries, carryEnd),
        ...out.slice(carryEnd + ys),
      ];
      return [
        [...out.slice(0, carries), ...out.slice(carryEnd, carryEnd + ys)],
        outNonzero.map((flag) => (flag ? [tangentsOut.shift() as Value] : [])),
      ];
    },

    /** The cotangent of the carry runs backwards in time; those of unknown constants are summed over the steps. */
    transpose(self, cotangents, args, params) {
      const [consts, init, xs] = parts(args, params);
      const { jaxpr, carries, length, reverse } = params;
      const known = (list: readonly (Value | Unknown)[]) =>
        list.filter((x): x is Value => !(x instanceof Unknown));
      const unknown = (list: readonly (Value | Unknown)[]) =>
        list.filter((x): x is Unknown => x instanceof Unknown);
      if (unknown(init).length !== init.length)
        throw new TypeError(
          "scan: a linear scan must be linear in all of its carries",
        );
      const ctCarry = jaxpr.outputs
        .slice(0, carries)
        .map((v, i) => cotangents[i] ?? zeros(v.type));
      const ctYs = jaxpr.outputs
        .slice(carries)
        .map(
          (v, i) => cotangents[carries + i] ?? zeros(stacked(v.type, length)),
        );
      const constSums = unknown(consts).map((u) => zeros(u.type));
      const [constsIn, , xsIn] = parts(jaxpr.inputs, params);
      const typesOf = (list: readonly Value[], drop: boolean) =>
        list.map(({ type }) =>
          drop ? { ...type, shape: removeAxis(type.shape, 0) } : type,
        );
      const knownConsts = known(consts);
      const knownXs = known(xs);
      const closed = traceToJaxpr(
        (flat) => {
          const take = (n: number) => flat.splice(0, n);
          const residualConsts = take(knownConsts.length);
          const sums = take(constSums.length);
          const carryCts = take(carries);
          const residualXs = take(knownXs.length);
          const yCts = flat;
          const operands = [
            ...consts.map((x, i) =>
              x instanceof Unknown
                ? new Unknown(constsIn[i].type)
                : (residualConsts.shift() as Value),
            ),
            ...init.map((x) => x as Unknown),
            ...xs.map((x, i) =>
              x instanceof Unknown
                ? new Unknown(xsIn[i].type)
                : (residualXs.shift() as Value),
            ),
          ];
          const cts = backwardPass(jaxpr, operands, [...carryCts, ...yCts]);
          const [ctConsts, ctInit, ctXs] = parts(
            cts.map((ct, i) =>
              operands[i] instanceof Unknown
                ? (ct ?? zeros(operands[i].type))
                : null,
            ),
            params,
          );
          const added = ctConsts
            .filter((ct): ct is Value => ct !== null)
            .map((ct, i) => add(sums[i], ct));
          return [
            ...added,
            ...(ctInit as Value[]),
            ...ctXs.filter((ct): ct is Value => ct !== null),
          ];
        },
        [
          ...typesOf(knownConsts, false), ...typesOf(constSums, false), ...typesOf(ctCarry, false),
          ...typesOf(knownXs, true), ...typesOf(ctYs, true),
        ], // prettier-ignore
      );
      const out = self.bind(
        [...knownConsts, ...constSums, ...ctCarry, ...knownXs, ...ctYs],
        {
          jaxpr: closed.jaxpr,
          consts: knownConsts.length,
          carries: constSums.length + carries,
          length,
          reverse: !reverse,
        },
      );
      const sums = out.splice(0, constSums.length);
      const ctInit = out.splice(0, carries);
      return [
        ...consts.map((x) =>
          x instanceof Unknown ? (sums.shift() as Value) : null,
        ),
        ...ctInit,
        ...xs.map((x) =>
          x instanceof Unknown ? (out.shift() as Value) : null,
        ),
      ];
    },
  },

  batch(self, size, args, axes, params) {
    const [constAxes, initAxes, xsAxes] = parts(axes, params);
    const has = (list: readonly (number | null)[]) =>
      list.map((axis) => axis !== null);
    const { jaxpr, carries } = params;
    const ys = jaxpr.outputs.length - carries;
    const { body, carryFlags, outBatched } = fixpoint(
      has(initAxes),
      (carryFlags) => {
        const force = [...carryFlags, ...Array<boolean>(ys).fill(false)];
        const { jaxpr: body, outBatched } = batchJaxpr(
          jaxpr,
          size,
          [...has(constAxes), ...carryFlags, ...has(xsAxes)],
          force,
        );
        return {
          flags: outBatched.slice(0, carries),
          result: { body, carryFlags, outBatched },
        };
      },
    );
    const [consts, init, xs] = parts(args, params);
    const front = (x: Value, axis: number | null) =>
      axis === null ? x : batchToFront(x, axis, size);
    const operands = [
      ...consts.map((x, i) => front(x, constAxes[i])),
      ...init.map((x, i) =>
        carryFlags[i] ? batchToFront(x, initAxes[i], size) : x,
      ),
      // The loop axis stays first; the body sees the batch axis first.
      ...xs.map((x, i) =>
        xsAxes[i] === null
          ? x
          : moveAxis(batchToFront(x, xsAxes[i], size), 0, 1),
      ),
    ];
    const out = self.bind(operands, { ...params, jaxpr: body });
    return [
      out,
      outBatched.map((flag, i) => (flag ? (i < carries ? 0 : 1) : null)),
    ];
  },

  lower(b, inputs, out, params) {
    const [consts, init, xs] = parts(inputs, params);
    const { jaxpr, length, reverse } = params;
    return b.loop(
      { body: lowerJaxpr(jaxpr), consts, init, xs, length, reverse },
      out,
    );
  },
});

/**
 * `scan(f, init, xs)` runs `[carry, y] = f(carry, x)` for each x along the leading axis of the leaves of `xs` and
 * returns the last carry and the stacked ys (jax.lax.scan). `xs` may be null when `length` is given; `reverse` runs
 * from the last x to the first, ys keeping their places.
 */
export function scan<C, X, Y>(
  f: (carry: C, x: X) => readonly [C, Y],
  init: C,
  xs: X,
  options: { length?: number; reverse?: boolean } = {},
): [C, Y] {
  const [initLeaves, carryDef] = flatten(init);
  const [xLeaves, xDef] = flatten(xs);
  const carry = initLeaves.map((leaf) => asValue("scan", leaf));
  const stackedXs = xLeaves.map((leaf) => asValue("scan", leaf));
  const length = options.length ?? stackedXs[0]?.shape[0];
  if (length === undefined)
    throw new TypeError(
      "scan: expected xs with a leading axis, or a length, got neither",
    );
  for (const x of stackedXs) {
    if (x.shape[0] !== length)
      throw new TypeError(
        `scan: expected ${length} steps in every leaf of xs, got ${showType(x.type)}`,
      );
  }
  let yDef: TreeDef = { kind: "none" };
  const closed = traceToJaxpr(
    (args) => {
      const result = f(
        unflatten(carryDef, args.slice(0, carry.length)) as C,
        unflatten(xDef, args.slice(carry.length)) as X,
      );
      const [outLeaves, outDef] = flatten(result[0]);
      if (!sameTree(outDef, carryDef)) {
        throw new TypeError(
          `scan: the carry must keep its structure ${showTree(carryDef)}, got ${showTree(outDef)}`,
        );
      }
      const [yLeaves, tree] = flatten(result[1]);
      yDef = tree;
      return [...outLeaves, ...yLeaves].map((leaf) => asValue("scan", leaf));
    },
    [
      ...carry.map((x) => x.type),
      ...stackedXs.map(({ type }) => ({
        ...type,
        shape: removeAxis(type.shape, 0),
      })),
    ],
  );
  const out = scanP.bind([...closed.consts, ...carry, ...stackedXs], {
    jaxpr: closed.jaxpr,
    consts: closed.consts.length,
    carries: carry.length,
    length,
    reverse: options.reverse ?? false,
  });
  return [
    unflatten(carryDef, out.slice(0, carry.length)) as C,
    unflatten(yDef, out.slice(carry.length)) as Y,
  ];
}
