/** @file The webgpu backend: the graphs of `cpu` on ONNX Runtime's WebGPU provider, results staying in device memory. */
import type { Tensor } from "onnxruntime-common";
import type { Program } from "../../lowering/kernel.ts";
import { showType } from "../../shape.ts";
import type { Backend, CompileOptions, Executable } from "../backend.ts";
import { createSession } from "./session.ts";
import {
  disposeOwner,
  holdTensor,
  inTurn,
  tensorOf,
  type HeldDType,
  type Owner,
} from "./webgpu-buffer.ts";
import { checkWebgpu } from "./webgpu-probe.ts";

const held: readonly HeldDType[] = ["float32", "int32", "uint32", "bool"];

/** Within a program ONNX Runtime computes float64 on the processor; what goes in and comes out must fit the device. */
function refuseFloat64({ inputs, outputs }: Program): void {
  const sides = [
    ["argument", inputs],
    ["result", outputs],
  ] as const;
  for (const [what, refs] of sides) {
    const i = refs.findIndex(({ type }) => type.dtype === "float64");
    if (i >= 0)
      throw new TypeError(
        `jit: device webgpu has no float64, got ${showType(refs[i].type)} as ${what} ${i}; convert it to float32, or use device cpu or js`,
      );
  }
}

async function compile(
  program: Program,
  options: CompileOptions,
): Promise<Executable> {
  const { available, detail } = await checkWebgpu();
  if (!available)
    throw new Error(
      `jit: device webgpu does not work here: ${detail}; devices() lists what does`,
    );
  // A constant may itself be in device memory; read here, for a turn must not wait for another.
  await Promise.all(program.constants.map(({ value }) => value.data()));
  const { session, inputs, outputs } = await inTurn(() =>
    createSession(
      program,
      options,
      {
        executionProviders: ["webgpu"],
        preferredOutputLocation: "gpu-buffer",
      },
      "webgpu",
    ),
  );
  const owner: Owner = { session, results: 0, disposed: false };
  const dtypes = program.outputs.map(({ type }) => type.dtype as HeldDType);
  return {
    async run(given, sizes) {
      if (owner.disposed)
        throw new Error("webgpu: this program was disposed of; compile it again"); // prettier-ignore
      const feeds: Record<string, Tensor> = {};
      inputs.forEach((port, i) => {
        const x = given[i];
        feeds[port.name] = ArrayBuffer.isView(x)
          ? port.tensor(x, sizes)
          : tensorOf(x);
      });
      return inTurn(async () => {
        const results = await session.run(feeds);
        return outputs.map(({ name }, i) =>
          holdTensor(results[name], dtypes[i], owner),
        );
      });
    },
    dispose: () => disposeOwner(owner),
  };
}

export const onnxWebgpu: Backend = {
  device: "webgpu",
  dtypes: held,
  symbolicSizes: false,
  isProcessor: false,
  check: checkWebgpu,
  compile(program, options) {
    refuseFloat64(program);
    return compile(program, options);
  },
};
