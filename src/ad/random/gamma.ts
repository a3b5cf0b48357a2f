/** @file Gamma samples by Marsaglia and Tsang's rejection, each from a key of its own, and their derivative. */
import { customJvp } from "../control/custom.ts";
import { whileLoop } from "../control/while.ts";
import * as np from "../numpy/index.ts";
import { convert } from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import { reshape } from "../primitives/structural.ts";
import { gammainc, gammaln } from "../scipy/special/index.ts";
import { sizeOf, type Shape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { jvp } from "../transforms/jvp.ts";
import { vmap } from "../transforms/vmap.ts";
import type { ArrayLike } from "../value.ts";
import { asKey, split, splitKeys } from "./key.ts";
import { normal } from "./normal.ts";
import { exponential } from "./quantile.ts";
import {
  parameter,
  sampleDtype,
  sampleShape,
  type FloatOptions,
} from "./sample.ts";
import { uniform } from "./uniform.ts";

interface Proposal {
  readonly key: Value;
  /** The square of the normal draw. */
  readonly x: Value;
  readonly v: Value;
  readonly u: Value;
}

/** One sample, or its logarithm, for one key and one `a` (Marsaglia & Tsang, ACM TOMS 26, 2000). */
function gammaOne(key: Value, a: Value, inLogs: boolean): Value {
  const { dtype } = a;
  const number = (value: number) => fill(value, { shape: [], dtype });
  // Below 1 the sample of a + 1 is shrunk by u^(1/a).
  const isLarge = np.lessEqual(1, a);
  const d = np.subtract(np.where(isLarge, a, np.add(a, 1)), 1 / 3);
  const c = np.divide(1 / 3, np.sqrt(d));

  /** v = 1 + c x for normal x, drawn until it is positive. */
  const drawX = (key: Value) =>
    whileLoop(
      ({ v }) => np.lessEqual(v, 0),
      (state) => {
        const [next, own] = splitKeys(state.key);
        const x = normal(own, [], { dtype });
        return { key: next, x, v: np.add(1, np.multiply(x, c)) };
      },
      { key, x: number(0), v: number(-1) },
    );
  const isRejected = ({ x, v, u }: Proposal) => {
    const squeeze = np.subtract(1, np.multiply(0.0331, np.multiply(x, x)));
    const bound = np.multiply(d, np.add(np.subtract(1, v), np.log(v)));
    return np.logicalAnd(
      np.lessEqual(squeeze, u),
      np.lessEqual(np.add(np.multiply(x, 0.5), bound), np.log(u)),
    );
  };
  const [loopKey, boostKey] = splitKeys(key);
  const { v } = whileLoop<Proposal>(
    isRejected,
    (state) => {
      const [next, xKey, uKey] = splitKeys(state.key, 3);
      const { x, v } = drawX(xKey);
      return {
        key: next,
        x: np.multiply(x, x),
        v: np.multiply(np.multiply(v, v), v),
        u: uniform(uKey, [], { dtype }),
      };
    },
    // A proposal that is rejected whatever `a` is.
    { key: loopKey, x: number(0), v: number(1), u: number(2) },
  );
  const inverse = np.divide(1, a);
  if (inLogs) {
    const logU = np.negative(exponential(boostKey, [], { dtype }));
    const isPlain = np.logicalOr(isLarge, np.equal(logU, 0));
    const boost = np.where(isPlain, 0, np.multiply(logU, inverse));
    return np.add(np.add(np.log(d), np.log(v)), boost);
  }
  const u = np.subtract(1, uniform(boostKey, [], { dtype }));
  const boost = np.where(isLarge, 1, np.power(u, inverse));
  return np.multiply(np.multiply(d, v), boost);
}

function sample(key: Value, a: Value, inLogs: boolean): Value {
  const size = sizeOf(a.shape);
  const one = (key: Value, a: Value) => gammaOne(key, a, inLogs);
  return reshape(vmap(one)(split(key, size), reshape(a, [size])), a.shape);
}

/**
 * d sample / d a where the sample's quantile is held fixed: -(dP/da) / (dP/dx), P the regularised lower incomplete
 * gamma function (Figurnov et al., 2018). In float64, since both become small in the tails.
 */
function derivative(out: Value, a: Value, inLogs: boolean): Value {
  const wide = convert(a, "float64");
  const given = convert(out, "float64");
  // A logarithm's sample may be too small to be held; its derivative hardly differs from that of the smallest.
  const logX = inLogs ? np.maximum(given, -700) : np.log(given);
  const x = np.exp(logX);
  const [, dP] = jvp(
    (a: Value) => gammainc(a, x),
    [wide],
    [np.ones(a.shape, "float64")],
  );
  // x times the density, in logarithms.
  const logDensity = np.subtract(
    np.subtract(np.multiply(wide, logX), x),
    gammaln(wide),
  );
  const dLogX = np.negative(np.divide(dP, np.exp(logDensity)));
  return convert(inLogs ? dLogX : np.multiply(dLogX, x), a.dtype);
}

type Sampler = (key: Value, a: Value) => Value;

const sampler = (inLogs: boolean): Sampler =>
  customJvp(
    (key: Value, a: Value) => sample(key, a, inLogs),
    ([key, a], [, da]) => {
      const out = draw(inLogs)(key, a);
      return [out, np.multiply(derivative(out, a, inLogs), da)];
    },
  );
const samplers = { logs: sampler(true), plain: sampler(false) };
const draw = (inLogs: boolean): Sampler =>
  inLogs ? samplers.logs : samplers.plain;

function gammaLike(
  who: string,
  inLogs: boolean,
  key: Value,
  a: ArrayLike,
  shape: Shape | undefined,
  options: FloatOptions,
): Value {
  asKey(who, key);
  const dtype = sampleDtype(who, options, a);
  const full = sampleShape(who, shape, a);
  return draw(inLogs)(key, parameter(who, a, full, dtype));
}

/** Gamma samples of shape parameter `a` and scale 1 (jax.random.gamma), differentiable in `a`. */
export const gamma = (
  key: Value,
  a: ArrayLike,
  shape?: Shape,
  options: FloatOptions = {},
): Value => gammaLike("gamma", false, key, a, shape, options);

/** Logarithms of gamma samples, exact where a small `a` makes samples too small to hold (jax.random.loggamma). */
export const loggamma = (
  key: Value,
  a: ArrayLike,
  shape?: Shape,
  options: FloatOptions = {},
): Value => gammaLike("loggamma", true, key, a, shape, options);
