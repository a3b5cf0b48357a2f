/** @file The dot kernel in ONNX: MatMul or Gemm over axes brought together, and 8-bit products of constants. */
import type { Array } from "../../array.ts";
import { isFloat } from "../../dtype.ts";
import { freeAxes, type Kernel, type Ref } from "../../lowering/kernel.ts";
import { range, sizeOf, type Shape } from "../../shape.ts";
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
  const { lhs, rhs, dims, out } = kernel;
  const [lc, rc] = dims.contract;
  // WebGPU's MatMul over an empty axis ends the process.
  if (lc.some((axis) => lhs.type.shape[axis] === 0))
    return g.node("Expand", [
      g.scalar(0, out.type.dtype),
      g.shape(out.type.shape),
    ]);
  const rank = lhs.type.shape.length;
  // (..., K) x (K, N): the shape of every product in a network of dense layers.
  const isMatMul =
    dims.batch[0].length === 0 &&
    lc.length === 1 &&
    lc[0] === rank - 1 &&
    rhs.type.shape.length === 2 &&
    rc[0] === 0;
  if (!isMatMul) return emitGeneral(g, kernel) ?? emitEinsum(g, kernel);
  const weight = constants.get(rhs.id);
  if (precision === "int8" && weight?.dtype === "float32")
    return emitInt8(g, g.read(lhs), weight);
  return carried(
    g, "MatMul", lhs.type.dtype, [g.read(lhs), g.read(rhs)],
    (names) => g.node("MatMul", names),
  ); // prettier-ignore
}

/** Axes in groups, each of which is one axis of a matrix or a batch axis of matrices. */
type Groups = readonly (readonly number[])[];

/** The shape with each group merged; null where a merged size is not known before the graph runs and cannot be inferred. */
function mergedShape(
  g: GraphBuilder,
  shape: Shape,
  groups: Groups,
): number[] | null {
  const merged = groups.map((axes) => {
    const sizes = axes.map((i) => shape[i]);
    if (sizes.length === 1) return sizes[0];
    return sizes.some((n) => g.isSymbolic(n)) ? -1 : sizeOf(sizes);
  });
  // Beside a size to infer all others must be numbers, and none of them 0.
  const isOpen = merged.includes(-1);
  const others = merged.filter((n) => n !== -1);
  return isOpen &&
    (others.length < merged.length - 1 ||
      others.some((n) => n === 0 || g.isSymbolic(n)))
    ? null
    : merged;
}

/** `ref` with its axes in the order of the groups and each group merged. */
function grouped(
  g: GraphBuilder,
  ref: Ref,
  groups: Groups,
  merged: readonly number[],
): string {
  const order = groups.flat();
  const name = g.read(ref);
  const turned = order.every((axis, i) => axis === i)
    ? name
    : g.node("Transpose", [name], { perm: order });
  return groups.every((axes) => axes.length === 1)
    ? turned
    : g.node("Reshape", [turned, g.shape(merged)], { allowzero: 1 });
}

/** Free and contracted axes merged to those of matrices; null where their sizes are symbolic and cannot be inferred. */
function emitGeneral(
  g: GraphBuilder,
  { lhs, rhs, dims, out }: Dot,
): string | null {
  const { contract, batch } = dims;
  const free = [lhs, rhs].map(({ type }, side) =>
    freeAxes(type.shape.length, contract[side], batch[side]),
  );
  // Contracted axes are taken in the order they have on the left.
  const pairs = range(contract[0].length).sort(
    (i, j) => contract[0][i] - contract[0][j],
  );
  const [lc, rc] = contract.map((axes) => pairs.map((i) => axes[i]));
  const [lb, rb] = batch.map((axes) => axes.map((i) => [i]));
  const isPlain =
    lb.length === 0 &&
    isFloat(lhs.type.dtype) &&
    sizeOf(lhs.type.shape) * sizeOf(rhs.type.shape) > 0;
  const inOrder = (groups: Groups) =>
    groups.flat().every((axis, i) => axis === i);
  // Gemm packs a right matrix by columns as fast as by rows. A left one by columns costs it a third of its speed
  // (measured at 8192 x 1900 both), more than the transpose, which products with the same left side share.
  const transB = isPlain && !inOrder([rc, free[1]]) && inOrder([free[1], rc]);
  const left: Groups = [...lb, free[0], lc];
  const right: Groups = transB ? [free[1], rc] : [...rb, rc, free[1]];
  const [a, b] = [
    mergedShape(g, lhs.type.shape, left),
    mergedShape(g, rhs.type.shape, right),
  ];
  if (!a || !b) return null;
  const operands = [grouped(g, lhs, left, a), grouped(g, rhs, right, b)];
  const product = transB
    ? g.node("Gemm", operands, { transB: 1 })
    : carried(g, "MatMul", lhs.type.dtype, operands, (names) =>
        g.node("MatMul", names),
      );
  return free.every((axes) => axes.length === 1)
    ? product
    : g.node("Reshape", [product, g.shape(out.type.shape)], { allowzero: 1 });
}

/** For axes of symbolic sizes that cannot be merged. */
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
