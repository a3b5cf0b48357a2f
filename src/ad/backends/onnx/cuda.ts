/** @file The cuda backend: the same graphs on ONNX Runtime's CUDA provider, operands and results on the host. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { isMainThread } from "node:worker_threads";
import { dtypes, type TypedArray } from "../../dtype.ts";
import type { Program, Ref } from "../../lowering/kernel.ts";
import type { Availability, Backend } from "../backend.ts";
import { missingForCuda, type Machine } from "./cuda-libraries.ts";
import { onHostBuffers } from "./index.ts";
import { createSession, runtime } from "./session.ts";

/** NVIDIA's libraries read it when they start: 0 computes float32 products in float32, not rounded to TF32's 10 bits. */
const tf32 = "NVIDIA_TF32_OVERRIDE";

/**
 * Has products computed in the dtype they are written in, unless the user decided otherwise. ONNX Runtime has an option
 * for it, but its binding for Node passes none of that provider's options.
 */
export function exactProducts(
  env: NodeJS.ProcessEnv,
  isMainThread: boolean,
): void {
  if (env[tf32] !== undefined) return;
  // A worker thread's environment is a copy that native code does not see.
  if (!isMainThread)
    throw new Error(
      `cuda: a worker thread cannot set ${tf32} for NVIDIA's libraries; start the process with ${tf32}=0 for exact float32 products, or 1 for TF32`,
    );
  env[tf32] = "0";
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

const thisMachine = (): Machine => ({
  platform: process.platform,
  arch: process.arch,
  runtimeFolder: dirname(
    createRequire(import.meta.url).resolve("onnxruntime-node/package.json"),
  ),
  libraryPath: process.env.LD_LIBRARY_PATH ?? "",
  loaderCache: textOf("/etc/ld.so.cache"),
  exists: existsSync,
});

/** Names of the GPUs as the driver gives them; some systems do not show them. */
function gpuNames(): string {
  const folder = "/proc/driver/nvidia/gpus";
  if (!existsSync(folder)) return "an NVIDIA GPU";
  const names = readdirSync(folder).map((gpu) => {
    const found = /^Model:\s*(.+)$/m.exec(
      textOf(`${folder}/${gpu}/information`),
    );
    return found?.[1] ?? "an NVIDIA GPU";
  });
  return [...new Set(names)].join(", ");
}

export const onnxCuda: Backend = {
  device: "cuda",
  dtypes,
  symbolicSizes: true,
  isProcessor: false,
  async check() {
    const missing = missingForCuda(thisMachine());
    return missing === null
      ? (tried ??= tryOut())
      : { available: false, detail: missing };
  },
  async compile(program, options) {
    const missing = missingForCuda(thisMachine());
    if (missing !== null)
      throw new Error(
        `jit: device cuda does not work here: ${missing}; devices() lists what does`,
      );
    exactProducts(process.env, isMainThread);
    return onHostBuffers(
      await createSession(program, options, { executionProviders: ["cuda"] }),
    );
  },
};

let tried: Promise<Availability> | null = null;

/** A product of two numbers on the GPU: it needs the driver, the runtime and cuBLAS to work together. */
async function tryOut(): Promise<Availability> {
  const square: Ref["type"] = { shape: [1, 1], dtype: "float32" };
  const [lhs, rhs, out] = [0, 1, 2].map((id): Ref => ({ id, type: square }));
  const dims = { contract: [[1], [0]], batch: [[], []] } as const;
  const program: Program = {
    inputs: [lhs, rhs],
    constants: [],
    kernels: [{ kind: "dot", lhs, rhs, dims, out }],
    outputs: [out],
  };
  try {
    const executable = await onnxCuda.compile(program, {
      symbols: new Map(),
      threads: 1,
      workers: 0,
      precision: "float32",
    });
    const [product] = (await executable.run(
      [Float32Array.of(2), Float32Array.of(3)],
      new Map(),
    )) as [TypedArray];
    executable.dispose();
    if (product[0] !== 6)
      return { available: false, detail: `2 times 3 gave ${product[0]}` };
    const { env } = await runtime();
    const how = process.env[tf32] === "0" ? "" : `, ${tf32}=${process.env[tf32]}`; // prettier-ignore
    return {
      available: true,
      detail: `ONNX Runtime ${env.versions.node ?? ""} on ${gpuNames()}${how}`,
    };
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    return {
      available: false,
      detail: `all that is known to be needed is there, but the first session failed: ${reason} (ONNX Runtime prints more on standard error)`,
    };
  }
}
