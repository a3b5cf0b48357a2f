/** @file `composed`: a lowering written as a program of other primitives, where no single kernel does the work. */
import { Array } from "../array.ts";
import type { Rules } from "../primitive.ts";
import type { Value } from "../tracer.ts";
import { traceToJaxpr } from "../transforms/trace.ts";
import { emitJaxpr } from "./lower.ts";

/** The lowering rule that traces `f` at the operands' types and emits its kernels in place; loops are allowed. */
export const composed =
  <P>(
    f: (args: readonly Value[], params: P) => readonly Value[],
  ): Rules<P>["lower"] =>
  (builder, inputs, _out, params) => {
    const { jaxpr, consts } = traceToJaxpr(
      (args) => f(args, params),
      inputs.map((ref) => ref.type),
    );
    const closed = consts.map((value) => builder.constant(value as Array));
    return emitJaxpr(builder, jaxpr, [...closed, ...inputs]);
  };
