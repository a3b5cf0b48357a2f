/** @file Programs on tensors: kernels in order, every tensor disposed after its last use, also when a kernel fails. */
import type { Control, Kernel, Program, Ref } from "../../lowering/kernel.ts";
import { inputsOf } from "../js/index.ts";
import { upload } from "./buffer.ts";
import { compileControl } from "./control.ts";
import { runKernel } from "./kernels.ts";
import type { Tensor, Tf } from "./tf.ts";

/** A program ready to run. Inputs stay the caller's, results become the caller's. */
export interface Runnable {
  run(inputs: readonly Tensor[]): Promise<Tensor[]>;
  dispose(): void;
}

/** Results of one kernel for its inputs. */
export type Step = (
  inputs: readonly Tensor[],
) => readonly Tensor[] | Promise<readonly Tensor[]>;

const outsOf = (kernel: Kernel | Control): readonly Ref[] =>
  "outs" in kernel ? kernel.outs : [kernel.out];

/** For every kernel the buffers of this program that nothing reads after it. */
function lastUses(program: Program): Ref[][] {
  const last = new Map<number, number>();
  const made = new Map<number, Ref>();
  program.kernels.forEach((kernel, step) => {
    for (const ref of inputsOf(kernel)) last.set(ref.id, step);
    for (const ref of outsOf(kernel)) {
      last.set(ref.id, step);
      made.set(ref.id, ref);
    }
  });
  for (const ref of program.outputs) last.delete(ref.id);
  const dead: Ref[][] = program.kernels.map(() => []);
  for (const [id, step] of last) {
    const ref = made.get(id);
    if (ref) dead[step].push(ref);
  }
  return dead;
}

/** The constants' elements are on the host by now. */
export function compileProgram(tf: Tf, program: Program): Runnable {
  const parts: Runnable[] = [];
  const dead = lastUses(program);
  const steps = program.kernels.map((kernel, i) => {
    const step: Step =
      "outs" in kernel
        ? compileControl(tf, kernel, (body) => {
            const part = compileProgram(tf, body);
            parts.push(part);
            return part;
          })
        : (inputs) => {
            const out = runKernel(tf, kernel, inputs);
            return out instanceof Promise ? out.then((x) => [x]) : [out];
          };
    return {
      step,
      inputs: inputsOf(kernel),
      outs: outsOf(kernel),
      dead: dead[i],
    };
  });
  const constants = program.constants.map(
    ({ ref, value }) =>
      [ref.id, upload(tf, value.dataSync(), value.type)] as const,
  );
  return {
    async run(given) {
      const env = new Map<number, Tensor>(constants);
      program.inputs.forEach((ref, i) => env.set(ref.id, given[i]));
      const read = (ref: Ref) => env.get(ref.id) as Tensor;
      const own = new Set<Tensor>();
      try {
        for (const { step, inputs, outs, dead } of steps) {
          const made = step(inputs.map(read));
          const results = made instanceof Promise ? await made : made;
          results.forEach((x, i) => {
            own.add(x);
            env.set(outs[i].id, x);
          });
          for (const ref of dead) {
            const x = read(ref);
            own.delete(x);
            x.dispose();
          }
        }
        return program.outputs.map((ref) => tf.keep(tf.clone(read(ref))));
      } finally {
        for (const x of own) x.dispose();
      }
    },
    dispose() {
      for (const [, x] of constants) x.dispose();
      for (const part of parts) part.dispose();
    },
  };
}
