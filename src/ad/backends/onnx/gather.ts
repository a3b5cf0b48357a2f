/** @file The gather and scatter kernels in ONNX; an index out of range ends the run with ONNX Runtime's error. */
import { isFloat } from "../../dtype.ts";
import type { Kernel, Ref } from "../../lowering/kernel.ts";
import { neutral } from "../../lowering/neutral.ts";
import { range } from "../../shape.ts";
import { cast } from "./carrier.ts";
import type { GraphBuilder } from "./graph.ts";

const column = (g: GraphBuilder, name: string) =>
  g.node("Unsqueeze", [name, g.ints([-1])]);

/**
 * A WebGPU shader reads and writes wherever an index points, and an address that is not its own ends the process.
 * So indices are looked up first in a table of the rows there are, of a dtype only the processor has: it refuses
 * what is out of range.
 */
function checked(g: GraphBuilder, indices: string, size: number): string {
  if (g.device !== "webgpu") return indices;
  const rows = g.constantData(
    "float64",
    [size],
    Float64Array.from(range(size)),
  );
  return cast(g, g.node("Gather", [rows, indices], { axis: 0 }), "int32");
}

export function emitGather(
  g: GraphBuilder,
  { out, input, indices, batch }: Extract<Kernel, { kind: "gather" }>,
): void {
  const [x, at] = [
    g.read(input),
    checked(g, g.read(indices), input.type.shape[batch]),
  ];
  g.define(
    out,
    batch === 0
      ? g.node("Gather", [x, at], { axis: 0 })
      : g.node("GatherND", [x, column(g, cast(g, at, "int64"))], {
          batch_dims: batch,
        }),
  );
}

export function emitScatter(
  g: GraphBuilder,
  { op, indices, updates, batch, out }: Extract<Kernel, { kind: "scatter" }>,
): void {
  const { shape, dtype } = out.type;
  const where = positions(g, indices, batch, shape[batch]);
  const scatter = (start: number, values: string, reduction: string) => {
    const initial = g.node("Expand", [g.scalar(start, dtype), g.shape(shape)]);
    return g.node("ScatterND", [initial, where, values], { reduction });
  };
  const values = g.read(updates);
  const result = scatter(neutral(op, dtype), values, op);
  if (op === "add" || op === "mul" || !isFloat(dtype))
    return g.define(out, result);
  // ScatterND passes over NaN; here NaN wins, as in max and min themselves.
  const isNaN = cast(g, g.node("IsNaN", [values]), dtype);
  const spoiled = cast(g, scatter(0, isNaN, "add"), "bool");
  g.define(out, g.node("Where", [spoiled, g.scalar(NaN, dtype), result]));
}

/** The indices (B..., I...) with the position along every batch axis before each: int64 (B..., I..., batch + 1). */
function positions(
  g: GraphBuilder,
  indices: Ref,
  batch: number,
  size: number,
): string {
  const wanted = indices.type.shape;
  const columns = range(batch).map((axis) => {
    if (g.isSymbolic(wanted[axis])) {
      throw new TypeError(
        "scatter: a batch axis of symbolic size cannot be compiled for onnx; compile it at a fixed size",
      );
    }
    const ones = wanted.map((n, i) => (i === axis ? n : 1));
    const index = g.node("Reshape", [
      g.ints(range(wanted[axis])),
      g.ints(ones),
    ]);
    return column(g, g.node("Expand", [index, g.shape(wanted)]));
  });
  const rows = checked(g, g.read(indices), size);
  columns.push(column(g, cast(g, rows, "int64")));
  return columns.length === 1
    ? columns[0]
    : g.node("Concat", columns, { axis: -1 });
}
