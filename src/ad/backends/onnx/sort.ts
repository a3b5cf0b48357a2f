/** @file The argsort and cumsum kernels in ONNX. */
import { isFloat } from "../../dtype.ts";
import type { Kernel, Ref } from "../../lowering/kernel.ts";
import { moveAxisOrder } from "../../shape.ts";
import { carried, carrierOf, cast } from "./carrier.ts";
import type { GraphBuilder } from "./graph.ts";
import type { ElementType } from "./proto.ts";

interface Column {
  readonly name: string;
  readonly element: ElementType;
}

/** A key as tensors TopK can compare, the most important first: a float key is whether it is NaN, then its value. */
function columnsOf(g: GraphBuilder, ref: Ref): Column[] {
  const x = g.read(ref);
  const { dtype } = ref.type;
  const carrier = carrierOf(g.device, "TopK", dtype);
  const column = (name: string): Column =>
    carrier === null
      ? { name, element: dtype }
      : { name: cast(g, name, carrier), element: carrier };
  if (!isFloat(dtype)) return [column(x)];
  const isNaN = g.node("IsNaN", [x]);
  const rest = g.node("Where", [isNaN, g.scalar(Infinity, dtype), x]);
  return [{ name: cast(g, isNaN, "int32"), element: "int32" }, column(rest)];
}

/** TopK of the whole axis is a stable sort; the axis is sorted once for each column, the least important first. */
function order(
  g: GraphBuilder,
  columns: readonly string[],
  axis: number,
  size: string,
  descending: boolean,
): string {
  let found: string | null = null;
  const by = (x: string, indices: string): string =>
    g.node("GatherElements", [x, indices], { axis });
  for (const column of [...columns].reverse()) {
    const values: string = found ? by(column, found) : column;
    const largest = descending ? 1 : 0;
    const [, next] = g.nodeN("TopK", [values, size], 2, { axis, largest });
    found = found ? by(found, next) : next;
  }
  return found as string;
}

export function emitArgsort(
  g: GraphBuilder,
  { out, keys, axis, descending }: Extract<Kernel, { kind: "argsort" }>,
): void {
  const { shape } = out.type;
  // There is nothing to sort, and TopK divides by the number of lanes.
  if (shape.includes(0)) return g.define(out, g.scalar(0, "int32"), []);
  const columns = keys.flatMap((ref) => columnsOf(g, ref));
  const size = g.dim(shape[axis]);
  if (!shape.some((n) => g.isSymbolic(n))) {
    const names = columns.map(({ name }) => name);
    return g.define(
      out,
      cast(g, order(g, names, axis, size, descending), "int32"),
    );
  }
  // The number of lanes may turn out to be 0; one more of zeros is sorted along.
  const last = shape.length - 1;
  const perm = moveAxisOrder(shape.length, axis, last);
  const inverse = moveAxisOrder(shape.length, last, axis);
  const padded = columns.map(({ name, element }) => {
    const turned = g.node("Transpose", [name], { perm });
    const lanes = g.node("Flatten", [turned], { axis: last });
    const zero = cast(g, g.scalar(0, "int32"), element);
    const lane = g.node("Expand", [
      zero,
      g.node("Concat", [g.ints([1]), size], { axis: 0 }),
    ]);
    return g.node("Concat", [lanes, lane], { axis: 0 });
  });
  const found = order(g, padded, 1, size, descending);
  const own = g.node("Slice", [found, g.ints([0]), g.ints([-1]), g.ints([0])]);
  const full = g.node("Reshape", [own, g.shape(perm.map((i) => shape[i]))], {
    allowzero: 1,
  });
  g.define(
    out,
    cast(g, g.node("Transpose", [full], { perm: inverse }), "int32"),
  );
}

export function emitCumsum(
  g: GraphBuilder,
  { out, input, axis, reverse }: Extract<Kernel, { kind: "cumsum" }>,
): void {
  const sums = (x: string) =>
    g.node("CumSum", [x, g.int(axis)], { reverse: reverse ? 1 : 0 });
  g.define(
    out,
    carried(g, "CumSum", out.type.dtype, [g.read(input)], ([x]) => sums(x)),
  );
}
