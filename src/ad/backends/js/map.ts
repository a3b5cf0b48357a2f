/** @file Map kernels in JavaScript: the scalar expression becomes the body of one generated loop. */
import type { DType, TypedArray } from "../../dtype.ts";
import type { Expr } from "../../lowering/kernel.ts";

type MapLoop = (
  n: number,
  out: TypedArray,
  inputs: readonly TypedArray[],
) => void;
const cache = new Map<string, MapLoop>();

/** out[i] = expr(inputs[0][i], inputs[1][i], ...) for i < n; arithmetic in float64 (or int32), rounded where stored. */
export function compileMap(expr: Expr): MapLoop {
  const code = render(expr);
  let loop = cache.get(code);
  if (!loop) {
    const count = arity(expr);
    const names = Array.from(
      { length: count },
      (_, i) => `const a${i} = inputs[${i}];`,
    ).join(" ");
    // The code is made of operator templates and numbers only; no caller's text reaches it.
    // eslint-disable-next-line @typescript-eslint/no-implied-eval
    loop = new Function(
      "n",
      "out",
      "inputs",
      `${names} for (let i = 0; i < n; i++) out[i] = ${code};`,
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

function render(expr: Expr): string {
  if (expr.op === "arg") return `a${expr.index}[i]`;
  if (expr.op === "const") return literal(expr.value);
  const [x, y, z] = expr.args.map(render);
  switch (expr.op) {
    case "neg":
      return `(-${x})`;
    case "exp":
    case "log":
    case "tanh":
    case "sqrt":
      return `Math.${expr.op}(${x})`;
    case "logistic":
      return `(1 / (1 + Math.exp(-${x})))`;
    case "not":
      return `(${x} ? 0 : 1)`;
    case "add":
      return `(${x} + ${y})`;
    case "sub":
      return `(${x} - ${y})`;
    case "mul":
      return expr.dtype === "int32" || expr.dtype === "uint32"
        ? `Math.imul(${x}, ${y})`
        : `(${x} * ${y})`;
    case "div":
      return expr.dtype === "int32" || expr.dtype === "uint32"
        ? `Math.trunc(${x} / ${y})`
        : `(${x} / ${y})`;
    case "max":
    case "min":
      return `Math.${expr.op}(${x}, ${y})`;
    case "and":
      return `(${x} & ${y})`;
    case "or":
      return `(${x} | ${y})`;
    case "eq":
      return `(${x} === ${y} ? 1 : 0)`;
    case "lt":
      return `(${x} < ${y} ? 1 : 0)`;
    case "le":
      return `(${x} <= ${y} ? 1 : 0)`;
    case "select":
      return `(${x} ? ${y} : ${z})`;
    case "convert":
      return convert(x, expr.args[0].dtype, expr.dtype);
  }
}

const convert = (x: string, from: DType, to: DType): string =>
  to === "bool"
    ? `(${x} !== 0 ? 1 : 0)`
    : from.startsWith("float") && !to.startsWith("float")
      ? `Math.trunc(${x})`
      : x;

const literal = (value: number): string =>
  Number.isFinite(value)
    ? Object.is(value, -0)
      ? "(-0)"
      : `(${value})`
    : Number.isNaN(value)
      ? "NaN"
      : value > 0
        ? "Infinity"
        : "(-Infinity)";
