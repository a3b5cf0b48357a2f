/** @file What TensorFlow.js has no tensors for, found before anything runs. */
import type { DType } from "../../dtype.ts";
import type {
  Control,
  Expr,
  Kernel,
  Program,
  Ref,
} from "../../lowering/kernel.ts";
import { showType } from "../../shape.ts";
import { inputsOf } from "../js/index.ts";

export const dtypes: readonly DType[] = ["float32", "int32", "uint32", "bool"];

const isCarried = (dtype: DType): boolean => dtypes.includes(dtype);

/** Throws a TypeError for the first value of a dtype there is none of, be it inside one expression. */
export function refuseDtypes(program: Program): void {
  const refuse = (what: string, dtype: DType): never => {
    throw new TypeError(
      `jit: device tfjs has no ${dtype}, got ${what}; compile it for device cpu or js (some float32 functions, as lgamma and random.normal, compute in float64 inside)`,
    );
  };
  const check = (what: string, { type }: Ref): void => {
    if (!isCarried(type.dtype)) refuse(`${what} ${showType(type)}`, type.dtype);
  };
  const inside = (expr: Expr): void => {
    if (!isCarried(expr.dtype))
      refuse(`"${expr.op}" inside an elementwise kernel`, expr.dtype);
    if ("args" in expr) expr.args.forEach(inside);
  };
  const visit = (kernel: Kernel | Control): void => {
    for (const ref of inputsOf(kernel))
      check(`an operand of ${kernel.kind}`, ref);
    const outs = "outs" in kernel ? kernel.outs : [kernel.out];
    for (const ref of outs) check(`a result of ${kernel.kind}`, ref);
    if (kernel.kind === "map") inside(kernel.expr);
    if (kernel.kind === "loop") refuseDtypes(kernel.body);
    if (kernel.kind === "branch") kernel.branches.forEach(refuseDtypes);
    if (kernel.kind === "while")
      [kernel.cond, kernel.body].forEach(refuseDtypes);
  };
  for (const ref of program.inputs) check("an argument", ref);
  for (const { ref } of program.constants) check("a constant", ref);
  program.kernels.forEach(visit);
}
