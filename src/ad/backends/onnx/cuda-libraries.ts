/** @file What ONNX Runtime's CUDA provider needs from the machine, and what of it is missing: nothing is loaded to find out. */

/** The facts that decide, as they can be read without running native code. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Folder of the package onnxruntime-node. */
  readonly runtimeFolder: string;
  /** The loader's search path of this process, LD_LIBRARY_PATH. */
  readonly libraryPath: string;
  /** Text of the loader's cache, which holds each library's name followed by a zero byte; empty where there is none. */
  readonly loaderCache: string;
  readonly exists: (path: string) => boolean;
}

// They come by onnxruntime-node's install script, not with its package.
const provider = [
  "libonnxruntime_providers_shared.so",
  "libonnxruntime_providers_cuda.so",
];

const cuda12 = [
  "libcudart.so.12",
  "libcublas.so.12",
  "libcublasLt.so.12",
  "libcufft.so.11",
  "libcurand.so.10",
];

const systemFolders = [
  "/lib/x86_64-linux-gnu",
  "/usr/lib/x86_64-linux-gnu",
  "/lib64",
  "/usr/lib64",
  "/usr/lib",
];

/** Files of a driver's kernel part: of Linux, and of Windows' Linux subsystem. */
const drivers = ["/proc/driver/nvidia/version", "/dev/dxg"];

const listed = (names: readonly string[]) => names.join(", ");

/** One sentence on everything that is missing and how to get it, or null when the provider can be tried. */
export function missingForCuda(machine: Machine): string | null {
  const { platform, arch, runtimeFolder, exists } = machine;
  if (platform !== "linux" || arch !== "x64")
    return `onnxruntime-node has CUDA for linux x64 only, this is ${platform} ${arch}; device webgpu is the way to a GPU here`;
  const bin = `${runtimeFolder}/bin/napi-v6/linux/x64`;
  const folders = [
    ...machine.libraryPath.split(":").filter((folder) => folder !== ""),
    ...systemFolders,
    bin,
  ];
  const absent = (libraries: readonly string[]) =>
    libraries.filter(
      (library) =>
        !machine.loaderCache.includes(`${library}\0`) &&
        !folders.some((folder) => exists(`${folder}/${library}`)),
    );
  const files = provider.filter((file) => !exists(`${bin}/${file}`));
  const [toolkit, cudnn] = [absent(cuda12), absent(["libcudnn.so.9"])];
  const missing = [
    !drivers.some(exists) && `an NVIDIA GPU with its driver (no ${drivers[0]})`,
    absent(["libcuda.so.1"]).length > 0 &&
      "the driver's libcuda.so.1 on the library path",
    files.length > 0 &&
      `the provider's libraries ${listed(files)} (run: node ${runtimeFolder}/script/install.js)`,
    toolkit.length > 0 && `CUDA 12 on the library path (${listed(toolkit)})`,
    cudnn.length > 0 && `cuDNN 9 on the library path (${listed(cudnn)})`,
  ].filter((part) => part !== false);
  return missing.length === 0 ? null : `missing: ${missing.join("; ")}`;
}
