/** @file The transpose of a jaxpr as a jaxpr, for primitives that run one. */
import type { Jaxpr } from "../jaxpr/jaxpr.ts";
import { Unknown, type Tangent } from "../primitive.ts";
import type { Value } from "../tracer.ts";
import { linearPart } from "../transforms/linearize.ts";
import { traceToJaxpr } from "../transforms/trace.ts";
import { backwardPass } from "../transforms/transpose.ts";

/**
 * From the known operands of `jaxpr`, then the cotangents there are, to the cotangents of its unknown operands;
 * `found` says, for every operand, whether it gets one.
 */
export function transposeJaxpr(
  jaxpr: Jaxpr,
  args: readonly (Value | Unknown)[],
  cotangents: readonly Tangent[],
): { jaxpr: Jaxpr; found: boolean[] } {
  const known = args.filter((x): x is Value => !(x instanceof Unknown));
  const cts = cotangents.filter((ct) => ct !== null);
  let found: boolean[] = [];
  const closed = traceToJaxpr(
    (flat) => {
      const operands = args.map((x) =>
        x instanceof Unknown ? x : (flat.shift() as Value),
      );
      const given = cotangents.map((ct) =>
        ct ? (flat.shift() as Value) : null,
      );
      const linear = linearPart(jaxpr, operands);
      const unknown = args.filter((x) => x instanceof Unknown);
      const back = backwardPass(
        linear.jaxpr,
        [...linear.consts, ...unknown],
        given,
      ).slice(linear.consts.length);
      const out = args.map((x) =>
        x instanceof Unknown ? (back.shift() as Tangent) : null,
      );
      found = out.map((ct) => ct !== null);
      return out.filter((ct) => ct !== null);
    },
    [...known, ...cts].map((x) => x.type),
  );
  return { jaxpr: closed.jaxpr, found };
}
