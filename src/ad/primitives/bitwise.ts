/** @file Operations on the bits of integers and the truth of bools. (`and`, `or` and `not` live beside comparison.) */
import { constant } from "../rules/constant.ts";
import { binary } from "./pointwise.ts";

export const xor = binary("xor", "bits", constant());

/** x 2^y, wrapped; a count outside 0..31 shifts every bit out. */
export const shiftLeft = binary("shiftLeft", "integer", constant());
/** The bits of x moved right, zeros moving in; a count outside 0..31 shifts every bit out. */
export const shiftRightLogical = binary(
  "shiftRightLogical",
  "integer",
  constant(),
);
/** The bits of x moved right, its highest bit moving in; a count outside 0..31 leaves that bit everywhere. */
export const shiftRightArithmetic = binary(
  "shiftRightArithmetic",
  "integer",
  constant(),
);
