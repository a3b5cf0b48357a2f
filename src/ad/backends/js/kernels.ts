/** @file One closure for each kernel kind: reads its operands from the environment, writes a fresh buffer. */
import { allocate, type TypedArray } from "../../dtype.ts";
import type { Kernel, Ref } from "../../lowering/kernel.ts";
import { neutral } from "../../lowering/neutral.ts";
import { sizeOf, stridesOf } from "../../shape.ts";
import { dot } from "./dot.ts";
import { gather, scatter } from "./gather.ts";
import { compileMap } from "./map.ts";
import { threefry } from "./random.ts";
import { argBest, argsort, cumsum } from "./sort.ts";
import { copyStrided, foldStrided } from "./strided.ts";

/** Buffers by id while a program runs. */
export type Env = Map<number, TypedArray>;
export type Step = (env: Env) => void;

export const read = (env: Env, ref: Ref): TypedArray =>
  env.get(ref.id) as TypedArray;

export function compileKernel(kernel: Kernel): Step {
  const { shape, dtype } = kernel.out.type;
  const size = sizeOf(shape);
  const strides = stridesOf(shape);
  /** A step that fills a fresh zeroed output buffer. */
  const into =
    (write: (out: TypedArray, env: Env) => void): Step =>
    (env) => {
      const out = allocate(dtype, size);
      write(out, env);
      env.set(kernel.out.id, out);
    };
  switch (kernel.kind) {
    case "fill":
      return into((out) => out.fill(kernel.value));
    case "iota":
      return into((out) => {
        const stride = strides[kernel.axis];
        for (let i = 0; i < size; i++)
          out[i] = Math.floor(i / stride) % shape[kernel.axis];
      });
    case "map": {
      const loop = compileMap(kernel.expr);
      return into((out, env) => {
        loop(
          size,
          out,
          kernel.inputs.map((ref) => read(env, ref)),
        );
      });
    }
    case "reshape":
      return (env) => void env.set(kernel.out.id, read(env, kernel.input));
    case "transpose": {
      const from = stridesOf(kernel.input.type.shape);
      const order = kernel.order.map((i) => from[i]);
      return into((out, env) =>
        copyStrided(shape, read(env, kernel.input), order, 0, out, strides, 0),
      );
    }
    case "broadcast": {
      const from = stridesOf(kernel.input.type.shape);
      const repeat = shape.map((_, i) =>
        kernel.axes.includes(i) ? from[kernel.axes.indexOf(i)] : 0,
      );
      return into((out, env) =>
        copyStrided(shape, read(env, kernel.input), repeat, 0, out, strides, 0),
      );
    }
    case "slice": {
      const from = stridesOf(kernel.input.type.shape);
      const start = kernel.start.reduce((n, s, i) => n + s * from[i], 0);
      return into((out, env) =>
        copyStrided(
          shape,
          read(env, kernel.input),
          from.map((s, i) => s * (kernel.stride?.[i] ?? 1)),
          start,
          out,
          strides,
          0,
        ),
      );
    }
    case "reverse": {
      const turned = strides.map((s, i) => (kernel.axes.includes(i) ? -s : s));
      const start = kernel.axes.reduce((n, i) => n + (shape[i] - 1) * strides[i], 0); // prettier-ignore
      return into((out, env) =>
        copyStrided(shape, read(env, kernel.input), turned, start, out, strides, 0),
      ); // prettier-ignore
    }
    case "pad": {
      const inner = kernel.input.type.shape;
      const start = kernel.low.reduce((n, s, i) => n + s * strides[i], 0);
      return into((out, env) =>
        copyStrided(
          inner,
          read(env, kernel.input),
          stridesOf(inner),
          0,
          out,
          strides,
          start,
        ),
      );
    }
    case "concatenate":
      return into((out, env) => {
        let start = 0;
        for (const ref of kernel.inputs) {
          const part = ref.type.shape;
          copyStrided(
            part,
            read(env, ref),
            stridesOf(part),
            0,
            out,
            strides,
            start,
          );
          start += part[kernel.axis] * strides[kernel.axis];
        }
      });
    case "reduce": {
      const from = kernel.input.type.shape;
      let kept = 0;
      const toStrides = from.map((_, i) =>
        kernel.axes.includes(i) ? 0 : strides[kept++],
      );
      return into((out, env) => {
        // A long float32 sum kept in float32 loses digits with every term.
        const total =
          kernel.op === "sum" && dtype === "float32"
            ? new Float64Array(size)
            : out;
        if (kernel.op !== "sum")
          out.fill(neutral(kernel.op === "prod" ? "mul" : kernel.op, dtype));
        foldStrided(
          from,
          read(env, kernel.input),
          stridesOf(from),
          total,
          toStrides,
          kernel.op,
        );
        if (total !== out) out.set(total);
      });
    }
    case "argmax":
    case "argmin":
      return into((out, env) =>
        argBest(
          kernel.kind === "argmin",
          read(env, kernel.input),
          kernel.input.type.shape,
          kernel.axis,
          out,
        ),
      );
    case "argsort":
      return into((out, env) => {
        const keys = kernel.keys.map((ref) => read(env, ref));
        argsort(keys, shape, kernel.axis, kernel.descending, out);
      });
    case "cumsum":
      return into((out, env) => {
        const x = read(env, kernel.input);
        cumsum(x, shape, kernel.axis, kernel.reverse, out);
      });
    case "dot":
      return into((out, env) => {
        dot(
          read(env, kernel.lhs),
          kernel.lhs.type,
          read(env, kernel.rhs),
          kernel.rhs.type,
          kernel.dims,
          out,
        );
      });
    case "threefry":
      return into((out, env) => {
        const { words } = kernel;
        threefry(read(env, kernel.key), read(env, kernel.counters), words, out);
      });
    case "gather":
      return into((out, env) => {
        gather(
          read(env, kernel.input),
          kernel.input.type.shape,
          read(env, kernel.indices),
          kernel.batch,
          out,
        );
      });
    case "scatter":
      return into((out, env) => {
        scatter(
          kernel.op,
          read(env, kernel.indices),
          read(env, kernel.updates),
          kernel.out.type,
          kernel.batch,
          out,
        );
      });
  }
}
