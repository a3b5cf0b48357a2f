/** @file What a scan is made of: its parameters, its operands cut into groups, and which carries a transform reaches. */
import type { Jaxpr } from "../jaxpr/jaxpr.ts";
import type { ArrayType } from "../shape.ts";

/** jaxpr: (consts, carry, x) -> (carry, y); operands are consts, initial carry, xs with a leading axis of `length`. */
export interface ScanParams {
  readonly jaxpr: Jaxpr;
  readonly consts: number;
  readonly carries: number;
  readonly length: number;
  readonly reverse: boolean;
}

/** A list of operands or flags cut into consts, carries and xs. */
export const parts = <T>(
  list: readonly T[],
  { consts, carries }: ScanParams,
): [T[], T[], T[]] => [
  list.slice(0, consts),
  list.slice(consts, consts + carries),
  list.slice(consts + carries),
];

export const stacked = (
  { shape, dtype }: ArrayType,
  length: number,
): ArrayType => ({
  shape: [length, ...shape],
  dtype,
});

/**
 * Grows a set of flagged carries until the body maps flagged carries to flagged carries: whether a carry is batched
 * (or has a tangent) depends on the body's result, which depends on the carry.
 */
export function fixpoint<R>(
  initial: readonly boolean[],
  step: (flags: boolean[]) => { flags: boolean[]; result: R },
): R {
  let flags = [...initial];
  for (;;) {
    const { flags: next, result } = step(flags);
    const grown = flags.map((flag, i) => flag || next[i]);
    if (grown.every((flag, i) => flag === flags[i])) return result;
    flags = grown;
  }
}
