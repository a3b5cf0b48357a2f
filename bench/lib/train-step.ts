/** @file One training step of an mLSTM language model: loss, gradient and AdamW, as a function to compile. */
import {
  array,
  numpy as np,
  optimizers,
  scan,
  valueAndGrad,
  vmap,
  type Array,
  type Value,
} from "../../src/ad/index.ts";
import {
  buildNetwork,
  nextTokenLogProbs,
  step,
} from "../../src/unirep/network.ts";
import { paramShapes, type UniRepParams } from "../../src/unirep/params.ts";
import type { MlstmState } from "../../src/unirep/mlstm.ts";

export interface TrainShape {
  readonly units: number;
  readonly lanes: number;
  readonly steps: number;
  /** Whether the gradient keeps the state of every so many steps only and computes the others again. */
  readonly checkpoint?: boolean;
}

type Params = UniRepParams<Value>;
const optimizer = optimizers.adamW(1e-3);

/** Mean cross-entropy of the next token over the positions that count. x, y (lanes, steps) int32, mask (lanes, steps) */
const loss =
  ({ units, checkpoint = false }: TrainShape) =>
  (params: Params, x: Value, y: Value, mask: Value): Value => {
    const network = buildNetwork(params);
    const lane = (x: Value, y: Value): Value => {
      const zero = np.zeros([units]);
      const [, logProbs] = scan(
        (states: MlstmState[], [token, target]: [Value, Value]) => {
          const next = step(network, states, token);
          const all = nextTokenLogProbs(network, next[0].h);
          return [next, np.take(all, target)] as [MlstmState[], Value];
        },
        [{ h: zero, c: zero }],
        [x, y] as [Value, Value],
        { checkpoint },
      );
      return logProbs;
    };
    const total = np.sum(np.multiply(vmap(lane)(x, y), mask));
    return np.negative(np.divide(total, np.sum(mask)));
  };

/** (step, state, x, y, mask) -> [loss, state after it] */
export const trainStep =
  (shape: TrainShape) =>
  (i: Value, state: never, x: Value, y: Value, mask: Value): unknown => {
    const params = optimizer.getParams<Params>(state);
    const [value, grads] = valueAndGrad(loss(shape))(params, x, y, mask);
    return [value, optimizer.update(i, grads, state)];
  };

/** Arguments of `trainStep`: fresh weights, random proteins. */
export function exampleArguments({
  units,
  lanes,
  steps,
}: TrainShape): unknown[] {
  const random = (shape: readonly number[]): Array => {
    const size = shape.reduce((n, k) => n * k, 1);
    // Gains are one, other vectors zero, and matrices as spread as their rows ask for.
    const scale = shape.length === 2 ? Math.sqrt(3 / shape[0]) : 0;
    const data = Float32Array.from(
      { length: size },
      () => (2 * Math.random() - 1) * scale,
    );
    return array(data, { shape });
  };
  const shapes = paramShapes({ units, layers: 1, embedding: 10 } as never);
  const isShape = (x: unknown): x is number[] =>
    globalThis.Array.isArray(x) && typeof x[0] === "number";
  const build = (node: unknown, name: string): unknown => {
    if (isShape(node))
      return name.startsWith("g")
        ? array(new Float32Array(node[0]).fill(1), { shape: node })
        : random(node);
    if (globalThis.Array.isArray(node))
      return node.map((child) => build(child, ""));
    return Object.fromEntries(
      Object.entries(node as object).map(([key, child]) => [
        key,
        build(child, key),
      ]),
    );
  };
  const tokens = (least: number, most: number) =>
    array(
      Int32Array.from(
        { length: lanes * steps },
        () => least + Math.floor(Math.random() * (most - least + 1)),
      ),
      { shape: [lanes, steps] },
    );
  const mask = array(new Float32Array(lanes * steps).fill(1), {
    shape: [lanes, steps],
  });
  const state = optimizer.init(build(shapes, "") as Params);
  return [array(0), state, tokens(1, 24), tokens(0, 24), mask];
}

/** Floating-point operations of the recurrent products: forward, and twice as many backward. */
export const recurrentFlops = ({ units, lanes, steps }: TrainShape): number =>
  3 * 2 * lanes * steps * 5 * units * units;
