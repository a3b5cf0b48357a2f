/** @file Elements in WebGPU memory: whose turn it is, how they are read, when they and their session are freed. */
import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { DType, TypedArray } from "../../dtype.ts";
import type { DeviceBuffer } from "../backend.ts";
import { runtime } from "./session.ts";
import { oneNode } from "./one-node.ts";

/** What a buffer in device memory can hold. */
export type HeldDType = Exclude<DType, "float64">;

let last: Promise<unknown> = Promise.resolve();

/** Runs `work` when all given before has ended: two sessions at once crash the process, and so does freeing under a run. */
export function inTurn<T>(work: () => T | Promise<T>): Promise<T> {
  const result = last.then(work);
  last = result.catch(() => undefined);
  return result;
}

/** A session and how many of its results live: a result freed after its session was released crashes the process. */
export interface Owner {
  readonly session: InferenceSession;
  results: number;
  /** Nobody will run it again: it is released with its last result. */
  disposed: boolean;
}

const settle = async (owner: Owner): Promise<void> => {
  if (owner.disposed && owner.results === 0) await owner.session.release();
};

/** Releases the session as soon as no result of it is left. */
export function disposeOwner(owner: Owner): void {
  if (owner.disposed) return;
  owner.disposed = true;
  void inTurn(() => settle(owner));
}

interface Held {
  readonly tensor: Tensor;
  /** Also what keeps the session from being collected before its results. */
  readonly owner: Owner;
}

const release = ({ tensor, owner }: Held): void =>
  void inTurn(() => {
    tensor.dispose();
    owner.results--;
    return settle(owner);
  });

// The native handle does not free itself.
const unreachable = new FinalizationRegistry(release);

const alive = new WeakMap<DeviceBuffer, Held>();

/** The buffer of a result in device memory. */
export function holdTensor(
  tensor: Tensor,
  dtype: HeldDType,
  owner: Owner,
): DeviceBuffer {
  const held: Held = { tensor, owner };
  const buffer: DeviceBuffer = {
    device: "webgpu",
    read: () => read(tensorOf(buffer), dtype),
    free() {
      if (!alive.delete(buffer)) return;
      unreachable.unregister(buffer);
      release(held);
    },
  };
  owner.results++;
  alive.set(buffer, held);
  unreachable.register(buffer, held, buffer);
  return buffer;
}

/** The tensor to feed to a session; an Error once the buffer is freed. */
export function tensorOf(buffer: DeviceBuffer): Tensor {
  const held = alive.get(buffer);
  if (held) return held.tensor;
  throw new Error(
    "webgpu: these elements were freed before they were used; free a buffer after the calls that read it",
  );
}

const readers = new Map<HeldDType, Promise<InferenceSession>>();

/**
 * The session that copies device memory of `dtype` to the host (a device tensor's own `getData` ends the process).
 * Never released: the device lives as long as one session does, and opening it anew costs more than the session.
 */
function readerOf(dtype: HeldDType): Promise<InferenceSession> {
  const known = readers.get(dtype);
  if (known) return known;
  const made = runtime().then((ort) =>
    ort.InferenceSession.create(oneNode("Identity", dtype), {
      executionProviders: ["webgpu"],
      logSeverityLevel: 3,
    }),
  );
  readers.set(dtype, made);
  // No memory now is no reason to fail for ever.
  made.catch(() => readers.delete(dtype));
  return made;
}

const read = (tensor: Tensor, dtype: HeldDType): Promise<TypedArray> =>
  inTurn(async () => {
    const [ort, reader] = [await runtime(), await readerOf(dtype)];
    const flat = ort.Tensor.fromGpuBuffer(tensor.gpuBuffer, {
      dataType: dtype,
      dims: [tensor.size],
    });
    const { y } = await reader.run({ x: flat });
    return y.data as TypedArray;
  });
