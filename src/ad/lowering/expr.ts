/** @file The scalar expression of a map kernel: what it is made of, and the words to write one. */
import type { DType } from "../dtype.ts";

export type UnaryOp =
  | "neg"
  | "exp"
  | "log"
  | "tanh"
  | "logistic"
  | "sqrt"
  | "not"
  | "sin"
  | "cos"
  | "tan"
  | "asin"
  | "acos"
  | "atan"
  | "sinh"
  | "cosh"
  | "asinh"
  | "acosh"
  | "atanh"
  | "log1p"
  | "expm1"
  | "cbrt"
  | "erf"
  | "erfc"
  | "floor"
  | "ceil"
  | "round"
  | "sign"
  | "abs";
export type BinaryOp =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "rem"
  | "pow"
  | "atan2"
  | "max"
  | "min"
  | "and"
  | "or"
  | "xor"
  | "shiftLeft"
  | "shiftRightLogical"
  | "shiftRightArithmetic";
export type CompareOp = "eq" | "lt" | "le";

/** The scalar expression of a map kernel; every node knows its dtype. */
export type Expr =
  | { readonly op: "arg"; readonly index: number; readonly dtype: DType }
  | { readonly op: "const"; readonly value: number; readonly dtype: DType }
  | {
      readonly op: UnaryOp | BinaryOp | CompareOp | "select" | "convert";
      readonly args: readonly Expr[];
      readonly dtype: DType;
    };

/** Scalar expressions as lowering rules write them. */
export const ir = {
  arg: (index: number, dtype: DType): Expr => ({ op: "arg", index, dtype }),
  const: (value: number, dtype: DType): Expr => ({ op: "const", value, dtype }),
  unary: (op: UnaryOp, x: Expr): Expr => ({ op, args: [x], dtype: x.dtype }),
  binary: (op: BinaryOp, x: Expr, y: Expr): Expr => ({
    op,
    args: [x, y],
    dtype: x.dtype,
  }),
  compare: (op: CompareOp, x: Expr, y: Expr): Expr => ({
    op,
    args: [x, y],
    dtype: "bool",
  }),
  select: (p: Expr, x: Expr, y: Expr): Expr => ({
    op: "select",
    args: [p, x, y],
    dtype: x.dtype,
  }),
  convert: (x: Expr, dtype: DType): Expr => ({
    op: "convert",
    args: [x],
    dtype,
  }),
};
