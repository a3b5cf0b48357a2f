/** @file Kernel IR to ONNX: each kernel kind becomes a few nodes; loops and branches become Scan, Loop and If. */
import type { Array } from "../../array.ts";
import { allocate } from "../../dtype.ts";
import type { Kernel, Program, Ref } from "../../lowering/kernel.ts";
import { range, type Shape } from "../../shape.ts";
import type { CompileOptions, Device } from "../backend.ts";
import { emitDot } from "./dot.ts";
import { emitExpr } from "./expr.ts";
import { emitGather, emitScatter } from "./gather.ts";
import { GraphBuilder, type Operand } from "./graph.ts";
import { emitLoop } from "./loop.ts";
import { emitBranch } from "./branch.ts";
import { emitWhile } from "./while.ts";
import { emitArgBest, emitReduce } from "./reduce.ts";
import { emitArgsort, emitCumsum } from "./sort.ts";
import { emitThreefry } from "./random.ts";
import { elementType, type Graph } from "./proto.ts";

/** The whole program as one ONNX graph. */
export function emitProgram(
  program: Program,
  options: CompileOptions,
  device: Device = "cpu",
): Graph {
  const g = GraphBuilder.create(options.symbols, device);
  const inputs = program.inputs.map((ref) => g.input(ref, true));
  const constants = new Map<number, Array>();
  const emitKernels = (into: GraphBuilder, body: Program) => {
    for (const { ref, value } of body.constants) {
      into.define(ref, g.constantArray(value));
      constants.set(ref.id, value);
    }
    for (const kernel of body.kernels) {
      if (kernel.kind === "loop")
        emitLoop(into, kernel, emitKernels, constants);
      else if (kernel.kind === "branch")
        emitBranch(into, kernel, emitKernels, constants);
      else if (kernel.kind === "while")
        emitWhile(into, kernel, emitKernels, constants);
      else if (kernel.kind === "dot")
        into.define(
          kernel.out,
          emitDot(into, kernel, constants, options.precision),
        );
      else emitKernel(into, kernel);
    }
  };
  emitKernels(g, program);
  const graph = g.finish("main", inputs, program.outputs, []);
  return { ...graph, initializers: g.initializers };
}

function emitKernel(
  g: GraphBuilder,
  kernel: Exclude<Kernel, { kind: "dot" }>,
): void {
  const { out } = kernel;
  const { shape, dtype } = out.type;
  switch (kernel.kind) {
    case "fill":
      return g.define(out, g.scalar(kernel.value, dtype), []);
    case "iota":
      return emitIota(g, out, kernel.axis);
    case "map": {
      const args = kernel.inputs.map((ref) => g.operand(ref));
      const { name, shape: small } = emitExpr(g, kernel.expr, args);
      return g.define(out, name, small);
    }
    case "reshape":
      return g.define(
        out,
        g.node("Reshape", [g.read(kernel.input), g.shape(shape)], {
          allowzero: 1,
        }),
      );
    case "transpose":
      return g.define(
        out,
        g.node("Transpose", [g.read(kernel.input)], { perm: kernel.order }),
      );
    case "broadcast": {
      // Only the inner missing axes must be written; leading ones broadcast by themselves.
      const { name, shape: from } = padRank(
        g.operand(kernel.input),
        kernel.input.type.shape.length,
      );
      const first = kernel.axes[0] ?? shape.length;
      const missing = range(shape.length).filter(
        (i) => i > first && !kernel.axes.includes(i),
      );
      const ones: number[] = globalThis.Array<number>(shape.length).fill(1);
      kernel.axes.forEach((to, i) => (ones[to] = from[i]));
      const full = padName(g, name, g.operand(kernel.input).shape, from);
      const axes = missing.map((i) => i - first);
      return g.define(
        out,
        axes.length ? g.node("Unsqueeze", [full, g.ints(axes)]) : full,
        ones.slice(first),
      );
    }
    case "slice": {
      const axes = range(shape.length).filter(
        (i) => shape[i] !== kernel.input.type.shape[i],
      );
      const at = (list: readonly number[]) => g.ints(axes.map((i) => list[i]));
      const x = g.read(kernel.input);
      return g.define(
        out,
        axes.length
          ? g.node("Slice", [
              x,
              at(kernel.start),
              at(kernel.limit),
              g.ints(axes),
              ...(kernel.stride ? [at(kernel.stride)] : []),
            ])
          : x,
      );
    }
    case "reverse": {
      // From the last element down to before the first, for any size.
      const ends = kernel.axes.map(() => Number.MIN_SAFE_INTEGER);
      const back = g.ints(kernel.axes.map(() => -1));
      const bounds = [back, g.ints(ends), g.ints(kernel.axes), back];
      return g.define(out, g.node("Slice", [g.read(kernel.input), ...bounds]));
    }
    case "pad":
      // ONNX Runtime refuses to pad a 0-d tensor or an axis of size 0; there is nothing but padding then.
      if ([...kernel.low, ...kernel.high].every((n) => n === 0))
        return g.define(out, g.read(kernel.input));
      if (kernel.input.type.shape.includes(0))
        return g.define(out, g.scalar(0, dtype), []);
      return g.define(
        out,
        g.node("Pad", [
          g.read(kernel.input),
          g.ints([...kernel.low, ...kernel.high]),
        ]),
      );
    case "concatenate":
      return g.define(
        out,
        g.node(
          "Concat",
          kernel.inputs.map((ref) => g.read(ref)),
          { axis: kernel.axis },
        ),
      );
    case "reduce":
      return emitReduce(g, kernel);
    case "threefry":
      return emitThreefry(g, kernel);
    case "argmax":
    case "argmin":
      return emitArgBest(g, kernel);
    case "argsort":
      return emitArgsort(g, kernel);
    case "cumsum":
      return emitCumsum(g, kernel);
    case "gather":
      return emitGather(g, kernel);
    case "scatter":
      return emitScatter(g, kernel);
  }
}

/** `shape` with leading ones up to `rank`. */
const padRank = (operand: Operand, rank: number): Operand => ({
  name: operand.name,
  shape: [
    ...globalThis.Array<number>(rank - operand.shape.length).fill(1),
    ...operand.shape,
  ],
});

/** The tensor with the leading ones of `to` written out, when inner axes are about to be inserted. */
const padName = (
  g: GraphBuilder,
  name: string,
  from: Shape,
  to: Shape,
): string =>
  from.length === to.length
    ? name
    : g.node("Unsqueeze", [name, g.ints(range(to.length - from.length))]);

function emitIota(g: GraphBuilder, out: Ref, axis: number): void {
  const { shape, dtype } = out.type;
  const n = shape[axis];
  let name: string;
  if (g.isSymbolic(n)) {
    const scalarSize = g.node("Squeeze", [g.dim(n)]);
    const count = g.node("Range", [
      g.node("Cast", [g.scalar(0, "int32")], { to: elementType.int64 }),
      scalarSize,
      g.node("Squeeze", [g.ints([1])]),
    ]);
    name = g.node("Cast", [count], { to: elementType[dtype] });
  } else {
    const data = allocate(dtype, n);
    for (let i = 0; i < n; i++) data[i] = i;
    name = g.constantData(dtype, [n], data);
  }
  const ones = shape.slice(axis).map((_, i) => (i === 0 ? n : 1));
  const inner = range(ones.length).slice(1);
  g.define(
    out,
    inner.length ? g.node("Unsqueeze", [name, g.ints(inner)]) : name,
    ones,
  );
}
