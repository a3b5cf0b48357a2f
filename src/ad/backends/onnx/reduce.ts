/** @file The reduce and argmax kernels in ONNX; its operators pass over NaN, ours let NaN win, as NumPy does. */
import { isFloat } from "../../dtype.ts";
import type { Kernel } from "../../lowering/kernel.ts";
import { carried, carrierOf, cast } from "./carrier.ts";
import type { GraphBuilder } from "./graph.ts";

export function emitReduce(
  g: GraphBuilder,
  { out, op, input, axes }: Extract<Kernel, { kind: "reduce" }>,
): void {
  const { dtype } = out.type;
  const reduce = (node: string, x: string) =>
    g.node(node, [x, g.ints(axes)], { keepdims: 0 });
  const node = op === "sum" ? "ReduceSum" : "ReduceMax";
  const x = g.read(input);
  const result = carried(g, node, dtype, [x], ([y]) => reduce(node, y));
  if (op === "sum" || !isFloat(dtype)) return g.define(out, result);
  const spoiled = reduce("ReduceMax", g.node("IsNaN", [x]));
  return g.define(
    out,
    g.node("Where", [spoiled, g.scalar(NaN, dtype), result]),
  );
}

export function emitArgmax(
  g: GraphBuilder,
  { out, input, axis }: Extract<Kernel, { kind: "argmax" }>,
): void {
  const argmax = (x: string) => g.node("ArgMax", [x], { axis, keepdims: 0 });
  const { dtype } = input.type;
  const carrier = carrierOf("ArgMax", dtype);
  const x = g.read(input);
  const index = argmax(carrier === null ? x : cast(g, x, carrier));
  if (!isFloat(dtype)) return g.define(out, cast(g, index, out.type.dtype));
  const isNaN = g.node("IsNaN", [x]);
  const spoiled = g.node("ReduceMax", [isNaN, g.ints([axis])], { keepdims: 0 });
  const firstNaN = argmax(cast(g, isNaN, "int32"));
  const chosen = g.node("Where", [spoiled, firstNaN, index]);
  g.define(out, cast(g, chosen, out.type.dtype));
}
