/** @file Prints the seconds a fresh process needs from a function to a compiled gradient: 64 steps of the mLSTM cell. */
import {
  array,
  jit,
  numpy as np,
  scan,
  valueAndGrad,
  type Value,
} from "../../src/ad/index.ts";
import {
  mlstmCell,
  normalizeWeights,
  project,
} from "../../src/unirep/mlstm.ts";
import type { MlstmParams } from "../../src/unirep/params.ts";

const [units, inputs, steps] = [Number(process.argv[2]), 10, 64];
const small = (...shape: number[]): Value =>
  array(
    Float32Array.from(
      { length: shape.reduce((n, k) => n * k, 1) },
      (_, i) => Math.sin(i) / 10,
    ),
    { shape },
  );
const params: MlstmParams<Value> = {
  wx: small(inputs, 4 * units),
  wh: small(units, 4 * units),
  wmx: small(inputs, units),
  wmh: small(units, units),
  b: small(4 * units),
  gx: small(4 * units),
  gh: small(4 * units),
  gmx: small(units),
  gmh: small(units),
};
const xs = small(steps, inputs);

const loss = (p: MlstmParams<Value>, xs: Value): Value => {
  const w = normalizeWeights(p);
  const zero = np.zeros([units]);
  const [, hs] = scan(
    (state: { h: Value; c: Value }, x: Value) => {
      const next = mlstmCell(w, state, project(w, x));
      return [{ h: next.h, c: next.c }, next.h] as const;
    },
    { h: zero, c: zero },
    xs,
  );
  return np.mean(np.multiply(hs, hs));
};
const compiled = jit(valueAndGrad(loss));
const call = async (): Promise<number> => {
  const start = performance.now();
  const [value, grads] = compiled(params, xs);
  await Promise.all([value.data(), grads.wh.data()]);
  return performance.now() - start;
};
const first = await call();
// The first call also runs once; what a run takes is known from the next ones.
const later = Math.min(await call(), await call());
console.log(((first - later) / 1000).toFixed(4));
process.exit(0);
