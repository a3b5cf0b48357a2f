/** @file JAX's lower level: control flow, indexing by computed positions, convolutions and windows. */
export * from "./control.ts";
export * from "./conv.ts";
export * from "./indexing.ts";
export * from "./window.ts";
export type { Padding } from "./padding.ts";
