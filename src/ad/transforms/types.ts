/** @file The types of transformed functions: trees keep their structure, leaves become arrays. */
import type { ArrayLike } from "../value.ts";
import type { Value } from "../tracer.ts";

/** A tree like `T` whose leaves are values. */
export type Arrays<T> = T extends ArrayLike
  ? Value
  : T extends object
    ? { [K in keyof T]: Arrays<T[K]> }
    : T;

/** Arguments like `A` whose leaves are values. */
export type ArrayArgs<A extends readonly unknown[]> = {
  [K in keyof A]: Arrays<A[K]>;
};

/** Positions of the arguments to differentiate by: one, or several. */
export type Argnums = number | readonly number[];

/** What `argnums` selects of the arguments: one argument's tree, or a list of them. */
export type Selected<A extends readonly unknown[], N> = N extends number
  ? Arrays<A[N]>
  : { -readonly [K in keyof N]: N[K] extends number ? Arrays<A[N[K]]> : never };

/** A tree like `R` with, at each leaf, a tree like `X`: the blocks of a Jacobian. */
export type Jacobian<R, X> = R extends ArrayLike
  ? X
  : { [K in keyof R]: Jacobian<R[K], X> };
