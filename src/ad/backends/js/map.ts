/** @file Map kernels in JavaScript: the scalar expression becomes the body of one generated loop. */
import { isFloat, type DType, type TypedArray } from "../../dtype.ts";
import { expand } from "../../lowering/expand.ts";
import type {
  BinaryOp,
  CompareOp,
  Expr,
  UnaryOp,
} from "../../lowering/kernel.ts";

type MapLoop = (
  n: number,
  out: TypedArray,
  inputs: readonly TypedArray[],
) => void;
const cache = new Map<string, MapLoop>();

/** out[i] = expr(inputs[0][i], inputs[1][i], ...) for i < n; arithmetic in float64 (or int32), rounded where stored. */
export function compileMap(expr: Expr): MapLoop {
  const { statements, result } = render(expr);
  const code = `${statements.join(" ")} out[i] = ${result};`;
  let loop = cache.get(code);
  if (!loop) {
    const names = Array.from(
      { length: arity(expr) },
      (_, i) => `const a${i} = inputs[${i}];`,
    ).join(" ");
    // The code is made of operator templates and numbers only; no caller's text reaches it.
    // eslint-disable-next-line @typescript-eslint/no-implied-eval
    loop = new Function(
      "n",
      "out",
      "inputs",
      `${names} for (let i = 0; i < n; i++) { ${code} }`,
    ) as MapLoop;
    cache.set(code, loop);
  }
  return loop;
}

const arity = (expr: Expr): number =>
  expr.op === "arg"
    ? expr.index + 1
    : expr.op === "const"
      ? 0
      : Math.max(0, ...expr.args.map(arity));

/** One statement an operation, so that an expression used in several places is computed once. */
function render(expr: Expr): { statements: string[]; result: string } {
  const statements: string[] = [];
  const names = new Map<Expr, string>();
  const visit = (node: Expr): string => {
    const known = names.get(node);
    if (known !== undefined) return known;
    if (node.op === "arg") return `a${node.index}[i]`;
    if (node.op === "const") return literal(node.value);
    let name: string;
    if (isExpanded(node)) name = visit(expand(node));
    else {
      const code = operation(node, node.args.map(visit));
      name = `t${statements.length}`;
      statements.push(`const ${name} = ${code};`);
    }
    names.set(node, name);
    return name;
  };
  const result = visit(expr);
  return { statements, result };
}

/** What Math has no function for: the error functions, and powers of integers, which must wrap. */
const isExpanded = ({ op, dtype }: Expr): boolean =>
  op === "erf" || op === "erfc" || (op === "pow" && !isFloat(dtype));

type Operation = Extract<Expr, { args: unknown }>;
type Template = (x: string, y: string, z: string) => string;

const call =
  (name: string): Template =>
  (x) =>
    `Math.${name}(${x})`;
const infix =
  (sign: string): Template =>
  (x, y) =>
    `${x} ${sign} ${y}`;
const compared =
  (sign: string): Template =>
  (x, y) =>
    `${x} ${sign} ${y} ? 1 : 0`;
/** A count outside 0..31 shifts every bit out; JavaScript would use its low five bits. */
const shift =
  (sign: string, allOut: string): Template =>
  (x, y) =>
    `(${y} >>> 0) > 31 ? ${allOut.replace("x", x)} : ${x} ${sign} ${y}`;

type Computed = Exclude<UnaryOp | BinaryOp | CompareOp, "erf" | "erfc">;
const templates: Readonly<Record<Computed | "select", Template>> = {
  neg: (x) => `-${x}`,
  exp: call("exp"),
  log: call("log"),
  log1p: call("log1p"),
  expm1: call("expm1"),
  sqrt: call("sqrt"),
  cbrt: call("cbrt"),
  sin: call("sin"),
  cos: call("cos"),
  tan: call("tan"),
  asin: call("asin"),
  acos: call("acos"),
  atan: call("atan"),
  sinh: call("sinh"),
  cosh: call("cosh"),
  tanh: call("tanh"),
  asinh: call("asinh"),
  acosh: call("acosh"),
  atanh: call("atanh"),
  logistic: (x) => `1 / (1 + Math.exp(-${x}))`,
  floor: call("floor"),
  ceil: call("ceil"),
  // Math.round takes every half up; halves belong to the even side.
  round: (x) =>
    `Math.abs(${x} % 1) === 0.5 ? 2 * Math.round(${x} / 2) : Math.round(${x})`,
  sign: call("sign"),
  abs: call("abs"),
  not: (x) => `~${x}`,
  add: infix("+"),
  sub: infix("-"),
  mul: infix("*"),
  div: infix("/"),
  rem: infix("%"),
  // IEEE 754 says 1 where JavaScript says NaN: 1 to any power, and -1 to an infinite one.
  pow: (x, y) =>
    `${x} === 1 || (${x} === -1 && Math.abs(${y}) === Infinity) ? 1 : Math.pow(${x}, ${y})`,
  atan2: (y, x) => `Math.atan2(${y}, ${x})`,
  max: (x, y) => `Math.max(${x}, ${y})`,
  min: (x, y) => `Math.min(${x}, ${y})`,
  and: infix("&"),
  or: infix("|"),
  xor: infix("^"),
  shiftLeft: shift("<<", "0"),
  shiftRightLogical: shift(">>>", "0"),
  shiftRightArithmetic: shift(">>", "x >> 31"),
  eq: compared("==="),
  lt: compared("<"),
  le: compared("<="),
  select: (p, x, y) => `${p} ? ${x} : ${y}`,
};

/** Where 32-bit integers are computed in another way than floats. */
const integerTemplates: Partial<typeof templates> = {
  mul: (x, y) => `Math.imul(${x}, ${y})`,
  div: (x, y) => `Math.trunc(${x} / ${y})`,
  rem: (x, y) => `${y} === 0 ? ${x} : ${x} % ${y}`,
};

function operation(node: Operation, args: readonly string[]): string {
  const [x, y, z] = args;
  const { op, dtype } = node;
  if (op === "convert") return convert(x, node.args[0].dtype, dtype);
  if (op === "not" && dtype === "bool") return `${x} ? 0 : 1`;
  const special = isFloat(dtype) ? undefined : integerTemplates[op as Computed];
  return (special ?? templates[op as Computed])(x, y, z);
}

const convert = (x: string, from: DType, to: DType): string =>
  to === "bool"
    ? `${x} !== 0 ? 1 : 0`
    : isFloat(from) && !isFloat(to)
      ? `Math.trunc(${x})`
      : x;

const literal = (value: number): string =>
  Number.isNaN(value)
    ? "NaN"
    : value === Infinity
      ? "Infinity"
      : value < 0 || Object.is(value, -0)
        ? `(-${literal(-value)})`
        : String(value);
