/** @file A program as a session of ONNX Runtime, on whichever of its providers. */
import type {
  Env,
  InferenceSession,
  Tensor,
  TensorConstructor,
} from "onnxruntime-common";
import type { TypedArray } from "../../dtype.ts";
import type { Program } from "../../lowering/kernel.ts";
import type { Shape } from "../../shape.ts";
import type { CompileOptions, Device } from "../backend.ts";
import { bareEdges } from "./bare-edges.ts";
import { emitProgram } from "./emit.ts";
import { encodeModel, type ElementType } from "./proto.ts";

export interface Runtime {
  readonly env: Env;
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: TensorConstructor;
}

/** Loaded on first use: importing the library must not cost the native runtime's start. */
export const runtime = (): Promise<Runtime> => import("onnxruntime-node");

type Sizes = ReadonlyMap<string, number>;

/** One input or result of a session. */
export interface Port {
  readonly name: string;
  readonly element: ElementType;
  /** Its shape in a call whose symbols have these sizes. */
  shape(sizes: Sizes): Shape;
  /** `data` as the tensor of this port. */
  tensor(data: TypedArray, sizes: Sizes): Tensor;
}

/** A program as ONNX Runtime takes it: a session can be made of it on any thread. */
export interface Encoded {
  readonly model: Uint8Array;
  readonly options: InferenceSession.SessionOptions;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

export interface Session extends Pick<Encoded, "inputs" | "outputs"> {
  readonly session: InferenceSession;
}

/** `program` encoded; `provider` adds to or replaces the options every provider gets. */
export async function encodeSession(
  program: Program,
  options: CompileOptions,
  provider: InferenceSession.SessionOptions,
  device: Device = "cpu",
): Promise<Encoded> {
  await Promise.all(program.constants.map(({ value }) => value.data()));
  const ort = await runtime();
  // On a GPU a result is an operand of other programs as it is.
  const bare = device === "cpu" ? bareEdges(program, options.symbols) : program;
  const graph = emitProgram(bare, options, device);
  const ports = (list: typeof graph.inputs): Port[] =>
    list.map(({ name, type }) => {
      const shape = (sizes: Sizes) =>
        type.shape.map((n) =>
          typeof n === "string" ? (sizes.get(n) as number) : n,
        );
      return {
        name,
        element: type.element,
        shape,
        tensor: (data, sizes) =>
          new ort.Tensor(
            type.element as "float32",
            data as Float32Array,
            shape(sizes),
          ),
      };
    });
  return {
    model: encodeModel(graph),
    options: {
      intraOpNumThreads: options.threads,
      logSeverityLevel: 3,
      externalData: graph.initializers.flatMap(({ external, name, data }) =>
        external ? [{ path: name, data }] : [],
      ),
      ...provider,
    },
    inputs: ports(graph.inputs),
    outputs: ports(graph.outputs),
  };
}

/** The session of `program` on the calling thread, of the options of `encodeSession`. */
export async function createSession(
  ...given: Parameters<typeof encodeSession>
): Promise<Session> {
  const { model, options, inputs, outputs } = await encodeSession(...given);
  const { InferenceSession } = await runtime();
  const session = await InferenceSession.create(model, options);
  return { session, inputs, outputs };
}
