/** @file NumPy's names and broadcasting over the primitives. */
export {
  add,
  subtract,
  multiply,
  divide,
  negative,
  maximum,
  minimum,
  exp,
  log,
  sqrt,
  tanh,
  sigmoid,
  where,
  equal,
  less,
  lessEqual,
  astype,
} from "./elementwise.ts";
export {
  concatenate,
  expandDims,
  moveaxis,
  reshape,
  split,
  transpose,
  zeros,
  ones,
  full,
  arange,
} from "./manipulate.ts";
export { argmax, logsumexp, max, mean, sum } from "./reduce.ts";
export { matmul, take } from "./linear.ts";
