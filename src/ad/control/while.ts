/** @file `whileLoop`: a loop that runs for as long as a condition on its carry holds. */
import { evalJaxpr, type Jaxpr } from "../jaxpr/jaxpr.ts";
import { lowerJaxpr } from "../lowering/lower.ts";
import { definePrimitive, type Rules } from "../primitive.ts";
import { convert, select } from "../primitives/elementwise.ts";
import { batchToFront, broadcast, sum } from "../primitives/structural.ts";
import { sameType, showType, type ArrayType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { traceToJaxpr } from "../transforms/trace.ts";
import type { Arrays } from "../transforms/types.ts";
import { batchJaxpr } from "../transforms/vmap.ts";
import { unflatten } from "../tree.ts";
import { asValue, type ArrayLike } from "../value.ts";
import { initialCarry, keptLeaves, type ArrayLikes } from "./agree.ts";
import { fixpoint } from "./scan-params.ts";
import { whileDiff, whilePartialEval } from "./while-diff.ts";
import { parts, type WhileParams } from "./while-params.ts";

const batch: Rules<WhileParams>["batch"] = (self, size, args, axes, params) => {
  const [condAxes, bodyAxes, initAxes] = parts(axes, params);
  const { cond, body } = params;
  const has = (list: readonly (number | null)[]) =>
    list.map((axis) => axis !== null);
  const { test, step, flags } = fixpoint(has(initAxes), (flags) => {
    const test = batchJaxpr(cond, size, [...has(condAxes), ...flags], [false]);
    // Members that stop at different steps end with carries of their own.
    const own = flags.map((flag) => flag || test.outBatched[0]);
    const step = batchJaxpr(body, size, [...has(bodyAxes), ...own], own);
    return { flags: step.outBatched, result: { test, step, flags: own } };
  });
  const front = (x: Value, axis: number | null) =>
    axis === null ? x : batchToFront(x, axis, size);
  const operands = parts(args, params);
  const condConsts = operands[0].map((x, i) => front(x, condAxes[i]));
  const bodyConsts = operands[1].map((x, i) => front(x, bodyAxes[i]));
  const init = operands[2].map((x, i) =>
    flags[i] ? batchToFront(x, initAxes[i], size) : x,
  );
  const out = test.outBatched[0]
    ? runTogether(self, test.jaxpr, step.jaxpr, condConsts, bodyConsts, init)
    : self.bind([...condConsts, ...bodyConsts, ...init], {
        ...params,
        cond: test.jaxpr,
        body: step.jaxpr,
      });
  return [out, flags.map((flag) => (flag ? 0 : null))];
};

/** Runs until every member has stopped. Who still runs is one more carry; the others keep what they have. */
function runTogether(
  self: Parameters<typeof batch>[0],
  test: Jaxpr,
  step: Jaxpr,
  condConsts: readonly Value[],
  bodyConsts: readonly Value[],
  init: readonly Value[],
): Value[] {
  const types = (list: readonly Value[]) => list.map((x) => x.type);
  const running = evalJaxpr(test, [...condConsts, ...init]);
  const cond = traceToJaxpr(
    ([runs]) => [convert(sum(convert(runs, "int32"), [0]), "bool")],
    types([...running, ...init]),
  ).jaxpr;
  const body = traceToJaxpr(
    (flat) => {
      const testConsts = flat.splice(0, condConsts.length);
      const stepConsts = flat.splice(0, bodyConsts.length);
      const [runs, ...carry] = flat;
      const next = evalJaxpr(step, [...stepConsts, ...carry]).map((y, i) =>
        select(broadcast(runs, y.shape, [0]), y, carry[i]),
      );
      return [...evalJaxpr(test, [...testConsts, ...next]), ...next];
    },
    types([...condConsts, ...bodyConsts, ...running, ...init]),
  ).jaxpr;
  const [, ...out] = self.bind(
    [...condConsts, ...bodyConsts, ...running, ...init],
    {
      cond,
      body,
      condConsts: 0,
      bodyConsts: condConsts.length + bodyConsts.length,
    },
  );
  return out;
}

export const whileP = definePrimitive<WhileParams>("while", {
  type(inputs, params) {
    const [condConsts, bodyConsts, init] = parts(inputs, params);
    const { cond, body } = params;
    const fits = (word: string, jaxpr: Jaxpr, given: readonly ArrayType[]) =>
      jaxpr.inputs.forEach((v, i) => {
        if (!sameType(v.type, given[i]))
          throw new TypeError(
            `while: ${word} input ${i} is ${showType(v.type)}, got ${showType(given[i])}`,
          );
      });
    fits("cond", cond, [...condConsts, ...init]);
    fits("body", body, [...bodyConsts, ...init]);
    const [test] = cond.outputs;
    if (!sameType(test.type, { shape: [], dtype: "bool" }))
      throw new TypeError(
        `while: expected a condition bool[], got ${showType(test.type)}`,
      );
    init.forEach((type, i) => {
      const out = body.outputs[i].type;
      if (!sameType(type, out))
        throw new TypeError(
          `while: carry ${i} is ${showType(type)} on entry and ${showType(out)} after a step; they must agree`,
        );
    });
    return init;
  },
  diff: whileDiff,
  partialEval: whilePartialEval,
  batch,
  lower(b, inputs, out, params) {
    const [condConsts, bodyConsts, init] = parts(inputs, params);
    const cond = lowerJaxpr(params.cond);
    const body = lowerJaxpr(params.body);
    return b.control(
      { kind: "while", cond, body, condConsts, bodyConsts, init },
      out,
    );
  },
});

/**
 * `carry = bodyFun(carry)` from `init` for as long as `condFun(carry)` holds; the carry keeps its structure and types
 * (jax.lax.while_loop). Differentiable forwards; reverse mode needs scan, or foriLoop with number bounds.
 */
export function whileLoop<C>(
  condFun: (carry: Arrays<C>) => ArrayLike,
  bodyFun: (carry: Arrays<C>) => ArrayLikes<C>,
  init: C,
): Arrays<C> {
  const [carry, def] = initialCarry("whileLoop", bodyFun, init);
  const types = carry.map((x) => x.type);
  const tree = (args: readonly Value[]) => unflatten(def, args) as Arrays<C>;
  const cond = traceToJaxpr((args) => {
    const test = asValue("whileLoop", condFun(tree(args)));
    if (!sameType(test.type, { shape: [], dtype: "bool" }))
      throw new TypeError(
        `whileLoop: expected a condition bool[], got ${showType(test.type)}`,
      );
    return [test];
  }, types);
  const body = traceToJaxpr(
    (args) => keptLeaves("whileLoop", bodyFun(tree(args)), def, types),
    types,
  );
  const out = whileP.bind([...cond.consts, ...body.consts, ...carry], {
    cond: cond.jaxpr,
    body: body.jaxpr,
    condConsts: cond.consts.length,
    bodyConsts: body.consts.length,
  });
  return tree(out);
}
