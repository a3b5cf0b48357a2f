/** @file The map kernel in ONNX: one node an operation, computed on the smallest shape its operands broadcast to. */
import { isFloat, type DType } from "../../dtype.ts";
import { expand } from "../../lowering/expand.ts";
import type { Expr } from "../../lowering/kernel.ts";
import { carrierOf, cast, hasKernel } from "./carrier.ts";
import { broadcastOperands, type GraphBuilder, type Operand } from "./graph.ts";

type Operation = Extract<Expr, { args: unknown }>;

const nodes: Partial<Record<Operation["op"], string>> = {
  neg: "Neg", exp: "Exp", log: "Log", tanh: "Tanh", logistic: "Sigmoid", sqrt: "Sqrt", not: "Not",
  sin: "Sin", cos: "Cos", tan: "Tan", asin: "Asin", acos: "Acos", atan: "Atan",
  sinh: "Sinh", cosh: "Cosh", asinh: "Asinh", acosh: "Acosh", atanh: "Atanh", erf: "Erf",
  floor: "Floor", ceil: "Ceil", round: "Round", sign: "Sign", abs: "Abs",
  add: "Add", sub: "Sub", mul: "Mul", div: "Div", pow: "Pow", max: "Max", min: "Min",
  and: "And", or: "Or", xor: "Xor", eq: "Equal", lt: "Less", le: "LessOrEqual", select: "Where",
}; // prettier-ignore
const bitwise: typeof nodes = {
  not: "BitwiseNot",
  and: "BitwiseAnd",
  or: "BitwiseOr",
  xor: "BitwiseXor",
};

/** A scalar expression over operands that may be smaller than the result; what occurs twice in it is computed once. */
export function emitExpr(
  g: GraphBuilder,
  expr: Expr,
  args: readonly Operand[],
  done = new Map<Expr, Operand>(),
): Operand {
  if (expr.op === "arg") return args[expr.index];
  if (expr.op === "const")
    return { name: g.scalar(expr.value, expr.dtype), shape: [] };
  const known = done.get(expr);
  if (known) return known;
  const op = nodeOf(g, expr);
  const own = op !== undefined || expr.op in special || expr.op === "convert";
  const result = own
    ? emitOperation(
        g,
        op,
        expr,
        expr.args.map((arg) => emitExpr(g, arg, args, done)),
      )
    : emitExpr(g, expand(expr), args, done);
  done.set(expr, result);
  return result;
}

/** The dtype an operation works in: a select's first operand is its predicate, the others are of one dtype. */
const workingDtype = ({ args }: Operation): DType =>
  args[args.length - 1].dtype;

/** The operator that does the work, if ONNX Runtime has one for the dtype. */
function nodeOf(g: GraphBuilder, expr: Operation): string | undefined {
  const dtype = workingDtype(expr);
  const integer = !isFloat(dtype) && dtype !== "bool";
  const op = (integer ? bitwise[expr.op] : undefined) ?? nodes[expr.op];
  return op !== undefined && hasKernel(g.device, op, dtype) ? op : undefined;
}

function emitOperation(
  g: GraphBuilder,
  op: string | undefined,
  expr: Operation,
  operands: readonly Operand[],
): Operand {
  const names = operands.map((x) => x.name);
  const shape = broadcastOperands(operands.map((x) => x.shape));
  if (expr.op === "convert")
    return { name: cast(g, names[0], expr.dtype), shape };
  const dtype = workingDtype(expr);
  const integer = special[expr.op];
  if (integer && (op === undefined || !isFloat(dtype)))
    return { name: integer(g, names, dtype), shape };
  const node = op as string;
  const carrier = carrierOf(g.device, node, dtype);
  if (carrier === null) return { name: g.node(node, names), shape };
  const wide = names.map((name, i) =>
    expr.args[i].dtype === dtype && !(expr.op === "select" && i === 0)
      ? cast(g, name, carrier)
      : name,
  );
  return { name: cast(g, g.node(node, wide), expr.dtype), shape };
}

type Emit = (g: GraphBuilder, names: readonly string[], dtype: DType) => string;

/** Operations of integers that one operator would trap at or leave undefined. */
const special: Partial<Record<Operation["op"], Emit>> = {
  div: (g, names, dtype) => cast(g, g.node("Div", widened(g, names)), dtype),
  rem: (g, names, dtype) =>
    isFloat(dtype)
      ? g.node("Mod", names, { fmod: 1 })
      : cast(g, g.node("Mod", widened(g, names), { fmod: 1 }), dtype),
  shiftLeft: (g, names, dtype) => shift(g, names, dtype, "LEFT"),
  shiftRightLogical: (g, names, dtype) => shift(g, names, dtype, "RIGHT"),
};

/**
 * Dividend and divisor in int64, where the lowest int32 over -1 fits. A divisor of zero, a trap of the processor,
 * becomes one above every dividend: the quotient is zero, the remainder the dividend.
 */
function widened(g: GraphBuilder, names: readonly string[]): string[] {
  const [x, y] = names.map((name) => cast(g, name, "int64"));
  const isZero = g.node("Equal", [y, g.int(0)]);
  return [x, g.node("Where", [isZero, g.int(2 ** 40), y])];
}

/** There are shifts of unsigned integers by up to 31 places; a count of more, or below zero, shifts every bit out. */
function shift(
  g: GraphBuilder,
  names: readonly string[],
  dtype: DType,
  direction: "LEFT" | "RIGHT",
): string {
  const [x, y] = names.map((name) => cast(g, name, "uint32"));
  const fits = g.node("Less", [y, g.scalar(32, "uint32")]);
  const count = g.node("Min", [y, g.scalar(31, "uint32")]);
  const shifted = g.node("BitShift", [x, count], { direction });
  // Where has no kernel for uint32, and a shifted value times 0 or 1 needs none.
  const kept = g.node("Mul", [shifted, cast(g, fits, "uint32")]);
  return cast(g, kept, dtype);
}
