/** @file The tfjs backend: a program kernel by kernel on the user's installation of TensorFlow.js. */
import type { Program } from "../../lowering/kernel.ts";
import type { Backend, Executable } from "../backend.ts";
import { held, hold, upload } from "./buffer.ts";
import { installation } from "./load.ts";
import { compileProgram } from "./program.ts";
import { dtypes, refuseDtypes } from "./refuse.ts";
import type { Tensor } from "./tf.ts";

/** Constants of a program and of the programs in it. */
const constantsOf = (program: Program): Program["constants"] => [
  ...program.constants,
  ...program.kernels.flatMap((kernel) => {
    switch (kernel.kind) {
      case "loop":
        return constantsOf(kernel.body);
      case "branch":
        return kernel.branches.flatMap(constantsOf);
      case "while":
        return [kernel.cond, kernel.body].flatMap(constantsOf);
      default:
        return [];
    }
  }),
];

async function load(program: Program): Promise<Executable> {
  await Promise.all(constantsOf(program).map(({ value }) => value.data()));
  const { tf } = await installation().catch((error: Error) => {
    throw new Error(
      `jit: device tfjs does not work here: ${error.message}; devices() lists what does`,
      { cause: error },
    );
  });
  const compiled = compileProgram(tf, program);
  return {
    async run(inputs) {
      const operands: Tensor[] = [];
      try {
        inputs.forEach((stored, i) => {
          // A handle of its own, so that its buffer may be freed while this call is under way.
          operands.push(
            "read" in stored
              ? tf.keep(tf.clone(held(stored)))
              : upload(tf, stored, program.inputs[i].type),
          );
        });
        const results = await compiled.run(operands);
        return results.map((x, i) => hold(x, program.outputs[i].type.dtype));
      } finally {
        for (const x of operands) x.dispose();
      }
    },
    dispose: () => {
      compiled.dispose();
    },
  };
}

/** Each size is compiled for itself, which costs no more than the upload of the constants. */
export const tfjs: Backend = {
  device: "tfjs",
  dtypes,
  symbolicSizes: false,
  isProcessor: false,
  async check() {
    try {
      return { available: true, detail: (await installation()).detail };
    } catch (error) {
      return { available: false, detail: (error as Error).message };
    }
  },
  compile(program) {
    refuseDtypes(program);
    return load(program);
  },
};
