/** @file Binomial and multinomial samples: waiting times for small means, Hörmann's rejection for large ones. */
import { array } from "../array.ts";
import { scan } from "../control/scan.ts";
import { whileLoop } from "../control/while.ts";
import * as np from "../numpy/index.ts";
import { all, any } from "../numpy/reduce.ts";
import { cumsum } from "../primitives/cumulative.ts";
import { convert } from "../primitives/elementwise.ts";
import { fill } from "../primitives/fill.ts";
import { gather } from "../primitives/gather.ts";
import { moveAxis } from "../primitives/structural.ts";
import type { Shape } from "../shape.ts";
import type { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";
import { asKey, split, splitKeys } from "./key.ts";
import {
  parameter,
  sampleDtype,
  sampleShape,
  type FloatOptions,
} from "./sample.ts";
import { uniform } from "./uniform.ts";

/** How many geometric waiting times fit into `n` trials. */
function byWaiting(key: Value, n: Value, p: Value): Value {
  const { shape, dtype } = p;
  const logMiss = np.log1p(np.negative(p));
  // Without a chance the wait is endless, whatever sign log1p(-0) has.
  const wait = (u: Value) => np.abs(np.divide(np.log(u), logMiss));
  const fits = (total: Value) => np.lessEqual(total, n);
  const { waits } = whileLoop(
    ({ total }) => any(fits(total)),
    ({ key, waits, total }) => {
      const [own, next] = splitKeys(key);
      const u = uniform(own, shape, { dtype });
      return {
        key: next,
        waits: np.add(waits, convert(fits(total), dtype)),
        total: np.add(total, np.ceil(wait(u))),
      };
    },
    { key, waits: np.zeros(shape, dtype), total: np.zeros(shape, dtype) },
  );
  return np.subtract(waits, 1);
}

const logFactorial = (k: number): number =>
  k < 2 ? 0 : Math.log(k) + logFactorial(k - 1);
const firstTails = Array.from(
  { length: 10 },
  (_, k) =>
    logFactorial(k) +
    (k + 1) -
    (k + 0.5) * Math.log(k + 1) -
    Math.log(2 * Math.PI) / 2,
);

/** What Stirling's formula (k + 1/2) log(k + 1) - (k + 1) + log(2 pi) / 2 leaves of log k!. */
function stirlingTail(k: Value): Value {
  const table = array(firstTails, { dtype: k.dtype });
  const index = convert(np.clip(k, 0, 9), "int32");
  const inverse = np.divide(1, np.add(np.maximum(k, 9), 1));
  const square = np.multiply(inverse, inverse);
  const series = np.subtract(
    1 / 12,
    np.multiply(square, np.subtract(1 / 360, np.divide(square, 1260))),
  );
  return np.where(
    np.lessEqual(k, 9),
    gather(table, index),
    np.multiply(series, inverse),
  );
}

/** Transformed rejection, BTRS (Hörmann, J. Stat. Comput. Simul. 46, 1993). */
function byRejection(key: Value, n: Value, p: Value): Value {
  const { shape, dtype } = p;
  const q = np.subtract(1, p);
  const mean = np.multiply(n, p);
  const deviation = np.sqrt(np.multiply(mean, q));
  const b = np.add(1.15, np.multiply(2.53, deviation));
  const a = np.add(
    np.add(-0.0873, np.multiply(0.0248, b)),
    np.multiply(0.01, p),
  );
  const vAccepted = np.subtract(0.92, np.divide(4.2, b));
  const alpha = np.multiply(np.add(2.83, np.divide(5.1, b)), deviation);
  const mode = np.floor(np.multiply(np.add(n, 1), p));
  const odds = np.divide(p, q);
  const missesAtMode = np.add(np.subtract(n, mode), 1);
  const tails = (k: Value) =>
    np.add(stirlingTail(k), stirlingTail(np.subtract(n, k)));
  const logAtMode = np.add(
    tails(mode),
    np.multiply(
      np.add(mode, 0.5),
      np.log(np.divide(np.add(mode, 1), np.multiply(odds, missesAtMode))),
    ),
  );
  /** log P(k) - log P(mode), where logarithms of factorials would lose their digits to one another. */
  const logMass = (k: Value) => {
    const misses = np.add(np.subtract(n, k), 1);
    const ratio = np.divide(np.multiply(odds, misses), np.add(k, 1));
    const terms = [
      np.multiply(np.add(n, 1), np.log(np.divide(missesAtMode, misses))),
      np.multiply(np.add(k, 0.5), np.log(ratio)),
      np.negative(tails(k)),
    ];
    return terms.reduce((total, term) => np.add(total, term), logAtMode);
  };
  const propose = (uKey: Value, vKey: Value) => {
    const u = np.subtract(uniform(uKey, shape, { dtype }), 0.5);
    const v = uniform(vKey, shape, { dtype });
    const us = np.subtract(0.5, np.abs(u));
    const slope = np.add(np.divide(np.multiply(2, a), us), b);
    const k = np.floor(np.add(np.add(np.multiply(slope, u), mean), 0.5));
    const hat = np.add(np.divide(a, np.multiply(us, us)), b);
    const s = np.log(np.divide(np.multiply(v, alpha), hat));
    const isInside = np.logicalAnd(
      np.greaterEqual(us, 0.07),
      np.lessEqual(v, vAccepted),
    );
    const isOutside = np.logicalOr(np.less(k, 0), np.less(n, k));
    const isBelow = np.logicalAnd(
      np.logicalNot(isOutside),
      np.lessEqual(s, logMass(k)),
    );
    return { k, isAccepted: np.logicalOr(isInside, isBelow) };
  };
  const { count } = whileLoop(
    ({ done }) => np.logicalNot(all(done)),
    ({ key, count, done }) => {
      const [next, uKey, vKey] = splitKeys(key, 3);
      const { k, isAccepted } = propose(uKey, vKey);
      // As in JAX, a later acceptance replaces an earlier one for as long as others still run.
      return {
        key: next,
        count: np.where(isAccepted, k, count),
        done: np.logicalOr(done, isAccepted),
      };
    },
    {
      key,
      count: np.full(shape, -1, dtype),
      done: fill(0, { shape, dtype: "bool" }),
    },
  );
  return count;
}

/** Successes in `n` trials of probability `p`, as floats; NaN where `n` or `p` makes no sense (jax.random.binomial). */
export function binomial(
  key: Value,
  n: ArrayLike,
  p: ArrayLike,
  shape?: Shape,
  options: FloatOptions = {},
): Value {
  asKey("binomial", key);
  const dtype = sampleDtype("binomial", options, n, p);
  const full = sampleShape("binomial", shape, n, p);
  const float = sampleDtype("binomial", {}, p);
  const chance = parameter("binomial", p, full, float);
  const given = parameter("binomial", n, full, float);
  const isRare = np.less(chance, 0.5);
  const rarer = np.where(isRare, chance, np.subtract(1, chance));
  const noChance = np.logicalNot(np.greaterEqual(rarer, 0));
  const noCount = np.logicalNot(np.greaterEqual(given, 0));
  const invalid = np.logicalOr(noChance, noCount);
  const q = np.where(noChance, 0.01, rarer);
  const isSmall = np.logicalOr(
    noCount,
    np.lessEqual(np.multiply(given, q), 10),
  );
  const count = np.floor(given);
  const few = byWaiting(key, np.where(isSmall, count, 0), q);
  const isOther = np.logicalOr(isSmall, np.isinf(given));
  const many = byRejection(
    key,
    np.where(isOther, 1e4, count),
    np.where(isOther, 0.5, q),
  );
  const hits = np.where(isSmall, few, many);
  const successes = np.where(isRare, hits, np.subtract(count, hits));
  const endless = np.where(np.isinf(given), Infinity, successes);
  return convert(np.where(invalid, NaN, endless), dtype);
}

/** Counts (..., k) of `n` draws (...) from k classes of probabilities `p` (..., k), as floats (jax.random.multinomial). */
export function multinomial(
  key: Value,
  n: ArrayLike,
  p: Value,
  shape: Shape = p.shape,
  options: FloatOptions = {},
): Value {
  asKey("multinomial", key);
  const dtype = sampleDtype("multinomial", options, n, p);
  const float = sampleDtype("multinomial", {}, n, p);
  const last = shape.length - 1;
  const classes = moveAxis(parameter("multinomial", p, shape, float), last, 0);
  const trials = parameter("multinomial", n, shape.slice(0, last), float);
  // Of what the classes before it left, a class takes its share of the probability that is left.
  const left = cumsum(classes, 0, true);
  const shares = np.divide(classes, np.where(np.equal(left, 0), 1, left));
  const [, counts] = scan(
    (remaining: Value, [share, own]: readonly [Value, Value]) => {
      const taken = binomial(own, remaining, np.clip(share, 0, 1), undefined, {
        dtype: float,
      });
      return [np.subtract(remaining, taken), taken] as const;
    },
    trials,
    [shares, split(key, shape[last])] as const,
  );
  return convert(moveAxis(counts, 0, last), dtype);
}
