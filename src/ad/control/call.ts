/** @file Functions that transforms see as one equation: traced where a transform runs, called plainly elsewhere. */
import type { ClosedJaxpr } from "../jaxpr/jaxpr.ts";
import { Tracer, isTracing, type Value } from "../tracer.ts";
import { FlatFunction, flattenValues } from "../transforms/flat.ts";
import { traceToJaxpr } from "../transforms/trace.ts";
import type { TreeDef } from "../tree.ts";

export interface Call {
  readonly closed: ClosedJaxpr;
  readonly values: readonly Value[];
  readonly def: TreeDef;
  readonly outDef: TreeDef;
}

/** `f`, applied through `bind` when an argument is traced. */
export const calling =
  <A extends readonly unknown[], R>(
    who: string,
    f: (...args: A) => R,
    bind: (call: Call) => Value[],
  ): ((...args: A) => R) =>
  (...args) => {
    const [values, def] = flattenValues(who, args);
    if (!isTracing() && !values.some((x) => x instanceof Tracer))
      return f(...args);
    const flat = new FlatFunction(who, f, def);
    const closed = traceToJaxpr(
      flat.run,
      values.map((x) => x.type),
    );
    return flat.build(bind({ closed, values, def, outDef: flat.outDef }));
  };
