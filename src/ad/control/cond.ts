/** @file `cond` and `switch`: one of several functions, chosen by a value. */
import { evalJaxpr } from "../jaxpr/jaxpr.ts";
import { emitJaxpr, lowerJaxpr } from "../lowering/lower.ts";
import { definePrimitive } from "../primitive.ts";
import { convert, le, select } from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import { batchToFront, broadcast } from "../primitives/structural.ts";
import { sameType, showType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import type { ArrayArgs, Arrays } from "../transforms/types.ts";
import { batchJaxpr } from "../transforms/vmap.ts";
import { unflatten } from "../tree.ts";
import { asValue, scalar, type ArrayLike } from "../value.ts";
import { condDiff } from "./cond-diff.ts";
import { union, withResults, type CondParams } from "./cond-params.ts";
import { condPartialEval } from "./cond-split.ts";
import { traceBranches } from "./cond-trace.ts";

export const condP = definePrimitive<CondParams>("cond", {
  type([index, ...inputs], { branches }) {
    if (index.dtype !== "int32" || index.shape.length !== 0)
      throw new TypeError(
        `cond: expected an index i32[], got ${showType(index)}`,
      );
    branches.forEach((branch, b) => {
      branch.inputs.forEach((v, i) => {
        if (!sameType(v.type, inputs[i]))
          throw new TypeError(
            `cond: input ${i} of branch ${b} is ${showType(v.type)}, got ${showType(inputs[i])}`,
          );
      });
      branch.outputs.forEach((v, i) => {
        const want = branches[0].outputs[i].type;
        if (!sameType(v.type, want))
          throw new TypeError(
            `cond: result ${i} is ${showType(want)} in branch 0 and ${showType(v.type)} in branch ${b}; they must agree`,
          );
      });
    });
    return branches[0].outputs.map((v) => v.type);
  },

  diff: condDiff,
  partialEval: condPartialEval,

  /** Where members of the batch choose differently all branches run, and each member's results are selected. */
  batch(self, size, [index, ...args], [indexAxis, ...axes], { branches }) {
    const bodies = branches.map((branch) =>
      batchJaxpr(
        branch,
        size,
        axes.map((axis) => axis !== null),
        branch.outputs.map(() => false),
      ),
    );
    const operands = args.map((x, i) =>
      axes[i] === null ? x : batchToFront(x, axes[i], size),
    );
    const spread = (out: readonly Value[], has: readonly boolean[]) =>
      out.map((y, i) => (has[i] ? y : batchToFront(y, null, size)));
    if (indexAxis !== null) {
      const results = bodies.map(({ jaxpr, outBatched }) =>
        spread(evalJaxpr(jaxpr, operands), outBatched),
      );
      const out = results.reduceRight((others, own, b) => {
        const takes = le(index, fill(b, index.type));
        return own.map((y, i) =>
          select(broadcast(takes, y.shape, [0]), y, others[i]),
        );
      });
      return [out, out.map(() => 0)];
    }
    const outBatched = union(bodies.map((body) => body.outBatched));
    const out = self.bind([index, ...operands], {
      branches: bodies.map(({ jaxpr, outBatched: own }) =>
        withResults(jaxpr, (out) =>
          spread(
            out,
            own.map((flag, i) => flag || !outBatched[i]),
          ),
        ),
      ),
    });
    return [out, outBatched.map((flag) => (flag ? 0 : null))];
  },

  lower(b, [index, ...inputs], out, { branches }) {
    if (branches.length === 1) return emitJaxpr(b, branches[0], inputs);
    return b.control(
      {
        kind: "branch",
        index,
        inputs,
        branches: branches.map((branch) => lowerJaxpr(branch)),
      },
      out,
    );
  },
});

/**
 * `trueFun(...operands)` if `pred` holds, else `falseFun(...operands)`; only the chosen one runs, but under vmap with a
 * batch of predicates both do (jax.lax.cond). Both give trees of the same structure and types; a bare number takes
 * the dtype of the other's result.
 */
export function cond<A extends readonly unknown[], R, S>(
  pred: ArrayLike,
  trueFun: (...operands: ArrayArgs<A>) => R,
  falseFun: (...operands: ArrayArgs<A>) => S,
  ...operands: A
): Arrays<R | S> {
  const test = asValue("cond", pred);
  if (test.ndim !== 0)
    throw new TypeError(
      `cond: expected a scalar predicate, got ${showType(test.type)}`,
    );
  const index = convert(convert(test, "bool"), "int32");
  const names = ["falseFun", "trueFun"];
  return choose<A, R | S>("cond", index, [falseFun, trueFun], names, operands);
}

/**
 * `branches[index](...operands)`; an index outside of the branches takes the nearest (jax.lax.switch). All branches
 * give trees of the same structure and types.
 */
export function switch_<
  A extends readonly unknown[],
  F extends readonly ((...operands: ArrayArgs<A>) => unknown)[],
>(
  index: ArrayLike,
  branches: F,
  ...operands: A
): Arrays<ReturnType<F[number]>> {
  if (branches.length === 0)
    throw new TypeError("switch: expected at least one branch, got none");
  const at =
    typeof index === "number" && Number.isInteger(index)
      ? scalar(index, "int32")
      : asValue("switch", index);
  if (at.ndim !== 0 || (at.dtype !== "int32" && at.dtype !== "uint32"))
    throw new TypeError(
      `switch: expected an index that is an integer scalar, got ${showType(at.type)}`,
    );
  const names = branches.map((_, i) => `branch ${i}`);
  const chosen = convert(at, "int32");
  return choose<A, ReturnType<F[number]>>(
    "switch",
    chosen,
    branches as readonly ((...xs: ArrayArgs<A>) => ReturnType<F[number]>)[],
    names,
    operands,
  );
}

function choose<A extends readonly unknown[], R>(
  who: string,
  index: Value,
  functions: readonly ((...operands: ArrayArgs<A>) => R)[],
  names: readonly string[],
  operands: A,
): Arrays<R> {
  const { branches, args, outDef } = traceBranches(
    who,
    functions,
    names,
    operands,
  );
  const out = condP.bind([index, ...args], { branches });
  return unflatten(outDef, out) as Arrays<R>;
}
