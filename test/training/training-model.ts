/** @file What the training tests share: small models, random proteins, runs to their end. */
import {
  array,
  numpy as np,
  tree,
  type Array as AdArray,
  type Value,
} from "../../src/ad/index.ts";
import {
  customModel,
  decode,
  initParams,
  mapParams,
  namedParams,
  type ModelConfig,
  type UniRepParams,
  type Weights,
} from "../../src/unirep/index.ts";
import type { FitEvent, FitResult } from "../../src/training/fit-events.ts";
import type { Carry, WindowArrays } from "../../src/training/objective.ts";
import { windowArrays, zeroCarry } from "../../src/training/window-arrays.ts";
import {
  Windows,
  type Window,
  type WindowOptions,
} from "../../src/training/windows.ts";
import { testWeights } from "../unirep/test-model.ts";

/** Untrained weights of a few units. */
export function smallWeights(units = 6, layers = 2, seed = 3): Weights {
  const config = customModel({ units, layers, embedding: 4 });
  return testWeights(config, initParams(config, { seed, style: "original" }));
}

/** A generator of whole numbers below `limit`, the same for every run (a linear congruence modulo 2^32). */
export function dice(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}

/** Residue tokens of random proteins of given lengths. */
export function proteins(lengths: readonly number[], seed = 1): Uint8Array[] {
  const roll = dice(seed);
  // Without U (12) and O (22): models warn of rare letters.
  const token = (k: number) => (k < 12 ? k : k + 1);
  return lengths.map((length) =>
    Uint8Array.from({ length }, () => token(1 + roll(20))),
  );
}

export const texts = (sequences: readonly Uint8Array[]): string[] =>
  sequences.map(decode);

/** Parameters as arrays of the reference backend in float64. */
export const float64Params = (params: UniRepParams): UniRepParams<Value> =>
  mapParams(
    params,
    ({ data, shape }) => array(data, { shape, dtype: "float64" }) as Value,
  );

export const asFloat64 = (x: Value): Value => np.astype(x, "float64");

/** All numbers of a tree of parameters, in order. */
export const numbers = (params: UniRepParams<Value | null>): number[] =>
  namedParams(params).flatMap(([, x]) =>
    x === null ? [] : Array.from((x as AdArray).dataSync()),
  );

export const hostNumbers = (params: UniRepParams): number[] =>
  namedParams(params).flatMap(([, { data }]) => Array.from(data));

export interface Ran {
  readonly events: FitEvent[];
  readonly result: FitResult;
}

/** Everything a run tells, and what it ends with. */
export async function runToEnd(
  run: AsyncGenerator<FitEvent, FitResult>,
): Promise<Ran> {
  const events: FitEvent[] = [];
  for (;;) {
    const next = await run.next();
    if (next.done) return { events, result: next.value };
    events.push(next.value);
  }
}

export const stepsOf = (events: readonly FitEvent[]) =>
  events.filter((event) => event.type === "step");

/** All of `sequences` as windows in order. */
export function allWindows(
  sequences: readonly Uint8Array[],
  options: WindowOptions,
): Window[] {
  const dealer = new Windows(sequences, options);
  const windows: Window[] = [];
  for (let w = dealer.take(); w; w = dealer.take()) windows.push(w);
  return windows;
}

/** Windows, one behind the other, with masks in float64, so that all that follows is float64. */
export function float64Windows(
  windows: readonly Window[],
  steps: number,
  lanes: number,
  stacked = true,
): WindowArrays {
  const arrays = windowArrays(windows, steps, lanes, stacked);
  return { ...arrays, mask: asFloat64(arrays.mask) };
}

export const float64Carry = (config: ModelConfig, lanes: number): Carry =>
  tree.map(asFloat64, zeroCarry(config, lanes)) as Carry;

/** Parameters like `shapes` from the numbers that `numbers` gives. */
export function fromNumbers(
  shapes: UniRepParams,
  values: readonly number[],
): UniRepParams<Value> {
  let at = 0;
  const leaves = new Map(
    namedParams(shapes).map(([name, { shape, data }]) => {
      const part = Float64Array.from(values.slice(at, (at += data.length)));
      return [name, array(part, { shape })];
    }),
  );
  return mapParams(shapes, (_, name) => leaves.get(name) as Value);
}
