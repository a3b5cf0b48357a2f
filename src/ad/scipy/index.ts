/** @file `scipy`: SciPy's special functions and distributions under JAX's names. */
export * as special from "./special/index.ts";
export * as stats from "./stats/index.ts";
