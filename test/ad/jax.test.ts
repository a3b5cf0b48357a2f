/** @file Every case of goldens/jax.json, answered by JAX itself, run eagerly and compiled: values, dtypes and shapes agree. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  array,
  jit,
  tree,
  type Array as Arr,
  type DType,
  type Value,
} from "../../src/ad/index.ts";
import {
  variants,
  type Golden,
  type Kind,
  type Variant,
} from "./jax.cases/families.ts";
import { goldens } from "./jax.cases/index.ts";

type Leaf = readonly [type: string, elements: readonly (number | string)[]];
/** Places of the operands under `in`, and JAX's results under each variant's name. */
type Answer = { readonly in: readonly number[] } & Record<
  Variant,
  readonly Leaf[]
>;

const { cases, operands } = JSON.parse(
  readFileSync(new URL("goldens/jax.json", import.meta.url), "utf8"),
) as { cases: Record<string, Answer>; operands: readonly Leaf[] };

const dtypes: Record<string, DType> = {
  f32: "float32",
  f64: "float64",
  i32: "int32",
  u32: "uint32",
  bool: "bool",
};
const short = Object.fromEntries(
  Object.entries(dtypes).map(([name, dtype]) => [dtype, name]),
);

function read([type, elements]: Leaf): Arr {
  const [name, sizes] = type.slice(0, -1).split("[");
  return array(elements.map(Number), {
    dtype: dtypes[name],
    shape: sizes === "" ? [] : sizes.split(",").map(Number),
  });
}

const showType = (x: Value) => `${short[x.dtype]}[${x.shape.join(",")}]`;

/** Relative error allowed, and the smallest normal number: compiled code takes smaller ones for 0. */
const precision: Record<string, readonly [number, number]> = {
  float32: [1e-5, 2 ** -126],
  float64: [1e-10, 2 ** -1022],
};

/** The first element that differs by more than the dtype allows, as a sentence. */
async function difference(
  got: readonly Value[],
  want: readonly Leaf[],
  exact: boolean,
): Promise<string | null> {
  const types = got.map(showType).join(" ");
  const expected = want.map(([type]) => type).join(" ");
  if (types !== expected) return `types ${types}, JAX has ${expected}`;
  for (const [k, x] of got.entries()) {
    const data = await x.data();
    const reference = read(want[k]).dataSync();
    const finite = [...reference].filter(Number.isFinite).map(Math.abs);
    // A function of one number is as exact as its result, a sum of many terms as the largest result.
    const floor = exact ? 0 : Math.max(0, ...finite);
    const [tolerance, least] = precision[x.dtype as string] ?? [0, 0];
    for (const [i, w] of reference.entries()) {
      const allowed = tolerance * Math.max(Math.abs(w), floor);
      const near =
        Object.is(data[i] + 0, w + 0) ||
        Math.abs(data[i] - w) <= Math.max(allowed, least);
      if (!near)
        return `result ${k} is ${[...data].join(" ")}, JAX has ${[...reference].join(" ")}`;
    }
  }
  return null;
}

const idsOf = ({ base, variants: names, kinds }: Golden): string[] =>
  names.flatMap((name) => kinds.map((kind) => `${base}.${name}.${kind}`));

test("every case is here and in JAX's answers, and there are many", () => {
  const ids = goldens.flatMap(idsOf).sort();
  const answered = Object.entries(cases).flatMap(([key, answer]) => {
    const at = key.lastIndexOf(".");
    return Object.keys(answer)
      .filter((name) => name !== "in")
      .map((name) => `${key.slice(0, at)}.${name}${key.slice(at)}`);
  });
  expect(ids).toEqual(answered.sort());
  expect(ids.length).toBeGreaterThan(3000);
});

const runs = goldens.flatMap((golden) =>
  golden.kinds.map((kind): [string, Golden, Kind] => [
    `${golden.base} ${golden.variants.join(" ")} ${kind}`,
    golden,
    kind,
  ]),
);

describe.each(["eager", "compiled"])("%s, JAX's answer is given by", (how) => {
  const chosen = how === "eager" ? runs : runs.filter(([, g]) => !g.eager);
  test.each(chosen)(
    "%s",
    async (_title, { base, f, exact, variants: names }, kind) => {
      const answer = cases[`${base}.${kind}`];
      const all = (...args: Value[]) =>
        names.map((name) => variants[name](f)(...args));
      const args = answer.in.map((i) => read(operands[i]));
      const compiled = how === "eager" ? null : jit(all, { threads: 1 });
      const results = (compiled ?? all)(...args);
      const wrong: string[] = [];
      for (const [i, name] of names.entries()) {
        const leaves = tree.leaves(results[i]) as Value[];
        const problem = await difference(leaves, answer[name], exact);
        if (problem !== null) wrong.push(`${name}: ${problem}`);
      }
      await compiled?.dispose();
      expect(wrong).toEqual([]);
    },
  );
});
