/** @file The devices `jit` compiles for, and which of them work on this machine. */
import type { Availability, Backend, Device } from "./backends/backend.ts";
import { js } from "./backends/js/index.ts";
import { onnxCuda } from "./backends/onnx/cuda.ts";
import { onnxCpu } from "./backends/onnx/index.ts";
import { onnxWebgpu } from "./backends/onnx/webgpu.ts";
import { tfjs } from "./backends/tfjs/index.ts";

const backends: Readonly<Record<Device, Backend>> = {
  js,
  cpu: onnxCpu,
  webgpu: onnxWebgpu,
  cuda: onnxCuda,
  tfjs,
};

export function backendOf(device: Device): Backend {
  if (Object.hasOwn(backends, device)) return backends[device];
  throw new TypeError(
    `jit: expected a device, one of ${Object.keys(backends).join(", ")}, got ${String(device)}`,
  );
}

export interface DeviceInfo extends Availability {
  readonly device: Device;
}

/** A check that fails is itself the reason why a device does not work: a native library that does not load, say. */
async function checked(backend: Backend): Promise<Availability> {
  try {
    return await backend.check();
  } catch (error) {
    const [reason] = (error as Error).message.split("\n");
    return { available: false, detail: reason };
  }
}

/** Every device with whether it works here: what it runs on, or what is missing (jax.devices). */
export const devices = (): Promise<DeviceInfo[]> =>
  Promise.all(
    Object.values(backends).map(async (backend) => ({
      device: backend.device,
      ...(await checked(backend)),
    })),
  );
