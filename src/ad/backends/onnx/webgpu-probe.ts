/** @file Whether ONNX Runtime's WebGPU provider works on this machine, tried in a process of its own. */
import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { isMainThread } from "node:worker_threads";
import type { Availability } from "../backend.ts";
import { oneNode } from "./one-node.ts";
import { runtime } from "./session.ts";

// Its only output is one JSON object; what the native code says of drivers goes to stderr.
const script = `
const [, runtime, model] = process.argv;
const ort = require(runtime);
const say = (answer) => console.log(JSON.stringify(answer));
const works = async () => {
  if (!ort.listSupportedBackends().some(({ name, bundled }) => name === "webgpu" && bundled))
    return say({ missing: true });
  const session = await ort.InferenceSession.create(Buffer.from(model, "base64"), {
    executionProviders: ["webgpu"], logSeverityLevel: 3,
  });
  const { y } = await session.run({ x: new ort.Tensor("float32", Float32Array.of(-4, 0, 2.5), [3]) });
  say({ y: [...y.data] });
};
works().catch(({ message }) => say({ error: message }));
`;

interface Answer {
  readonly missing?: boolean;
  readonly error?: string;
  readonly y?: readonly number[];
}

function answerIn(stdout: string): Answer {
  try {
    return JSON.parse(stdout) as Answer;
  } catch {
    return {}; // It ended before it could say anything.
  }
}

const firstLine = (text: string): string =>
  (text.split("\n").find((line) => line.trim()) ?? "").trim();

/** How the child process went. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** A signal, or an exit code. */
  readonly end: string;
}

/** Why WebGPU does not work, from a child process that tried it; null if it does. */
export function whyNot({ stdout, stderr, end }: Outcome): string | null {
  const { missing, y, error = "" } = answerIn(stdout);
  if (missing)
    return `onnxruntime-node has no WebGPU provider for ${process.platform} ${process.arch}`;
  if (y?.join() === "4,0,2.5") return null;
  if (y)
    return `the device computes the absolutes of -4, 0, 2.5 as ${y.join(", ")}`;
  const said = firstLine(stderr).replace(/^Warning: /, "");
  if (said.includes("libvulkan"))
    return "no Vulkan loader: libvulkan.so.1 is not on the library path";
  const refused = /Failed to get a WebGPU adapter: (.*)/.exec(error);
  if (refused)
    return `no WebGPU adapter: ${refused[1].trim()}${said && ` (${said})`}`;
  return `a process that tried it ${error ? `failed: ${firstLine(error)}` : `ended with ${end}${said && `: ${said}`}`}`;
}

async function probe(): Promise<Availability> {
  // Two threads of a process that run WebGPU sessions crash it, and a thread cannot see what another one runs.
  if (!isMainThread)
    return {
      available: false,
      detail: "it works on the main thread only, and this is a worker thread",
    };
  const { env } = await runtime();
  const path = createRequire(import.meta.url).resolve("onnxruntime-node");
  const model = Buffer.from(oneNode("Abs", "float32")).toString("base64");
  const why = await new Promise<string | null>((resolve) => {
    execFile(
      process.execPath,
      ["-e", script, path, model],
      { timeout: 60_000, windowsHide: true },
      (failed, stdout, stderr) => {
        const end = failed?.signal ?? `exit code ${failed?.code ?? 0}`;
        resolve(whyNot({ stdout, stderr, end }));
      },
    );
  });
  return {
    available: why === null,
    detail: why ?? `ONNX Runtime ${env.versions.node ?? ""} on WebGPU`,
  };
}

let asked: Promise<Availability> | null = null;

/** Asked once a process: a driver that crashes takes down a child, not the caller. */
export const checkWebgpu = (): Promise<Availability> => (asked ??= probe());
