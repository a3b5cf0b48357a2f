/** @file The map kernel in ONNX: one node an operation, computed on the smallest shape its operands broadcast to. */
import { isFloat } from "../../dtype.ts";
import type { Expr } from "../../lowering/kernel.ts";
import { carrierOf, cast } from "./carrier.ts";
import { broadcastOperands, type GraphBuilder, type Operand } from "./graph.ts";

const nodes = {
  neg: "Neg", exp: "Exp", log: "Log", tanh: "Tanh", logistic: "Sigmoid", sqrt: "Sqrt", not: "Not",
  add: "Add", sub: "Sub", mul: "Mul", div: "Div", max: "Max", min: "Min", and: "And", or: "Or",
  eq: "Equal", lt: "Less", le: "LessOrEqual", select: "Where",
} as const; // prettier-ignore

/** A scalar expression over operands that may be smaller than the result. */
export function emitExpr(
  g: GraphBuilder,
  expr: Expr,
  args: readonly Operand[],
): Operand {
  if (expr.op === "arg") return args[expr.index];
  if (expr.op === "const")
    return { name: g.scalar(expr.value, expr.dtype), shape: [] };
  const operands = expr.args.map((arg) => emitExpr(g, arg, args));
  const names = operands.map((x) => x.name);
  const shape = broadcastOperands(operands.map((x) => x.shape));
  if (expr.op === "convert")
    return { name: cast(g, names[0], expr.dtype), shape };
  // A select's first operand is its predicate; the others are of one dtype.
  const { dtype } = expr.args[expr.args.length - 1];
  if (expr.op === "div" && !isFloat(dtype))
    return { name: cast(g, integerDiv(g, names), dtype), shape };
  const op = nodes[expr.op];
  const carrier = carrierOf(op, dtype);
  if (carrier === null) return { name: g.node(op, names), shape };
  const wide = names.map((name, i) =>
    expr.args[i].dtype === dtype && !(expr.op === "select" && i === 0)
      ? cast(g, name, carrier)
      : name,
  );
  return { name: cast(g, g.node(op, wide), expr.dtype), shape };
}

/** x / y in int64, where the lowest int32 over -1 fits; a divisor of zero, a trap of the processor, gives zero. */
function integerDiv(g: GraphBuilder, names: readonly string[]): string {
  const [x, y] = names.map((name) => cast(g, name, "int64"));
  const isZero = g.node("Equal", [y, g.int(0)]);
  const beyond = g.int(2 ** 40); // above every dividend, so the quotient is zero
  return g.node("Div", [x, g.node("Where", [isZero, beyond, y])]);
}
