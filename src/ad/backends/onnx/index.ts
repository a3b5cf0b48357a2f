/** @file The compiled backend: a program becomes one ONNX graph run by ONNX Runtime on the CPU. */
import type {
  Env,
  InferenceSession,
  Tensor,
  TensorConstructor,
} from "onnxruntime-common";
import { dtypes, type TypedArray } from "../../dtype.ts";
import type { Program, Ref } from "../../lowering/kernel.ts";
import type { Backend, CompileOptions, Executable } from "../backend.ts";
import { emitProgram } from "./emit.ts";
import { encodeModel } from "./proto.ts";

interface Runtime {
  readonly env: Env;
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: TensorConstructor;
}

/** Loaded on first use: importing the library must not cost the native runtime's start. */
const runtime = (): Promise<Runtime> => import("onnxruntime-node");

export const onnxCpu: Backend = {
  device: "cpu",
  dtypes,
  symbolicSizes: true,
  async check() {
    const { env } = await runtime();
    return {
      available: true,
      detail: `ONNX Runtime ${env.versions.node ?? ""}`.trim(),
    };
  },
  async compile(
    program: Program,
    options: CompileOptions,
  ): Promise<Executable> {
    await Promise.all(program.constants.map(({ value }) => value.data()));
    const ort = await runtime();
    const graph = emitProgram(program, options);
    const session = await ort.InferenceSession.create(encodeModel(graph), {
      executionProviders: ["cpu"],
      intraOpNumThreads: options.threads,
      logSeverityLevel: 3,
      externalData: graph.initializers.flatMap(({ external, name, data }) =>
        external ? [{ path: name, data }] : [],
      ),
      // Denormal states slow a recurrence about threefold; flushing them changes results by less than 1e-37.
      // Processors whose 8-bit products would saturate at 16 bits (no VNNI) take the slower exact ones.
      extra: { session: { set_denormal_as_zero: "1", x64quantprecision: "1" } },
    });
    const shapeOf = ({ type }: Ref, sizes: ReadonlyMap<string, number>) =>
      type.shape.map((n) => sizes.get(options.symbols.get(n) ?? "") ?? n);
    return {
      async run(inputs, sizes) {
        const feeds: Record<string, Tensor> = {};
        graph.inputs.forEach(({ name, type }, i) => {
          const shape = shapeOf(program.inputs[i], sizes);
          feeds[name] = new ort.Tensor(
            type.element as "float32",
            inputs[i] as Float32Array,
            shape,
          );
        });
        const results = await session.run(feeds);
        return graph.outputs.map(
          ({ name }) => results[name].data as TypedArray,
        );
      },
      dispose: () => void session.release(),
    };
  },
};
