/** @file Structured control flow under the names of jax.lax. */
export { associativeScan } from "../control/associative-scan.ts";
export type { AssociativeScanOptions } from "../control/associative-scan.ts";
export { cond, switch_ as switch } from "../control/cond.ts";
export { foriLoop } from "../control/fori.ts";
export { map, type MapOptions } from "../control/map.ts";
export { scan } from "../control/scan.ts";
export { whileLoop } from "../control/while.ts";
