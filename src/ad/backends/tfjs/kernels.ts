/** @file One step for each kernel kind: from tensors of rank 1 to a tensor of rank 1 that the caller owns. */
import type { Kernel } from "../../lowering/kernel.ts";
import { neutral } from "../../lowering/neutral.ts";
import { sizeOf } from "../../shape.ts";
import { download } from "./buffer.ts";
import { dot } from "./dot.ts";
import { convert, emitExpr } from "./expr.ts";
import { gather, scatter } from "./gather.ts";
import {
  around,
  broadcast,
  concatenate,
  pad,
  reverse,
  slice,
  transposed,
} from "./layout.ts";
import { threefry } from "./random.ts";
import { argBest, cumsum, reduce } from "./reduce.ts";
import { argsort } from "./sort.ts";
import { full, type Tensor, type Tf } from "./tf.ts";

/**
 * The result of `kernel` for its inputs, which stay the caller's. Everything made on the way is disposed, after an error
 * too. The result is kept from any `tidy` of the user's the call happens to be in.
 */
export function runKernel(
  tf: Tf,
  kernel: Kernel,
  inputs: readonly Tensor[],
): Tensor | Promise<Tensor> {
  const { type } = kernel.out;
  const size = sizeOf(type.shape);
  const owned = (make: () => Tensor): Tensor =>
    tf.tidy(() => tf.keep(tf.reshape(make(), [size])));
  const value = emptyValue(kernel);
  if (value !== null) return owned(() => full(tf, [size], value, type.dtype));
  switch (kernel.kind) {
    case "fill":
      return owned(() => full(tf, [size], kernel.value, type.dtype));
    case "gather":
      return download(inputs[1], kernel.indices.type.dtype).then((indices) =>
        owned(() => gather(tf, inputs[0], indices, kernel)),
      );
    case "scatter":
      return download(inputs[0], kernel.indices.type.dtype).then((indices) =>
        owned(() => scatter(tf, indices, inputs[1], kernel)),
      );
    default:
      return owned(() => compute(tf, kernel, inputs));
  }
}

/** What every element of the result is where there is nothing to compute it from (or none), else null. */
function emptyValue(kernel: Kernel): number | null {
  const { shape, dtype } = kernel.out.type;
  if (sizeOf(shape) === 0) return 0;
  const isEmpty = ({ type }: Kernel["out"]) => sizeOf(type.shape) === 0;
  switch (kernel.kind) {
    case "pad":
      return isEmpty(kernel.input) ? 0 : null;
    case "dot":
      return isEmpty(kernel.lhs) ? 0 : null;
    case "reduce": {
      const op = { sum: "add", prod: "mul", max: "max", min: "min" } as const;
      return isEmpty(kernel.input) ? neutral(op[kernel.op], dtype) : null;
    }
    case "scatter":
      return isEmpty(kernel.updates) ? neutral(kernel.op, dtype) : null;
    default:
      return null;
  }
}

type Computed = Exclude<Kernel, { kind: "fill" | "gather" | "scatter" }>;

/** The elements of a result that has some, in a tensor of any rank; it may be an input itself. */
function compute(tf: Tf, kernel: Computed, inputs: readonly Tensor[]): Tensor {
  const { shape, dtype } = kernel.out.type;
  const [x, y] = inputs;
  switch (kernel.kind) {
    case "iota": {
      const [, n] = around(shape, kernel.axis);
      const steps = tf.range(0, n, 1, "int32");
      return convert(
        tf,
        broadcast(tf, steps, shape, [kernel.axis]),
        "int32",
        dtype,
      );
    }
    case "map":
      return emitExpr(tf, kernel.expr, inputs, sizeOf(shape));
    case "reshape":
      return x;
    case "transpose":
      return transposed(tf, x, kernel.input.type.shape, kernel.order);
    case "broadcast":
      return broadcast(tf, x, shape, kernel.axes);
    case "slice":
      return slice(tf, x, kernel);
    case "pad":
      return pad(tf, x, kernel);
    case "concatenate":
      return concatenate(tf, inputs, kernel);
    case "reverse":
      return reverse(tf, x, kernel);
    case "reduce":
      return reduce(tf, x, kernel);
    case "argmax":
    case "argmin":
      return argBest(tf, x, kernel);
    case "argsort":
      return argsort(tf, inputs, kernel);
    case "cumsum":
      return cumsum(tf, x, kernel);
    case "threefry":
      return threefry(tf, x, y, kernel);
    case "dot":
      return dot(tf, x, y, kernel);
  }
}
