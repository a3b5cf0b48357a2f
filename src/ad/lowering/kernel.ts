/** @file The kernel IR: the few kinds of work a backend implements, and the builder that lowering rules write to.
 *
 *     program ::= inputs, constants, kernels in order, outputs
 *     kernel  ::= fill | iota | map | reshape | transpose | broadcast | slice | pad | concatenate
 *               | reduce | argmax | dot | gather | scatterAdd | loop
 *
 * Every kernel reads and writes whole buffers named by a `Ref`; a buffer is written once.
 */
import type { Array } from "../array.ts";
import type { DType } from "../dtype.ts";
import type { ArrayType, Shape } from "../shape.ts";

/** A buffer of a program. */
export interface Ref {
  readonly id: number;
  readonly type: ArrayType;
}

export type UnaryOp =
  "neg" | "exp" | "log" | "tanh" | "logistic" | "sqrt" | "not";
export type BinaryOp =
  "add" | "sub" | "mul" | "div" | "max" | "min" | "and" | "or";
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

export type ReduceOp = "sum" | "max";

export type Kernel = { readonly out: Ref } & (
  | { readonly kind: "fill"; readonly value: number }
  | { readonly kind: "iota"; readonly axis: number }
  | {
      readonly kind: "map";
      readonly inputs: readonly Ref[];
      readonly expr: Expr;
    }
  | { readonly kind: "reshape"; readonly input: Ref }
  | {
      readonly kind: "transpose";
      readonly input: Ref;
      readonly order: readonly number[];
    }
  /** Axis i of the input is axis `axes[i]` of the output; the other output axes repeat. */
  | {
      readonly kind: "broadcast";
      readonly input: Ref;
      readonly axes: readonly number[];
    }
  | {
      readonly kind: "slice";
      readonly input: Ref;
      readonly start: readonly number[];
      readonly limit: readonly number[];
    }
  | {
      readonly kind: "pad";
      readonly input: Ref;
      readonly low: readonly number[];
      readonly high: readonly number[];
    }
  | {
      readonly kind: "concatenate";
      readonly inputs: readonly Ref[];
      readonly axis: number;
    }
  | {
      readonly kind: "reduce";
      readonly op: ReduceOp;
      readonly input: Ref;
      readonly axes: readonly number[];
    }
  | { readonly kind: "argmax"; readonly input: Ref; readonly axis: number }
  | {
      readonly kind: "dot";
      readonly lhs: Ref;
      readonly rhs: Ref;
      readonly dims: DotDims;
    }
  | {
      readonly kind: "gather";
      readonly input: Ref;
      readonly indices: Ref;
      readonly batch: number;
    }
  | {
      readonly kind: "scatterAdd";
      readonly indices: Ref;
      readonly updates: Ref;
      readonly batch: number;
    }
);

/** Which axes of the two operands of a dot are contracted and which are batch axes; the result is batch, lhs rest, rhs rest. */
export interface DotDims {
  readonly contract: readonly [lhs: readonly number[], rhs: readonly number[]];
  readonly batch: readonly [lhs: readonly number[], rhs: readonly number[]];
}

/** A loop over the leading axis of `xs`: body(consts, carry, x) -> (carry, y). */
export interface Loop {
  readonly kind: "loop";
  readonly body: Program;
  readonly consts: readonly Ref[];
  readonly init: readonly Ref[];
  readonly xs: readonly Ref[];
  readonly length: number;
  readonly reverse: boolean;
  /** Final carries, then stacked ys. */
  readonly outs: readonly Ref[];
}

export interface Program {
  readonly inputs: readonly Ref[];
  readonly constants: readonly { readonly ref: Ref; readonly value: Array }[];
  readonly kernels: readonly (Kernel | Loop)[];
  readonly outputs: readonly Ref[];
}

type WithoutOut<K> = K extends { readonly out: Ref } ? Omit<K, "out"> : never;

/** Collects the kernels of one program. Ids are unique across all programs, so a loop body may name its own buffers freely. */
export class KernelBuilder {
  static #nextId = 0;
  readonly kernels: (Kernel | Loop)[] = [];
  readonly constants: { readonly ref: Ref; readonly value: Array }[] = [];

  constant(value: Array): Ref {
    const ref = this.ref(value.type);
    this.constants.push({ ref, value });
    return ref;
  }

  ref(type: ArrayType): Ref {
    return { id: KernelBuilder.#nextId++, type };
  }

  emit(kernel: WithoutOut<Kernel>, type: ArrayType): Ref {
    const out = this.ref(type);
    this.kernels.push({ ...kernel, out });
    return out;
  }

  loop(loop: Omit<Loop, "kind" | "outs">, types: readonly ArrayType[]): Ref[] {
    const outs = types.map((type) => this.ref(type));
    this.kernels.push({ kind: "loop", ...loop, outs });
    return outs;
  }
}

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

/** Axes of an operand of rank `rank` that are neither contracted nor batch axes, in order. */
export const freeAxes = (
  rank: number,
  contract: readonly number[],
  batch: readonly number[],
): number[] =>
  globalThis.Array.from({ length: rank }, (_, i) => i).filter(
    (i) => !contract.includes(i) && !batch.includes(i),
  );

/** Shape of a dot's result. */
export function dotShape(
  lhs: Shape,
  rhs: Shape,
  { contract, batch }: DotDims,
): Shape {
  return [
    ...batch[0].map((i) => lhs[i]),
    ...freeAxes(lhs.length, contract[0], batch[0]).map((i) => lhs[i]),
    ...freeAxes(rhs.length, contract[1], batch[1]).map((i) => rhs[i]),
  ];
}
