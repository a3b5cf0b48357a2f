/** @file Targets as they are given, checked: numbers are values, strings are the labels of classes. */
import { standardization } from "./matrix.ts";
import type { Labels, Targets, TopModelParams } from "./types.ts";

/** RangeError or TypeError naming `who` and the first target that does not fit. */
export function readTargets(who: string, y: Labels, samples: number): Targets {
  if (y.length !== samples)
    throw new RangeError(
      `${who}: expected one target a sample, ${samples}, got ${y.length}`,
    );
  if (samples < 2)
    throw new RangeError(`${who}: expected at least 2 samples, got ${samples}`);
  const types = new Set(
    Array.from(y as ArrayLike<unknown>, (value) => typeof value),
  );
  if (types.size > 1 || !(types.has("number") || types.has("string")))
    throw new TypeError(
      `${who}: expected targets that are all numbers or all labels, got ${[...types].join(" and ")}`,
    );
  return types.has("number")
    ? { type: "values", values: values(who, y as readonly number[]) }
    : classes(who, y as readonly string[]);
}

function values(who: string, y: readonly number[]): Float64Array {
  const out = Float64Array.from(y);
  const bad = out.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw new RangeError(
      `${who}: expected finite targets, got ${out[bad]} for sample ${bad + 1}`,
    );
  return out;
}

function classes(who: string, y: readonly string[]): Targets {
  const distinct = [...new Set(y)].sort();
  if (distinct.length < 2)
    throw new RangeError(
      `${who}: expected labels of at least 2 classes, got only ${JSON.stringify(distinct[0])}`,
    );
  const place = new Map(distinct.map((name, i) => [name, i]));
  return {
    type: "classes",
    classes: distinct,
    labels: Int32Array.from(y, (name) => place.get(name) as number),
  };
}

/** Targets of the samples numbered `indices`. */
export const pickTargets = (targets: Targets, indices: Int32Array): Targets =>
  targets.type === "values"
    ? {
        type: "values",
        values: Float64Array.from(indices, (i) => targets.values[i]),
      }
    : { ...targets, labels: indices.map((i) => targets.labels[i]) };

type Layers = TopModelParams["layers"];

/** Targets with mean 0 and variance 1, and what they are in their own units: unit * scale + mean. */
export interface UnitTargets {
  readonly targets: Targets;
  readonly mean: number;
  readonly scale: number;
}

/** Values brought to mean 0 and variance 1; classes as they are. */
export function unitTargets(targets: Targets): UnitTargets {
  if (targets.type === "classes") return { targets, mean: 0, scale: 1 };
  const { values } = targets;
  const { mean: [mean], scale: [scale] } = standardization({ rows: values.length, columns: 1, data: values }); // prettier-ignore
  return {
    targets: { type: "values", values: values.map((y) => (y - mean) / scale) },
    mean,
    scale,
  };
}

/** The layers with the last one's results times `factor`, plus `shift`. */
const rescaled = (layers: Layers, factor: number, shift: number): Layers =>
  layers.map(({ w, b }, i) =>
    i + 1 < layers.length
      ? { w, b }
      : {
          w: { ...w, data: w.data.map((x) => x * factor) },
          b: { ...b, data: b.data.map((x) => x * factor + shift) },
        },
  );

/** Layers that give unit targets to layers that give targets in their own units, and the other way. */
export const toOwnUnits = (layers: Layers, { mean, scale }: UnitTargets) =>
  rescaled(layers, scale, mean);
export const toUnits = (layers: Layers, { mean, scale }: UnitTargets) =>
  rescaled(layers, 1 / scale, -mean / scale);
