/** @file A function of ours and the variants of it that goldens/families.py asks JAX for, under the same ids. */
import {
  array,
  grad,
  hessian,
  jvp,
  numpy as np,
  scalar,
  tree,
  vmap,
  type Array as Arr,
  type Value,
} from "../../../src/ad/index.ts";
import { isFloat, type DType } from "../../../src/ad/dtype.ts";
import { sizeOf, type Shape } from "../../../src/ad/shape.ts";

export type Fn = (...args: Value[]) => unknown;
type Scalar = (...args: Value[]) => Value;
export type Kind = "f32" | "f64" | "i32" | "u32";

/** What JAX was asked: `value` as it is; `each…` of a function of scalars; `grad`, `hvp` of the weighted sum of results. */
export type Variant =
  "value" | "eachGrad" | "eachHessian" | "grad" | "hvp" | "vmap";

export interface Golden {
  readonly base: string;
  readonly f: Fn;
  readonly variants: readonly Variant[];
  readonly kinds: readonly Kind[];
  /** Shapes that depend on values cannot be compiled. */
  readonly eager: boolean;
  /** Errors count against each element of a result rather than its largest. */
  readonly exact: boolean;
}

export const ARRAYS = ["value", "grad", "vmap"] as const;
export const SMOOTH = ["value", "grad", "hvp", "vmap"] as const;
const FLOATS = ["f32", "f64"] as const;

export const golden = (
  base: string,
  f: Fn,
  variants: readonly Variant[] = ["value"],
  kinds: readonly Kind[] = FLOATS,
  eager = false,
): Golden => ({ base, f, variants, kinds, eager, exact: false });

export interface ElementwiseOptions {
  /** How often JAX was asked to differentiate; 2 by default. */
  readonly smooth?: 0 | 1 | 2;
  /** Zeros, ones, infinities and NaN are tried too. */
  readonly edges?: boolean;
}

/** Functions of scalars by their names in a module of ours. */
export const elementwise = (
  face: string,
  module: object,
  names: string,
  { smooth = 2, edges = true }: ElementwiseOptions = {},
): Golden[] =>
  names.split(" ").flatMap((name) => {
    const base = `${face}.${name}`;
    const f: Fn = (...args) => (module as Record<string, Fn>)[name](...args);
    const exact = [
      golden(base, f, smooth > 0 ? ["value", "eachGrad"] : ["value"]),
      ...(smooth > 1 ? [golden(base, f, ["eachHessian"], ["f64"])] : []),
    ].map((row) => ({ ...row, exact: true }));
    return edges
      ? [...exact, golden(`${base}.edges`, f, ["value"], ["f32"])]
      : exact;
  });

/** A function of ours whose options differ from case to case. */
export type Loose = (...args: unknown[]) => unknown;

/**
 * Cases `face.name.label` for functions by their names in a module of ours; `call` gets the function and the operands.
 */
export const callsOf =
  (face: string, module: object) =>
  (
    names: string,
    label: string,
    call: (f: Loose, ...args: Value[]) => unknown,
    variants: readonly Variant[] = ["value"],
    kinds: readonly Kind[] = FLOATS,
    eager = false,
  ): Golden[] =>
    names.split(" ").map((name) => {
      const f: Loose = (...args) =>
        (module as Record<string, Loose>)[name](...args);
      const run: Fn = (...args) => call(f, ...args);
      return golden(`${face}.${name}.${label}`, run, variants, kinds, eager);
    });

/** Element i of a vector, as a scalar. */
export const element = (x: Value, i: number): Value =>
  np.take(x, scalar(i, "int32"), 0);

/** Fixed uneven weights between -1.5 and 2.5. */
const weights = (shape: Shape, dtype: DType, shift = 0): Arr =>
  array(
    Array.from(
      { length: sizeOf(shape) },
      (_, i) => ((7 * (i + shift)) % 5) - 1.5,
    ),
    { dtype, shape },
  );

const floats = (values: readonly Value[]): number[] =>
  values.flatMap((x, i) => (isFloat(x.dtype) ? [i] : []));

const total =
  (f: Fn): Scalar =>
  (...args) => {
    const leaves = tree.leaves(f(...args)) as Value[];
    const terms = floats(leaves)
      .map((i) => leaves[i])
      .map((y) => np.sum(np.multiply(weights(y.shape, y.dtype), y)));
    return terms.reduce((a, b) => np.add(a, b));
  };

function hvp(f: Fn): Fn {
  return (...xs) => {
    const at = floats(xs);
    const g = (...picked: Value[]): Value[] => {
      const args = [...xs];
      at.forEach((i, k) => (args[i] = picked[k]));
      return grad(total(f), { argnums: at })(...args);
    };
    const primals = at.map((i) => xs[i]);
    const tangents = primals.map((x) => weights(x.shape, x.dtype, 1));
    return jvp(g, primals, tangents)[1];
  };
}

const batch = (x: Value): Value => {
  const other = isFloat(x.dtype) ? np.multiply(x, 0.75) : x;
  return np.concatenate([x, other].map((row) => np.expandDims(row, 0)));
};

export const variants: Record<Variant, (f: Fn) => Fn> = {
  value: (f) => f,
  eachGrad:
    (f) =>
    (...xs) =>
      vmap(grad(f as Scalar, { argnums: floats(xs) }))(...xs),
  eachHessian:
    (f) =>
    (...xs) =>
      vmap(hessian(f as Scalar, { argnums: floats(xs) }))(...xs),
  grad:
    (f) =>
    (...xs) =>
      grad(total(f), { argnums: floats(xs) })(...xs),
  hvp,
  vmap:
    (f) =>
    (...xs) =>
      vmap(f)(...xs.map(batch)),
};
