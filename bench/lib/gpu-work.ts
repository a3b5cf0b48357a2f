/** @file The two programs that a device is measured by, the mLSTM's states and its training step, with what they ask of it. */
import {
  jit,
  makeJaxpr,
  numpy as np,
  optimizers,
  scan,
  tree,
  vmap,
  type Array,
  type Device,
  type Value,
} from "../../src/ad/index.ts";
import type { Expr } from "../../src/ad/lowering/expr.ts";
import type { Program } from "../../src/ad/lowering/kernel.ts";
import { lowerJaxpr } from "../../src/ad/lowering/lower.ts";
import { optimize } from "../../src/ad/passes/index.ts";
import type { MlstmState } from "../../src/unirep/mlstm.ts";
import { buildNetwork, step, type Network } from "../../src/unirep/network.ts";
import type { Work } from "./gpu-bounds.ts";
import { best } from "./gpu-limits.ts";
import {
  exampleArguments,
  recurrentFlops,
  trainStep,
  type TrainShape,
} from "./train-step.ts";

export interface Measured {
  readonly seconds: number;
  readonly work: Work;
}

const operations = (expr: Expr): number =>
  "args" in expr ? expr.args.reduce((n, arg) => n + operations(arg), 1) : 0;

/** Kernels of a program, a loop's as often as it runs; before ONNX Runtime fuses any of them. */
export const kernelsOf = ({ kernels }: Program): number =>
  kernels.reduce((total, kernel) => {
    if (kernel.kind === "loop")
      return total + kernel.length * kernelsOf(kernel.body);
    return total + (kernel.kind === "map" ? operations(kernel.expr) : 1);
  }, 0);

function countKernels(
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
): number {
  const { jaxpr, consts } = optimize(makeJaxpr(f)(...(args as never[])));
  return kernelsOf(lowerJaxpr(jaxpr, consts as readonly Array[]));
}

const leaves = (value: unknown): Array[] => tree.flatten(value)[0] as Array[];

/** Bytes of those arrays that are on the host when they are wanted on `device`. */
async function hostBytes(device: Device, value: unknown): Promise<number> {
  let total = 0;
  for (const x of leaves(value)) {
    const stored = await x.on(device);
    if (ArrayBuffer.isView(stored)) total += stored.byteLength;
  }
  return total;
}

async function finished(device: Device, value: unknown): Promise<void> {
  for (const x of leaves(value)) await x.on(device);
}

/** What the mean of the top states is computed from, and how. */
export interface Representation {
  readonly represent: (tokens: Value) => Value;
  readonly tokens: Array;
}

/** The top states of every step, averaged: weights are constants, tokens (lanes, steps) go in, (lanes, units) come out. */
export async function representation(
  shape: TrainShape,
): Promise<Representation> {
  const { units, steps } = shape;
  const [, state, tokens] = exampleArguments(shape);
  const build = jit(buildNetwork);
  const network = build(
    optimizers.adamW(1e-3).getParams(state as never),
  ) as Network<Array>;
  await finished("cpu", network);
  await build.dispose();
  const lane = (tokens: Value): Value => {
    const zero = np.zeros([units]);
    const [[, sum]] = scan(
      ([states, sum]: [MlstmState[], Value], token: Value) => {
        const next = step(network, states, token);
        return [[next, np.add(sum, next[0].h)], null] as [
          [MlstmState[], Value],
          null,
        ];
      },
      [[{ h: zero, c: zero }], zero] as [MlstmState[], Value],
      tokens,
    );
    return np.divide(sum, steps);
  };
  return {
    represent: (tokens) => vmap(lane)(tokens),
    tokens: tokens as Array,
  };
}

export async function measureRepresentation(
  device: Device,
  shape: TrainShape,
  repeats: number,
): Promise<Measured> {
  const { units, lanes, steps } = shape;
  const { represent, tokens } = await representation(shape);
  const compiled = jit(represent, { device });
  const run = () => (compiled(tokens) as Array).data();
  const seconds = await best(run, repeats);
  await compiled.dispose();
  return {
    seconds,
    work: {
      flops: recurrentFlops(shape) / 3,
      weightBytes: 4 * 5 * units * units * steps,
      kernels: countKernels(represent, [tokens]),
      uploadBytes: await hostBytes(device, tokens),
      downloadBytes: 4 * lanes * units,
    },
  };
}

/** Loss, gradient and AdamW; the state goes from step to step, on the device where it keeps arrays. */
export async function measureTrainStep(
  device: Device,
  shape: TrainShape,
  repeats: number,
): Promise<Measured> {
  const { units, steps } = shape;
  const f = trainStep(shape) as (...args: unknown[]) => unknown;
  const args = exampleArguments(shape);
  const kernels = countKernels(f, args);
  const [i, first, ...batch] = args;
  const compiled = jit(f, { device, donateArgnums: [1] });
  let state = first;
  const run = async () => {
    const [loss, next] = compiled(i, state, ...batch) as [Array, unknown];
    state = next;
    await loss.data();
    await finished(device, next);
  };
  const seconds = await best(run, repeats);
  const moved = await hostBytes(device, state);
  await compiled.dispose();
  return {
    seconds,
    work: {
      flops: recurrentFlops(shape),
      // Forward and backward each read them once a step; their gradients are one product after the loop.
      weightBytes: 2 * 4 * 5 * units * units * steps,
      kernels,
      uploadBytes: moved + (await hostBytes(device, [i, batch])),
      downloadBytes: moved + 4,
    },
  };
}
