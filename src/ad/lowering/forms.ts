/** @file Words for scalar expressions that stand for a function: arithmetic, choice, polynomials. */
import { ir, type Expr, type UnaryOp } from "./expr.ts";

export const like = (x: Expr, value: number): Expr => ir.const(value, x.dtype);
export const add = (x: Expr, y: Expr): Expr => ir.binary("add", x, y);
export const sub = (x: Expr, y: Expr): Expr => ir.binary("sub", x, y);
export const mul = (x: Expr, y: Expr): Expr => ir.binary("mul", x, y);
export const div = (x: Expr, y: Expr): Expr => ir.binary("div", x, y);
export const lt = (x: Expr, y: Expr): Expr => ir.compare("lt", x, y);
export const eq = (x: Expr, y: Expr): Expr => ir.compare("eq", x, y);
export const { select } = ir;
export const apply = (op: UnaryOp, x: Expr): Expr => ir.unary(op, x);

/** c0 + c1 x + c2 x^2 + ... by Horner's rule. */
export const polynomial = (x: Expr, coefficients: readonly number[]): Expr =>
  coefficients
    .map((c) => like(x, c))
    .reduceRight((value, c) => add(mul(value, x), c));

/** The value of an odd function from its value at |x|; zeros keep their sign. */
export const odd = (x: Expr, value: Expr): Expr =>
  select(
    eq(x, like(x, 0)),
    x,
    select(lt(x, like(x, 0)), apply("neg", value), value),
  );
