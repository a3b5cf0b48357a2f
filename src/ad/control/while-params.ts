/** @file What a while is made of: its parameters, and its operands cut into groups. */
import type { Jaxpr } from "../jaxpr/jaxpr.ts";

/** cond: (condConsts, carry) -> bool[], body: (bodyConsts, carry) -> carry; operands are both consts, initial carry. */
export interface WhileParams {
  readonly cond: Jaxpr;
  readonly body: Jaxpr;
  readonly condConsts: number;
  readonly bodyConsts: number;
}

/** A list of operands or flags cut into the constants of cond, those of body, and carries. */
export const parts = <T>(
  list: readonly T[],
  { condConsts, bodyConsts }: WhileParams,
): [T[], T[], T[]] => [
  list.slice(0, condConsts),
  list.slice(condConsts, condConsts + bodyConsts),
  list.slice(condConsts + bodyConsts),
];
