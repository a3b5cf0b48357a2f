/** @file `scan`: a loop over the leading axis as one primitive, so that a transform sees one equation, not T. */
import { lowerJaxpr } from "../lowering/lower.ts";
import { definePrimitive } from "../primitive.ts";
import { zeros } from "../primitives/fill.ts";
import { batchToFront, moveAxis } from "../primitives/structural.ts";
import { removeAxis, sameType, showType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { flattenValues } from "../transforms/flat.ts";
import { traceToJaxpr } from "../transforms/trace.ts";
import type { Arrays } from "../transforms/types.ts";
import { batchJaxpr } from "../transforms/vmap.ts";
import { unflatten, type TreeDef } from "../tree.ts";
import { initialCarry, keptLeaves, type ArrayLikes } from "./agree.ts";
import { scanDiff } from "./scan-diff.ts";
import { segmentLength, segmentedScan } from "./segmented-scan.ts";
import { fixpoint, parts, stacked, type ScanParams } from "./scan-params.ts";
import { scanPartialEval } from "./scan-split.ts";

export const scanP = definePrimitive<ScanParams>("scan", {
  type(inputs, params) {
    const [consts, init, xs] = parts(inputs, params);
    const { jaxpr, carries, length } = params;
    for (const x of xs) {
      if (x.shape[0] !== length)
        throw new TypeError(
          `scan: expected ${length} steps in every operand of the loop, got ${showType(x)}`,
        );
    }
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

  diff: scanDiff,
  partialEval: scanPartialEval,

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
    const body = lowerJaxpr(jaxpr);
    return b.control(
      { kind: "loop", body, consts, init, xs, length, reverse },
      out,
    );
  },
});

/**
 * `scan(f, init, xs)` runs `[carry, y] = f(carry, x)` for each x along the leading axis of the leaves of `xs` and
 * returns the last carry and the stacked ys (jax.lax.scan). `xs` may be null when `length` is given; `reverse` runs
 * from the last x to the first, ys keeping their places. A bare number in the carry takes the dtype the step gives it.
 *
 * The derivative of T steps keeps what each step computed. With `checkpoint: true` it keeps the carry of about every
 * √T-th step and runs the steps between again: O(√T) memory for one more evaluation. A number is that distance.
 */
export function scan<C, X, Y>(
  f: (carry: Arrays<C>, x: Arrays<X>) => readonly [ArrayLikes<C>, Y],
  init: C,
  xs: X,
  options: {
    length?: number;
    reverse?: boolean;
    checkpoint?: boolean | number;
  } = {},
): [Arrays<C>, Arrays<Y>] {
  const [stackedXs, xDef] = flattenValues("scan", xs);
  const length = options.length ?? stackedXs[0]?.shape[0];
  if (length === undefined)
    throw new TypeError(
      "scan: expected xs with a leading axis, or a length, got neither",
    );
  if (!Number.isInteger(length) || length < 0)
    throw new RangeError(
      `scan: expected a length that is a non-negative integer, got ${length}`,
    );
  for (const x of stackedXs) {
    if (x.shape[0] !== length)
      throw new TypeError(
        `scan: expected ${length} steps in every leaf of xs, got ${showType(x.type)}`,
      );
  }
  const rows = stackedXs.map(({ type }) => ({
    ...type,
    shape: removeAxis(type.shape, 0),
  }));
  const row = (leaves: readonly Value[]) =>
    unflatten(xDef, leaves) as Arrays<X>;
  const [carry, carryDef] = initialCarry(
    "scan",
    (c) => f(c, row(rows.map(zeros)))[0],
    init,
  );
  const types = carry.map((x) => x.type);
  let yDef: TreeDef = { kind: "none" };
  const closed = traceToJaxpr(
    (args) => {
      const entry = unflatten(carryDef, args.slice(0, carry.length));
      const result = f(entry as Arrays<C>, row(args.slice(carry.length)));
      const kept = keptLeaves("scan", result[0], carryDef, types);
      const [ys, tree] = flattenValues("scan", result[1]);
      yDef = tree;
      return [...kept, ...ys];
    },
    [...types, ...rows],
  );
  const params: ScanParams = {
    jaxpr: closed.jaxpr,
    consts: closed.consts.length,
    carries: carry.length,
    length,
    reverse: options.reverse ?? false,
  };
  const operands = [...closed.consts, ...carry, ...stackedXs];
  const segment = segmentLength(length, options.checkpoint ?? false);
  const out =
    segment === null
      ? scanP.bind(operands, params)
      : segmentedScan(scanP, operands, params, segment);
  return [
    unflatten(carryDef, out.slice(0, carry.length)) as Arrays<C>,
    unflatten(yDef, out.slice(carry.length)) as Arrays<Y>,
  ];
}
