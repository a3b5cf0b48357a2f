/** @file The autodiff core's public face. */
import "./eager.ts";

export { Array, array } from "./array.ts";
export type { Nested } from "./host.ts";
export type { DType, TypedArray } from "./dtype.ts";
export type { ArrayType, Shape } from "./shape.ts";
export { Value } from "./tracer.ts";
export { scalar, type ArrayLike } from "./value.ts";
export { jit, type Device, type Jitted, type JitOptions } from "./jit.ts";
export type { Precision } from "./backends/backend.ts";
export { vmap } from "./transforms/vmap.ts";
export { jvp } from "./transforms/jvp.ts";
export { grad, linearize, valueAndGrad, vjp } from "./transforms/grad.ts";
export { hessian, jacfwd, jacrev } from "./transforms/jacobian.ts";
export type {
  Argnums,
  ArrayArgs,
  Arrays,
  Jacobian,
  Selected,
} from "./transforms/types.ts";
export { checkpoint } from "./control/remat.ts";
export { customJvp, customVjp } from "./control/custom.ts";
export { stopGradient } from "./primitives/elementwise.ts";
export { scan } from "./control/scan.ts";
export { ShapeDtypeStruct, evalShape, makeJaxpr } from "./make-jaxpr.ts";
export { checkJaxpr } from "./jaxpr/check.ts";
export { printJaxpr } from "./jaxpr/print.ts";
export * as tree from "./tree.ts";
export * as numpy from "./numpy/index.ts";
export * as random from "./random/index.ts";
