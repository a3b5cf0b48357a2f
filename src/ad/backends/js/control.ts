/** @file Loops and branches in JavaScript: their programs are compiled once and run on fresh environments. */
import { allocate, type TypedArray } from "../../dtype.ts";
import type {
  Branch,
  Control,
  Loop,
  Program,
  Ref,
  While,
} from "../../lowering/kernel.ts";
import { sizeOf } from "../../shape.ts";
import { read, type Env, type Step } from "./kernels.ts";

type Compile = (
  program: Program,
) => (inputs: readonly TypedArray[]) => TypedArray[];

export function compileControl(kernel: Control, compile: Compile): Step {
  switch (kernel.kind) {
    case "loop":
      return compileLoop(kernel, compile);
    case "branch":
      return compileBranch(kernel, compile);
    case "while":
      return compileWhile(kernel, compile);
  }
}

const readAll = (env: Env, refs: readonly Ref[]) =>
  refs.map((ref) => read(env, ref));

function compileLoop(loop: Loop, compile: Compile): Step {
  const body = compile(loop.body);
  const carries = loop.init.length;
  return (env) => {
    const consts = readAll(env, loop.consts);
    const xs = readAll(env, loop.xs);
    const ys = loop.outs
      .slice(carries)
      .map(({ type }) => allocate(type.dtype, sizeOf(type.shape)));
    let carry = readAll(env, loop.init);
    for (let step = 0; step < loop.length; step++) {
      const t = loop.reverse ? loop.length - 1 - step : step;
      const rows = xs.map((x) =>
        x.subarray(
          (t * x.length) / loop.length,
          ((t + 1) * x.length) / loop.length,
        ),
      );
      const out = body([...consts, ...carry, ...rows]);
      carry = out.slice(0, carries);
      out.slice(carries).forEach((y, i) => ys[i].set(y, t * y.length));
    }
    [...carry, ...ys].forEach((data, i) => env.set(loop.outs[i].id, data));
  };
}

function compileBranch(branch: Branch, compile: Compile): Step {
  const runs = branch.branches.map(compile);
  return (env) => {
    const [index] = read(env, branch.index);
    const run = runs[Math.min(Math.max(index, 0), runs.length - 1)];
    run(readAll(env, branch.inputs)).forEach((data, i) =>
      env.set(branch.outs[i].id, data),
    );
  };
}

function compileWhile(loop: While, compile: Compile): Step {
  const [cond, body] = [compile(loop.cond), compile(loop.body)];
  return (env) => {
    const condConsts = readAll(env, loop.condConsts);
    const bodyConsts = readAll(env, loop.bodyConsts);
    let carry = readAll(env, loop.init);
    while (cond([...condConsts, ...carry])[0][0])
      carry = body([...bodyConsts, ...carry]);
    carry.forEach((data, i) => env.set(loop.outs[i].id, data));
  };
}
