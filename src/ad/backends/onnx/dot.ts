/** @file The dot kernel in ONNX: MatMul where the axes already fit, Einsum otherwise, and 8-bit products of constants. */
import type { Array } from "../../array.ts";
import { freeAxes, type Kernel } from "../../lowering/kernel.ts";
import type { Precision } from "../backend.ts";
import { carried } from "./carrier.ts";
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
  return carried(
    g, "MatMul", lhs.type.dtype, [g.read(lhs), g.read(rhs)],
    (names) => g.node("MatMul", names),
  ); // prettier-ignore
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
  return carried(
    g, "Einsum", lhs.type.dtype, [g.read(lhs), g.read(rhs)],
    (names) => g.node("Einsum", names, { equation }),
  ); // prettier-ignore
}

/**
 * x (..., K) times a constant w (K, N), both rounded to 8 bits: w with one scale a column, x with one a row, so that
 * a row's result does not depend on the rows beside it. Products and sums are exact in int32.
 */
function emitInt8(g: GraphBuilder, x: string, weight: Array): string {
  const { quantized, scale } = quantizeColumns(weight);
  // Rows are brought to -1..1, then to bytes around 128, which the matrix kernels take.
  // A row of zeros divides 0 by 0, but whatever bytes that gives are scaled by 0 in the end.
  const rowScale = g.node("ReduceMax", [g.node("Abs", [x]), g.ints([-1])], {
    keepdims: 1,
  });
  const unit = g.node("Div", [x, rowScale]);
  const step = g.scalar(1 / 127, "float32");
  const zero = g.constantData("uint8", [], Uint8Array.of(128));
  const bytes = g.node("QuantizeLinear", [unit, step, zero]);
  const product = g.node(
    "MatMulIntegerToFloat",
    [bytes, quantized(g), step, scale(g), zero],
    {},
    "com.microsoft",
  );
  return g.node("Mul", [product, rowScale]);
}

/** The columns of w (K, N) as int8 with one scale each. */
function quantizeColumns(weight: Array) {
  const [k, n] = weight.shape;
  const w = weight.dataSync();
  const scale = new Float32Array(n);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < n; j++)
      scale[j] = Math.max(scale[j], Math.abs(w[i * n + j]));
  }
  for (let j = 0; j < n; j++) scale[j] = scale[j] === 0 ? 1 : scale[j] / 127;
  const bytes = new Int8Array(k * n);
  for (let i = 0; i < k; i++) {
    for (let j = 0; j < n; j++)
      bytes[i * n + j] = Math.round(w[i * n + j] / scale[j]);
  }
  return {
    quantized: (g: GraphBuilder) => g.constantData("int8", [k, n], bytes),
    scale: (g: GraphBuilder) => g.constantData("float32", [n], scale),
  };
}
