/** @file The multiplicative LSTM on one page: one cell, for one sequence; lanes come from vmap, time from scan. */
import { numpy as np, type DType, type Value } from "../ad/index.ts";
import type { MlstmParams } from "./params.ts";

/** A layer ready to run: weights normalised, gains gone. d inputs, n units. */
export interface MlstmWeights<T = Value> {
  readonly wx: T; // (d, 4n)
  readonly wh: T; // (n, 4n)
  readonly wmx: T; // (d, n)
  readonly wmh: T; // (n, n)
  readonly b: T; // (4n)
}

export interface MlstmState<T = Value> {
  readonly h: T; // (n)
  readonly c: T; // (n)
}

/** What one input adds to the intermediate state and to the gates; it does not depend on the state. */
export interface Projection<T = Value> {
  readonly m: T; // (n)
  readonly z: T; // (4n)
}

/** Each column of w at unit length, times its gain; the squared length counts as at least 1e-12 (TensorFlow's l2_normalize). */
function weightNorm(w: Value, g: Value): Value {
  const squared = np.sum(np.multiply(w, w), { axis: 0, keepdims: true }); // (1, columns)
  return np.multiply(np.divide(w, np.sqrt(np.maximum(squared, 1e-12))), g);
}

/** Weight normalisation, done once: weights do not change while sequences run. */
export const normalizeWeights = (p: MlstmParams<Value>): MlstmWeights => ({
  wx: weightNorm(p.wx, p.gx),
  wh: weightNorm(p.wh, p.gh),
  wmx: weightNorm(p.wmx, p.gmx),
  wmh: weightNorm(p.wmh, p.gmh),
  b: p.b,
});

/** The input's part of a step: x (d). */
export const project = (
  w: Pick<MlstmWeights, "wx" | "wmx" | "b">,
  x: Value,
): Projection => ({
  m: np.matmul(x, w.wmx), // (d) @ (d, n) -> (n)
  z: np.add(np.matmul(x, w.wx), w.b), // (d) @ (d, 4n) -> (4n)
});

/** One step (Krause et al. 2016; gate order i, f, o, u as in churchlab/UniRep). */
export function mlstmCell(
  w: Pick<MlstmWeights, "wh" | "wmh">,
  { h, c }: MlstmState,
  x: Projection,
): MlstmState {
  const m = np.multiply(x.m, np.matmul(h, w.wmh)); // (n)
  const z = np.add(x.z, np.matmul(m, w.wh)); // (4n)
  const [i, f, o, u] = np.split(z, 4); // (n) each
  const cell = np.add(
    np.multiply(np.sigmoid(f), c),
    np.multiply(np.sigmoid(i), np.tanh(u)),
  );
  return { h: np.multiply(np.sigmoid(o), np.tanh(cell)), c: cell };
}

/** The state every sequence begins with, for any number of lanes. */
export const initialState = (
  shape: readonly number[],
  dtype: DType,
): MlstmState => ({
  h: np.zeros(shape, dtype),
  c: np.zeros(shape, dtype),
});
