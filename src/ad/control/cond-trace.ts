/** @file Branches as functions become jaxprs on the same operands with results of the same types. */
import { Var, type ClosedJaxpr, type Jaxpr } from "../jaxpr/jaxpr.ts";
import { fill } from "../primitives/fill.ts";
import { sameType, showType, type ArrayType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { flattenValues } from "../transforms/flat.ts";
import { traceToJaxpr } from "../transforms/trace.ts";
import type { ArrayArgs } from "../transforms/types.ts";
import {
  flatten,
  sameTree,
  showTree,
  unflatten,
  type TreeDef,
} from "../tree.ts";
import { asValue } from "../value.ts";
import { isWeak, leafPaths } from "./agree.ts";
import { withResults } from "./cond-params.ts";

interface Traced extends ClosedJaxpr {
  /** What the function returned: numbers among these have no dtype of their own yet. */
  readonly leaves: readonly unknown[];
  readonly def: TreeDef;
}

/** The branches with everything any of them closes over as shared leading inputs, and the operands to match. */
export function traceBranches<A extends readonly unknown[], R>(
  who: string,
  functions: readonly ((...operands: ArrayArgs<A>) => R)[],
  names: readonly string[],
  operands: A,
): { branches: Jaxpr[]; args: Value[]; outDef: TreeDef } {
  const [values, def] = flattenValues(who, operands);
  const traced = functions.map((f): Traced => {
    let result: [leaves: unknown[], def: TreeDef] = [[], { kind: "none" }];
    const closed = traceToJaxpr(
      (args) => {
        result = flatten(f(...(unflatten(def, args) as ArrayArgs<A>)));
        return result[0].map((leaf) => asValue(who, leaf));
      },
      values.map((x) => x.type),
    );
    return { ...closed, leaves: result[0], def: result[1] };
  });
  const shared = [...new Set(traced.flatMap(({ consts }) => consts))];
  return {
    branches: agreeing(who, traced, names).map((jaxpr, b) => {
      const { consts } = traced[b];
      const inputs = shared.map((value) => {
        const at = consts.indexOf(value);
        return at < 0 ? new Var(value.type) : jaxpr.inputs[at];
      });
      return {
        ...jaxpr,
        inputs: [...inputs, ...jaxpr.inputs.slice(consts.length)],
      };
    }),
    args: [...shared, ...values],
    outDef: traced[0].def,
  };
}

/** The branches with bare numbers in the dtype of the other branches; a TypeError where results differ. */
function agreeing(
  who: string,
  traced: readonly Traced[],
  names: readonly string[],
): Jaxpr[] {
  const [{ def }] = traced;
  traced.forEach((own, b) => {
    if (!sameTree(own.def, def))
      throw new TypeError(
        `${who}: results must agree in structure, got ${showTree(def)} from ${names[0]} and ${showTree(own.def)} from ${names[b]}`,
      );
  });
  const typeOf = (b: number, i: number) => traced[b].jaxpr.outputs[i].type;
  const paths = leafPaths(def);
  const wanted = paths.map((path, i): ArrayType => {
    const strong = traced.findIndex(
      ({ leaves }) => typeof leaves[i] !== "number",
    );
    const first = Math.max(strong, 0);
    const want = typeOf(first, i);
    traced.forEach(({ leaves }, b) => {
      if (!sameType(typeOf(b, i), want) && !isWeak(leaves[i], want))
        throw new TypeError(
          `${who}: result${path} is ${showType(want)} from ${names[first]} and ${showType(typeOf(b, i))} from ${names[b]}; they must agree`,
        );
    });
    return want;
  });
  return traced.map(({ jaxpr, leaves }, b) =>
    wanted.every((type, i) => sameType(type, typeOf(b, i)))
      ? jaxpr
      : withResults(jaxpr, (out) =>
          out.map((y, i) =>
            sameType(y.type, wanted[i])
              ? y
              : fill(leaves[i] as number, wanted[i]),
          ),
        ),
  );
}
