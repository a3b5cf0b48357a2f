/** @file The package's public face: UniRep first, the autodiff core under `ad`. */
export * from "./unirep/index.ts";
export * as ad from "./ad/index.ts";
export * from "./training/index.ts";
