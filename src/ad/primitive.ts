/** @file `definePrimitive`: a primitive is one record with its four rules, all required. */
import type { KernelBuilder, Ref } from "./lowering/kernel.ts";
import type { ArrayType } from "./shape.ts";
import { bind, type Value } from "./tracer.ts";

export type Tangent = Value | null; // null is a symbolic zero
export type BatchAxis = number | null; // null: the same for every member of the batch

/** An operand a linear program is linear in: only its type is known while it is transposed. */
export class Unknown {
  constructor(readonly type: ArrayType) {}
}

/** How a primitive differentiates; made by `linear`, `bilinear`, `partials` or `constant`. */
export interface Differentiation<P> {
  /** Outputs, and for each the terms whose sum is its tangent (none: zero). */
  jvp(
    self: Primitive<P>,
    primals: readonly Value[],
    tangents: readonly Tangent[],
    params: P,
  ): [out: Value[], terms: Value[][]];
  /** Cotangents of the unknown operands from those of the outputs; null elsewhere. */
  transpose(
    self: Primitive<P>,
    cotangents: readonly Tangent[],
    args: readonly (Value | Unknown)[],
    params: P,
  ): Tangent[];
}

export interface Rules<P> {
  /** Types of the results, or a TypeError naming the operands that do not fit. */
  type(inputs: readonly ArrayType[], params: P): ArrayType[];
  diff: Differentiation<P>;
  /** The same primitive over operands with one extra axis each (where `axes` is not null) of length `size`. */
  batch(
    self: Primitive<P>,
    size: number,
    args: readonly Value[],
    axes: readonly BatchAxis[],
    params: P,
  ): [out: Value[], axes: BatchAxis[]];
  /** Kernels that compute it, the same for every backend. */
  lower(
    builder: KernelBuilder,
    inputs: readonly Ref[],
    out: readonly ArrayType[],
    params: P,
  ): Ref[];
  /**
   * For primitives that run jaxprs: binds now what needs known operands only and hands the rest to `record`, which
   * applies the same primitive in the linear program. Without this rule an equation with an unknown operand is unknown whole.
   */
  partialEval?(
    self: Primitive<P>,
    args: readonly Value[],
    unknown: readonly boolean[],
    params: P,
    record: (args: readonly Value[], params: P) => Value[],
  ): Value[];
}

export interface Primitive<P> {
  readonly name: string;
  readonly rules: Rules<P>;
  /** Applies it to values of any level. */
  bind(args: readonly Value[], params: P): Value[];
}

const registry = new Map<string, Primitive<never>>();

/** Every primitive by name, for the test that demands a row for each. */
export const primitives = (): ReadonlyMap<string, Primitive<never>> => registry;

/** A primitive is four facts: the type of its result, its derivative, its batching, its kernels. */
export function definePrimitive<P>(
  name: string,
  rules: Rules<P>,
): Primitive<P> {
  const self: Primitive<P> = {
    name,
    rules,
    bind: (args, params) => bind(self, args, params),
  };
  if (registry.has(name))
    throw new Error(`definePrimitive: ${name} is already defined`);
  registry.set(name, self as unknown as Primitive<never>);
  return self;
}
