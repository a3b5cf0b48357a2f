/** @file The kernel IR: the few kinds of work a backend implements, and the builder that lowering rules write to.
 *
 *     program ::= inputs, constants, kernels in order, outputs
 *     kernel  ::= fill | iota | map | reshape | transpose | broadcast | slice | pad | concatenate
 *               | reverse | reduce | argmax | argmin | argsort | cumsum | dot | gather | scatter | threefry | loop | branch | while
 *
 * Every kernel reads and writes whole buffers named by a `Ref`; a buffer is written once.
 */
import type { Array } from "../array.ts";
import type { ArrayType, Shape } from "../shape.ts";
import type { Expr } from "./expr.ts";

export { ir, type BinaryOp, type CompareOp, type Expr, type UnaryOp } from "./expr.ts"; // prettier-ignore

/** A buffer of a program. */
export interface Ref {
  readonly id: number;
  readonly type: ArrayType;
}

export type ReduceOp = "sum" | "prod" | "max" | "min";

/** How updates that meet at one row are joined, beginning with the operation's neutral element. */
export type ScatterOp = "add" | "mul" | "max" | "min";

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
      /** Positive steps; 1 along every axis by default. */
      readonly stride?: readonly number[];
    }
  | {
      readonly kind: "reverse";
      readonly input: Ref;
      readonly axes: readonly number[];
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
  | {
      readonly kind: "argmax" | "argmin";
      readonly input: Ref;
      readonly axis: number;
    }
  /** The stable permutation (int32) that sorts by the first key, ties by the next; NaN is above every number. */
  | {
      readonly kind: "argsort";
      readonly keys: readonly Ref[];
      readonly axis: number;
      readonly descending: boolean;
    }
  | {
      readonly kind: "cumsum";
      readonly input: Ref;
      readonly axis: number;
      readonly reverse: boolean;
    }
  /** The Threefry-2x32 block of (0, counter) under each key: both words on a last axis, or their exclusive or. */
  | {
      readonly kind: "threefry";
      readonly key: Ref;
      readonly counters: Ref;
      readonly batch: number;
      readonly words: "xor" | "both";
    }
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
      readonly kind: "scatter";
      readonly op: ScatterOp;
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

/** One of several programs on the same inputs; an index outside of them takes the nearest. */
export interface Branch {
  readonly kind: "branch";
  readonly index: Ref;
  readonly branches: readonly Program[];
  readonly inputs: readonly Ref[];
  readonly outs: readonly Ref[];
}

/** carry = body(bodyConsts, carry) for as long as cond(condConsts, carry) holds. */
export interface While {
  readonly kind: "while";
  readonly cond: Program;
  readonly body: Program;
  readonly condConsts: readonly Ref[];
  readonly bodyConsts: readonly Ref[];
  readonly init: readonly Ref[];
  readonly outs: readonly Ref[];
}

/** What runs programs of its own. */
export type Control = Loop | Branch | While;

export interface Program {
  readonly inputs: readonly Ref[];
  readonly constants: readonly { readonly ref: Ref; readonly value: Array }[];
  readonly kernels: readonly (Kernel | Control)[];
  readonly outputs: readonly Ref[];
}

type WithoutOut<K> = K extends { readonly out: Ref } ? Omit<K, "out"> : never;
type WithoutOuts<K> = K extends Control ? Omit<K, "outs"> : never;

/** Collects the kernels of one program. Ids are unique across all programs, so a loop body may name its own buffers freely. */
export class KernelBuilder {
  static #nextId = 0;
  readonly kernels: (Kernel | Control)[] = [];
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

  control(kernel: WithoutOuts<Control>, types: readonly ArrayType[]): Ref[] {
    const outs = types.map((type) => this.ref(type));
    this.kernels.push({ ...kernel, outs });
    return outs;
  }
}

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
