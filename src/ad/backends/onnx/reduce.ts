/** @file The reduce, argmax and argmin kernels in ONNX; its operators pass over NaN, ours let NaN win, as NumPy does. */
import { isFloat } from "../../dtype.ts";
import type { Kernel, Ref } from "../../lowering/kernel.ts";
import { range, sizeOf } from "../../shape.ts";
import { carried, carrierOf, cast } from "./carrier.ts";
import type { GraphBuilder } from "./graph.ts";

const reduceNodes = {
  sum: "ReduceSum",
  prod: "ReduceProd",
  max: "ReduceMax",
  min: "ReduceMin",
} as const;

export function emitReduce(
  g: GraphBuilder,
  { out, op, input, axes }: Extract<Kernel, { kind: "reduce" }>,
): void {
  const { dtype } = out.type;
  const reduce = (node: string, x: string) =>
    g.node(node, [x, g.ints(axes)], { keepdims: 0 });
  if (op === "prod" && !isFloat(dtype)) return emitProduct(g, out, input, axes);
  // The reductions of WebGPU refuse an empty tensor even where there is nothing to compute.
  if (out.type.shape.includes(0)) return g.define(out, g.scalar(0, dtype), []);
  const node = reduceNodes[op];
  const x = g.read(input);
  const result = carried(g, node, dtype, [x], ([y]) => reduce(node, y));
  if (op === "sum" || op === "prod" || !isFloat(dtype))
    return g.define(out, result);
  const spoiled = reduce("ReduceMax", g.node("IsNaN", [x]));
  return g.define(
    out,
    g.node("Where", [spoiled, g.scalar(NaN, dtype), result]),
  );
}

/** An integer product by halves, and their halves: ReduceProd multiplies in double, which does not wrap. */
function emitProduct(
  g: GraphBuilder,
  out: Ref,
  input: Ref,
  axes: readonly number[],
): void {
  const { shape } = input.type;
  if (axes.some((i) => g.isSymbolic(shape[i])))
    throw new TypeError(
      "reduceProd: integers along an axis of symbolic size cannot be compiled for onnx; compile it at a fixed size",
    );
  let n = sizeOf(axes.map((i) => shape[i]));
  if (n === 0) return g.define(out, g.scalar(1, out.type.dtype), []);
  const kept = range(shape.length).filter((i) => !axes.includes(i));
  const lanes = kept.map((i) => shape[i]);
  const turned = g.node("Transpose", [g.read(input)], {
    perm: [...kept, ...axes],
  });
  let x = g.node("Reshape", [turned, g.shape([...lanes, n])], { allowzero: 1 });
  const part = (from: number, to: number) =>
    g.node("Slice", [x, g.ints([from]), g.ints([to]), g.ints([kept.length])]);
  for (; n > 1; n = Math.ceil(n / 2)) {
    const half = n >> 1;
    const paired = g.node("Mul", [part(0, half), part(half, 2 * half)]);
    x =
      n % 2 === 0
        ? paired
        : g.node("Concat", [paired, part(n - 1, n)], { axis: kept.length });
  }
  g.define(out, g.node("Reshape", [x, g.shape(lanes)], { allowzero: 1 }));
}

export function emitArgBest(
  g: GraphBuilder,
  { kind, out, input, axis }: Extract<Kernel, { kind: "argmax" | "argmin" }>,
): void {
  const node = kind === "argmax" ? "ArgMax" : "ArgMin";
  const attributes = { axis, keepdims: 0 };
  const { dtype } = input.type;
  const carrier = carrierOf(g.device, node, dtype);
  const x = g.read(input);
  const index = g.node(
    node,
    [carrier === null ? x : cast(g, x, carrier)],
    attributes,
  );
  if (!isFloat(dtype)) return g.define(out, cast(g, index, out.type.dtype));
  const isNaN = g.node("IsNaN", [x]);
  const spoiled = g.node("ReduceMax", [isNaN, g.ints([axis])], { keepdims: 0 });
  const firstNaN = g.node("ArgMax", [cast(g, isNaN, "int32")], attributes);
  const chosen = g.node("Where", [spoiled, firstNaN, index]);
  g.define(out, cast(g, chosen, out.type.dtype));
}
