/** @file Loops and branches: the host runs their programs, and reads what they depend on. */
import { allocate } from "../../dtype.ts";
import type {
  Branch,
  Control,
  Loop,
  Program,
  While,
} from "../../lowering/kernel.ts";
import { sizeOf } from "../../shape.ts";
import { upload } from "./buffer.ts";
import type { Runnable, Step } from "./program.ts";
import type { Tensor, Tf } from "./tf.ts";

type Compile = (program: Program) => Runnable;

export function compileControl(
  tf: Tf,
  kernel: Control,
  compile: Compile,
): Step {
  switch (kernel.kind) {
    case "loop":
      return compileLoop(tf, kernel, compile);
    case "branch":
      return compileBranch(kernel, compile);
    case "while":
      return compileWhile(tf, kernel, compile);
  }
}

const dispose = (xs: Iterable<Tensor>): void => {
  for (const x of xs) x.dispose();
};

const copies = (tf: Tf, xs: readonly Tensor[]): Tensor[] =>
  xs.map((x) => tf.keep(tf.clone(x)));

function compileLoop(tf: Tf, loop: Loop, compile: Compile): Step {
  const body = compile(loop.body);
  const [c, i] = [loop.consts.length, loop.init.length];
  const { length } = loop;
  return async (inputs) => {
    const [consts, xs] = [inputs.slice(0, c), inputs.slice(c + i)];
    let carry = copies(tf, inputs.slice(c, c + i));
    /** For every y its rows by position. */
    const ys = loop.outs.slice(i).map(() => new Array<Tensor>(length));
    try {
      for (let step = 0; step < length; step++) {
        const t = loop.reverse ? length - 1 - step : step;
        const rows = xs.map((x) => {
          const width = x.shape[0] / length;
          return tf.keep(tf.slice(x, [t * width], [width]));
        });
        const next = await body
          .run([...consts, ...carry, ...rows])
          .finally(() => dispose(rows));
        dispose(carry);
        carry = next.slice(0, i);
        next.slice(i).forEach((y, k) => (ys[k][t] = y));
      }
      return [...carry, ...ys.map((rows, k) => stacked(tf, rows, loop.outs[i + k]))]; // prettier-ignore
    } catch (error) {
      dispose(carry);
      throw error;
    } finally {
      // Rows that were never made are holes, which forEach passes over.
      for (const rows of ys) rows.forEach((y) => y.dispose());
    }
  };
}

/** The rows one behind the other. */
function stacked(
  tf: Tf,
  rows: readonly Tensor[],
  { type }: Loop["outs"][number],
): Tensor {
  const size = sizeOf(type.shape);
  return size === 0
    ? upload(tf, allocate(type.dtype, 0), type)
    : tf.keep(tf.concat(rows, 0));
}

function compileBranch(branch: Branch, compile: Compile): Step {
  const runs = branch.branches.map(compile);
  return async ([index, ...inputs]) => {
    const [chosen] = await index.data();
    return runs[Math.min(Math.max(chosen, 0), runs.length - 1)].run(inputs);
  };
}

function compileWhile(tf: Tf, loop: While, compile: Compile): Step {
  const [cond, body] = [compile(loop.cond), compile(loop.body)];
  const [c, b] = [loop.condConsts.length, loop.bodyConsts.length];
  return async (inputs) => {
    const condConsts = inputs.slice(0, c);
    const bodyConsts = inputs.slice(c, c + b);
    let carry = copies(tf, inputs.slice(c + b));
    const holds = async (): Promise<boolean> => {
      const [answer] = await cond.run([...condConsts, ...carry]);
      const [isTrue] = await answer.data().finally(() => answer.dispose());
      return isTrue !== 0;
    };
    try {
      while (await holds()) {
        const next = await body.run([...bodyConsts, ...carry]);
        dispose(carry);
        carry = next;
      }
      return carry;
    } catch (error) {
      dispose(carry);
      throw error;
    }
  };
}
