/** @file A function compiled for cpu with some passes switched off, and timed without the cost of its first call. */
import { makeJaxpr, tree, type Array } from "../../src/ad/index.ts";
import { onnxCpu } from "../../src/ad/backends/onnx/index.ts";
import { lowerJaxpr } from "../../src/ad/lowering/lower.ts";
import { optimize, type PassName } from "../../src/ad/passes/index.ts";

export interface Timed {
  /** Seconds of one call. */
  run(): Promise<number>;
  readonly compileSeconds: number;
  dispose(): Promise<void>;
}

const seconds = (since: number) => (performance.now() - since) / 1000;

export async function compileWithout(
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
  without: readonly PassName[],
  threads: number,
): Promise<Timed> {
  const start = performance.now();
  const closed = makeJaxpr(f)(...(args as never[]));
  const { jaxpr, consts } = optimize(closed, without);
  const executable = await onnxCpu.compile(
    lowerJaxpr(jaxpr, consts as readonly Array[]),
    { symbols: new Map(), threads, workers: 0, precision: "float32" },
  );
  const inputs = (tree.flatten(args)[0] as Array[]).map((x) => x.dataSync());
  return {
    compileSeconds: seconds(start),
    async run() {
      const begin = performance.now();
      await executable.run(inputs, new Map());
      return seconds(begin);
    },
    dispose: () => Promise.resolve(executable.dispose()),
  };
}
