/** @file The dot kernel in ONNX: MatMul where the axes already fit, Einsum otherwise, and 8-bit products of constants. */
import type { Array } from "../../array.ts";
import { freeAxes, type Kernel } from "../../lowering/kernel.ts";
import { range } from "../../shape.ts";
import type { Precision } from "../backend.ts";
import type { GraphBuilder } from "./graph.ts";

type Dot = Extract<Kernel, { kind: "dot" }>;

export function emitDot(
  g: GraphBuilder,
  kernel: Dot,
  constants: ReadonlyMap<number, Array>,
  precision: Precision,
): string {
  const { lhs, rhs, dims } = kernel;
  const [lc, rc] = dims.contract;
  const rank = lhs.type.shape.length;
  // (..., K) x (K, N): the shape of every product in a network of dense layers.
  const isMatMul =
    dims.batch[0].length === 0 &&
    lc.length === 1 &&
    lc[0] === rank - 1 &&
    rhs.type.shape.length === 2 &&
    rc[0] === 0;
  if (!isMatMul) return emitEinsum(g, kernel);
  const weight = constants.get(rhs.id);
  if (precision === "int8" && weight?.dtype === "float32")
    return emitInt8(g, g.read(lhs), weight);
  return g.node("MatMul", [g.read(lhs), g.read(rhs)]);
}

function emitEinsum(g: GraphBuilder, { lhs, rhs, dims }: Dot): string {
  let next = 97;
  const letter = () => String.fromCharCode(next++);
  const left = lhs.type.shape.map(letter);
  const right = new globalThis.Array<string>(rhs.type.shape.length);
  for (const pair of [dims.batch, dims.contract])
    pair[1].forEach((axis, i) => (right[axis] = left[pair[0][i]]));
  const rightFree = freeAxes(right.length, dims.contract[1], dims.batch[1]);
  for (const axis of rightFree) right[axis] = letter();
  const leftFree = freeAxes(left.length, dims.contract[0], dims.batch[0]);
  const out = [
    ...dims.batch[0].map((i) => left[i]),
    ...leftFree.map((i) => left[i]),
    ...rightFree.map((i) => right[i]),
  ];
  const equation = `${left.join("")},${right.join("")}->${out.join("")}`;
  return g.node("Einsum", [g.read(lhs), g.read(rhs)], { equation });
}

/**
 * x times a constant w (K, N), both rounded to 8 bits: w symmetrically with one scale a column, x with one scale for
 * the whole operand, chosen at run time. Products and sums are exact in int32.
 */
function emitInt8(g: GraphBuilder, x: string, weight: Array): string {
  const [k, n] = weight.shape;
  const w = weight.dataSync();
  const scale = new Float32Array(n);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < n; j++)
      scale[j] = Math.max(scale[j], Math.abs(w[i * n + j]));
  }
  for (const j of range(n)) scale[j] = scale[j] === 0 ? 1 : scale[j] / 127;
  const quantized = new Int8Array(k * n);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < n; j++)
      quantized[i * n + j] = Math.round(w[i * n + j] / scale[j]);
  }
  const inputs = [
    x,
    g.constantData("int8", [k, n], quantized),
    g.constantData("float32", [n], scale),
  ];
  return g.node("DynamicQuantizeMatMul", inputs, {}, "com.microsoft");
}
