/** @file The autodiff core's public face. */
import "./eager.ts";

export { Array, array } from "./array.ts";
export type { Nested } from "./host.ts";
export type { DType, TypedArray } from "./dtype.ts";
export type { ArrayType, Shape } from "./shape.ts";
export { Value } from "./tracer.ts";
export { scalar, type ArrayLike } from "./value.ts";
export { jit, type Jitted, type JitOptions } from "./jit.ts";
export { exportOnnx, type ExportOptions } from "./export.ts";
export { devices, type DeviceInfo } from "./devices.ts";
export type { Device, Precision } from "./backends/backend.ts";
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
export {
  checkpoint,
  checkpointPolicies,
  type CheckpointPolicy,
} from "./control/remat.ts";
export { customJvp, customVjp } from "./control/custom.ts";
export { stopGradient } from "./primitives/elementwise.ts";
export {
  associativeScan,
  cond,
  foriLoop,
  scan,
  whileLoop,
} from "./lax/control.ts";
export { ShapeDtypeStruct, evalShape, makeJaxpr } from "./make-jaxpr.ts";
export { checkJaxpr } from "./jaxpr/check.ts";
export { printJaxpr } from "./jaxpr/print.ts";
export * as lax from "./lax/index.ts";
export * as linalg from "./linalg/index.ts";
export * as nn from "./nn/index.ts";
export * as numpy from "./numpy/index.ts";
export * as optimizers from "./optimizers/index.ts";
export * as random from "./random/index.ts";
export * as scipy from "./scipy/index.ts";
export * as stax from "./stax/index.ts";
export * as tree from "./tree.ts";
export { packageVersion } from "./version.ts";
