/** @file The tree-structured Parzen estimator: which setting to try next (Bergstra et al., NeurIPS 2011). */
import { uniforms } from "./draws.ts";
import {
  cellOf,
  intervalDensity,
  listDensity,
  quantile,
  type Density,
} from "./parzen.ts";
import {
  fromUnit,
  isList,
  toUnit,
  type Choice,
  type Dimension,
  type Setting,
  type Space,
} from "./space.ts";

/** Trials drawn at random before anything is inferred from them. */
export const startupTrials = 8;
/** The best share of what was tried counts as good. */
const goodShare = 0.15;
/** Draws from the density of the good, of which the most promising one is taken. */
const candidates = 24;

/**
 * The setting of trial number `trial`, given the settings already tried, best first. Every dimension by itself: l is the
 * density of the good ones, g that of the others, and the draw from l with the largest l / g has the largest expected
 * improvement. Equal arguments give equal settings.
 */
export function propose(
  space: Space,
  triedBestFirst: readonly Setting[],
  { seed, trial }: { readonly seed: number; readonly trial: number },
): Setting {
  const names = Object.keys(space).sort();
  const draws = uniforms(seed, firstStream + trial, names.length * candidates);
  const good = Math.ceil(goodShare * triedBestFirst.length);
  const choose = (name: string, k: number): Choice => {
    const dimension = space[name];
    const own = draws.subarray(k * candidates, (k + 1) * candidates);
    if (triedBestFirst.length < startupTrials) return place(dimension, own[0]);
    const values = triedBestFirst.map((setting) => setting[name]);
    const l = density(dimension, values.slice(0, good));
    const g = density(dimension, values.slice(good));
    const places = Array.from(own, (u) => quantile(l, u));
    const gain = (unit: number): number => {
      const cell = isList(dimension) ? Math.floor(unit * l.length) : cellOf(unit); // prettier-ignore
      return l[cell] / g[cell];
    };
    return place(dimension, places.reduce((a, b) => (gain(b) > gain(a) ? b : a))); // prettier-ignore
  };
  return Object.fromEntries(names.map((name, k) => [name, choose(name, k)]));
}

// Beside the orders of the epochs, which are drawn from the same seed.
const firstStream = 2 ** 33;

/** The value at a place in [0, 1) of a dimension. */
const place = (dimension: Dimension, unit: number): Choice =>
  isList(dimension)
    ? dimension[Math.floor(unit * dimension.length)]
    : fromUnit(dimension, unit);

function density(dimension: Dimension, values: readonly Choice[]): Density {
  if (!isList(dimension))
    return intervalDensity(values.map((x) => toUnit(dimension, x as number)));
  const texts = dimension.map((choice) => JSON.stringify(choice));
  return listDensity(
    values.map((x) => texts.indexOf(JSON.stringify(x))),
    dimension.length,
  );
}
