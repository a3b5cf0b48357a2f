/** @file The compiled backend: a program becomes one ONNX graph run by ONNX Runtime on the CPU. */
import { availableParallelism, cpus } from "node:os";
import type { Tensor } from "onnxruntime-common";
import { dtypes, type TypedArray } from "../../dtype.ts";
import type { Backend, Executable } from "../backend.ts";
import { openPool } from "./session-pool.ts";
import {
  createSession,
  encodeSession,
  runtime,
  type Session,
} from "./session.ts";

export const onnxCpu: Backend = {
  device: "cpu",
  dtypes,
  symbolicSizes: true,
  isProcessor: true,
  async check() {
    const { env } = await runtime();
    return {
      available: true,
      detail: `ONNX Runtime ${env.versions.node ?? ""} on ${availableParallelism()} cores (${cpus()[0]?.model ?? "unknown"})`,
    };
  },
  async compile(program, options) {
    const provider = {
      executionProviders: ["cpu"],
      // Denormal states slow a recurrence about threefold; flushing them changes results by less than 1e-37.
      // Processors whose 8-bit products would saturate at 16 bits (no VNNI) take the slower exact ones.
      extra: { session: { set_denormal_as_zero: "1", x64quantprecision: "1" } },
    };
    return options.workers > 0
      ? openPool(
          await encodeSession(program, options, provider),
          options.workers,
        )
      : onHostBuffers(await createSession(program, options, provider));
  },
};

/** A session whose operands and results are on the host. */
export const onHostBuffers = ({
  session,
  inputs,
  outputs,
}: Session): Executable => ({
  async run(given, sizes) {
    const feeds: Record<string, Tensor> = {};
    inputs.forEach((port, i) => {
      feeds[port.name] = port.tensor(given[i] as TypedArray, sizes);
    });
    const results = await session.run(feeds);
    return outputs.map(({ name }) => results[name].data as TypedArray);
  },
  dispose: () => void session.release(),
});
