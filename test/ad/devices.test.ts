/** @file Which devices work here, and what the check for CUDA says of machines that lack a part. */
import { describe, expect, test } from "vitest";
import {
  devices,
  jit,
  scalar,
  type Array as Arr,
  type Device,
  type Value,
} from "../../src/ad/index.ts";
import { exactProducts } from "../../src/ad/backends/onnx/cuda.ts";
import {
  missingForCuda,
  type Machine,
} from "../../src/ad/backends/onnx/cuda-libraries.ts";

const bin = "/app/onnxruntime-node/bin/napi-v6/linux/x64";
const providerFiles = [
  `${bin}/libonnxruntime_providers_shared.so`,
  `${bin}/libonnxruntime_providers_cuda.so`,
];
const driver = ["/proc/driver/nvidia/version", "/lib64/libcuda.so.1"];
const toolkit = [
  "libcudart.so.12",
  "libcublas.so.12",
  "libcublasLt.so.12",
  "libcufft.so.11",
  "libcurand.so.10",
];
const cudnn = "libcudnn.so.9";
const inFolder = (folder: string, names: readonly string[]) =>
  names.map((name) => `${folder}/${name}`);
const cached = (names: readonly string[]) =>
  ["glibc-ld.so.cache", ...names.flatMap((n) => [n, `/opt/${n}`]), ""].join("\0"); // prettier-ignore

interface Case {
  readonly files?: readonly string[];
  readonly libraryPath?: string;
  readonly loaderCache?: string;
  readonly system?: readonly [platform: string, arch: string];
}

const machine = ({
  files = [],
  libraryPath = "",
  loaderCache = "",
  system: [platform, arch] = ["linux", "x64"],
}: Case): Machine => ({
  platform,
  arch,
  runtimeFolder: "/app/onnxruntime-node",
  libraryPath,
  loaderCache,
  exists: (path) => files.includes(path),
});

describe("what is missing for CUDA", () => {
  const all = [...driver, ...providerFiles];
  test.each<[what: string, machine: Case, missing: string | null]>([
    [
      "is nothing where the loader's cache knows every library",
      { files: all, loaderCache: cached([...toolkit, cudnn]) },
      null,
    ],
    [
      "is nothing where they are on the library path, in several folders",
      {
        files: [
          ...all,
          ...inFolder("/cuda/lib64", toolkit),
          `/cudnn/lib/${cudnn}`,
        ],
        libraryPath: "/cuda/lib64::/cudnn/lib",
      },
      null,
    ],
    [
      "is nothing where they lie beside the provider, in Windows' Linux subsystem",
      {
        files: [
          "/dev/dxg",
          ...providerFiles,
          ...inFolder(bin, [...toolkit, cudnn]),
        ],
        loaderCache: cached(["libcuda.so.1"]),
      },
      null,
    ],
    [
      "is the platform, elsewhere than on Linux x64",
      { files: all, system: ["darwin", "arm64"] },
      "onnxruntime-node has CUDA for linux x64 only, this is darwin arm64; device webgpu is the way to a GPU here",
    ],
    [
      "is cuDNN alone, if its folder is not on the path",
      {
        files: [...all, `/cudnn/lib/${cudnn}`],
        loaderCache: cached(toolkit),
      },
      "missing: cuDNN 9 on the library path (libcudnn.so.9)",
    ],
    [
      "is cuBLAS 12 where CUDA 13 is installed",
      {
        files: all,
        loaderCache: cached([
          "libcudart.so.12",
          "libcublas.so.13",
          "libcublasLt.so.13",
          "libcufft.so.11",
          "libcurand.so.10",
          cudnn,
        ]),
      },
      "missing: CUDA 12 on the library path (libcublas.so.12, libcublasLt.so.12)",
    ],
    [
      "is what the install script brings, with the command",
      {
        files: [...driver, providerFiles[0]],
        loaderCache: cached([...toolkit, cudnn]),
      },
      "missing: the provider's libraries libonnxruntime_providers_cuda.so (run: node /app/onnxruntime-node/script/install.js)",
    ],
    [
      "is the GPU, in a container that was given none",
      {
        files: ["/lib64/libcuda.so.1", ...providerFiles],
        loaderCache: cached([...toolkit, cudnn]),
      },
      "missing: an NVIDIA GPU with its driver (no /proc/driver/nvidia/version)",
    ],
    [
      "is everything on a bare machine, in one sentence",
      {},
      "missing: an NVIDIA GPU with its driver (no /proc/driver/nvidia/version); the driver's libcuda.so.1 on the library path; " +
        "the provider's libraries libonnxruntime_providers_shared.so, libonnxruntime_providers_cuda.so (run: node /app/onnxruntime-node/script/install.js); " +
        "CUDA 12 on the library path (libcudart.so.12, libcublas.so.12, libcublasLt.so.12, libcufft.so.11, libcurand.so.10); " +
        "cuDNN 9 on the library path (libcudnn.so.9)",
    ],
  ])("%s", (_what, given, missing) => {
    expect(missingForCuda(machine(given))).toBe(missing);
  });
});

describe("products on cuda", () => {
  test.each([
    ["are exact unless the user said otherwise", {}, true, "0"],
    [
      "stay in TF32 where the user asked for it",
      { NVIDIA_TF32_OVERRIDE: "1" },
      true,
      "1",
    ],
    [
      "follow the process in a worker thread",
      { NVIDIA_TF32_OVERRIDE: "0" },
      false,
      "0",
    ],
  ])("%s", (_what, given, isMainThread, after) => {
    const env: NodeJS.ProcessEnv = { ...given };
    exactProducts(env, isMainThread);
    expect(env.NVIDIA_TF32_OVERRIDE).toBe(after);
  });

  test("are refused in a worker thread that cannot make them exact", () => {
    expect(() => exactProducts({}, false)).toThrow(
      "cuda: a worker thread cannot set NVIDIA_TF32_OVERRIDE for NVIDIA's libraries; start the process with NVIDIA_TF32_OVERRIDE=0 for exact float32 products, or 1 for TF32",
    );
  });
});

describe("devices", () => {
  test("lists every device once, the reference and the processor among those that work", async () => {
    const all = await devices();
    expect(all.map(({ device }) => device)).toEqual([
      ...["js", "cpu", "webgpu", "cuda", "tfjs"],
    ]);
    for (const { device, available, detail } of all) {
      if (device === "js" || device === "cpu") expect(available).toBe(true);
      expect(detail).toMatch(/^\S[^\n]*\S$/);
    }
  });

  test("a device that does not work here refuses to compile, in the words of the list, and nothing else computes it", async () => {
    const absent = (await devices()).filter(({ available }) => !available);
    for (const { device, detail } of absent) {
      const result = jit((x: Value) => x, { device })(scalar(1));
      await expect((result as Arr).data()).rejects.toThrow(
        `jit: device ${device} does not work here: ${detail}; devices() lists what does`,
      );
    }
  });

  test("a name that is no device is refused with those that are", () => {
    expect(() =>
      jit((x: Value) => x, { device: "gpu" as Device })(1 as never),
    ).toThrow(
      "jit: expected a device, one of js, cpu, webgpu, cuda, tfjs, got gpu",
    );
  });
});
