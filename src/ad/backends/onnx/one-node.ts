/** @file The smallest models there are: for asking a runtime what works, and for reading its memory. */
import { encodeModel } from "./proto.ts";

/** A model of one node: y = op(x), both of `element` and any length. */
export const oneNode = (
  op: string,
  element: "float32" | "int32" | "uint32" | "bool",
): Uint8Array => {
  const type = { element, shape: ["n"] };
  return encodeModel({
    name: op,
    nodes: [{ op, domain: "", inputs: ["x"], outputs: ["y"], attributes: {} }],
    initializers: [],
    inputs: [{ name: "x", type }],
    outputs: [{ name: "y", type }],
  });
};
