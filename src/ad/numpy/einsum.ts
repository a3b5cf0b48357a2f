/** @file `einsum`: sums of products of any number of operands, contracted two at a time. */
import { dot } from "../primitives/dot.ts";
import { reshape, sum, transpose } from "../primitives/structural.ts";
import { showShape, sizeOf } from "../shape.ts";
import type { Value } from "../tracer.ts";
import type { ArrayLike } from "../value.ts";
import { diagonal } from "./grids.ts";
import { promoteDtypes } from "./promote.ts";

/** An operand whose axes have names, each name once. */
interface Term {
  readonly value: Value;
  readonly names: readonly string[];
}

/**
 * Sums of products over the axes whose letters are not in the result: `"ij,jk->ik"`, or without arrow the letters that
 * occur once, in alphabetical order. A letter repeated in one operand is its diagonal, `...` stands for any axes, which
 * broadcast. The pair whose product is smallest is contracted first (jax.numpy.einsum).
 */
export function einsum(
  subscripts: string,
  ...operands: readonly ArrayLike[]
): Value {
  const values = promoteDtypes("einsum", operands);
  const { inputs, output } = parse(subscripts, values);
  const sizes = sizesOf(subscripts, values, inputs);
  for (const name of output)
    if (!sizes.has(name))
      throw new TypeError(
        `einsum: the result's ${name} is in no operand of "${subscripts}"`,
      );
  let terms = values.map((value, i) =>
    stretched(onDiagonals({ value, names: inputs[i] }), sizes),
  );
  const needed = (rest: readonly Term[]) =>
    new Set([...output, ...rest.flatMap((term) => term.names)]);
  terms = terms.map((term, i) => summed(term, needed(without(terms, i))));
  while (terms.length > 1) {
    const [i, j] = cheapest(terms, output, sizes);
    const rest = without(terms, i, j);
    terms = [...rest, contracted(terms[i], terms[j], needed(rest))];
  }
  return arranged(summed(terms[0], new Set(output)), output, sizes);
}

const without = (terms: readonly Term[], ...gone: number[]): Term[] =>
  terms.filter((_, i) => !gone.includes(i));

/** The names of every operand's axes and of the result's; axes under an ellipsis are named by their place from the end. */
function parse(subscripts: string, values: readonly Value[]) {
  const [left, right] = subscripts.replaceAll(" ", "").split("->");
  const words = left.split(",");
  if (words.length !== values.length)
    throw new TypeError(
      `einsum: expected ${words.length} operands for "${subscripts}", got ${values.length}`,
    );
  let hidden = 0;
  const inputs = words.map((word, i) => {
    const [before, after] = word.split("...");
    const letters = before.length + (after?.length ?? 0);
    const count = after === undefined ? 0 : values[i].ndim - letters;
    if (
      !/^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/.test(word) ||
      letters + count !== values[i].ndim ||
      count < 0
    )
      // prettier-ignore
      throw new TypeError(
        `einsum: "${word}" of "${subscripts}" does not name the axes of ${showShape(values[i].shape)}`,
      );
    hidden = Math.max(hidden, count);
    return [...before, ...ellipsis(count), ...(after ?? "")];
  });
  if (right !== undefined) {
    const [before, after] = right.split("...");
    const output = after === undefined ? [...before] : [...before, ...ellipsis(hidden), ...after]; // prettier-ignore
    if (new Set(output).size !== output.length)
      throw new TypeError(
        `einsum: expected each letter of the result once, got "${right}"`,
      );
    return { inputs, output };
  }
  const all = inputs.flat().filter((name) => name.length === 1);
  const once = all.filter((c) => all.indexOf(c) === all.lastIndexOf(c)).sort();
  return { inputs, output: [...ellipsis(hidden), ...once] };
}

const ellipsis = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `...${count - i}`);

function sizesOf(
  subscripts: string,
  values: readonly Value[],
  inputs: readonly (readonly string[])[],
): Map<string, number> {
  const sizes = new Map<string, number>();
  inputs.forEach((names, i) =>
    names.forEach((name, axis) => {
      const n = values[i].shape[axis];
      const known = sizes.get(name) ?? 1;
      if (known !== 1 && n !== 1 && n !== known)
        throw new TypeError(
          `einsum: ${name} is ${known} and ${n} in "${subscripts}" of ${values.map((v) => showShape(v.shape)).join(" and ")}`,
        );
      sizes.set(name, n === 1 ? known : n);
    }),
  );
  return sizes;
}

/** A name that an operand has twice is read along the diagonal of its two axes. */
function onDiagonals({ value, names }: Term): Term {
  const second = names.findIndex((name, i) => names.indexOf(name) < i);
  if (second < 0) return { value, names };
  const first = names.indexOf(names[second]);
  const rest = names.filter((_, i) => i !== first && i !== second);
  return onDiagonals({
    value: diagonal(value, { axis1: first, axis2: second }),
    names: [...rest, names[second]],
  });
}

/** Axes of size 1 that are longer elsewhere say nothing: they are left out. */
function stretched(
  { value, names }: Term,
  sizes: ReadonlyMap<string, number>,
): Term {
  const kept = names.flatMap((name, i) =>
    value.shape[i] === sizes.get(name) ? [i] : [],
  );
  return {
    value: reshape(
      value,
      kept.map((i) => value.shape[i]),
    ),
    names: kept.map((i) => names[i]),
  };
}

/** Sums over the axes that nothing needs any more. */
function summed({ value, names }: Term, needed: ReadonlySet<string>): Term {
  const axes = names.flatMap((name, i) => (needed.has(name) ? [] : [i]));
  return {
    value: sum(value, axes),
    names: names.filter((name) => needed.has(name)),
  };
}

/** The names of a product: those shared and needed, then the rest of either side. */
function productNames(a: Term, b: Term, needed: ReadonlySet<string>) {
  const shared = a.names.filter((name) => b.names.includes(name));
  const batch = shared.filter((name) => needed.has(name));
  const free = [...a.names, ...b.names].filter((name) => !shared.includes(name)); // prettier-ignore
  return { shared, batch, names: [...batch, ...free] };
}

function contracted(a: Term, b: Term, needed: ReadonlySet<string>): Term {
  const { shared, batch, names } = productNames(a, b, needed);
  const inner = shared.filter((name) => !batch.includes(name));
  const axes = (term: Term, list: readonly string[]) =>
    list.map((name) => term.names.indexOf(name));
  const value = dot(a.value, b.value, {
    contract: [axes(a, inner), axes(b, inner)],
    batch: [axes(a, batch), axes(b, batch)],
  });
  return summed({ value, names }, needed);
}

/** The pair whose product grows least over what it replaces. */
function cheapest(
  terms: readonly Term[],
  output: readonly string[],
  sizes: ReadonlyMap<string, number>,
): [number, number] {
  const volume = (names: readonly string[]) =>
    sizeOf(names.map((name) => sizes.get(name) as number));
  let best: [number, number] = [0, 1];
  let least = Infinity;
  for (let i = 0; i < terms.length; i++)
    for (let j = i + 1; j < terms.length; j++) {
      const rest = without(terms, i, j);
      const needed = new Set([...output, ...rest.flatMap((t) => t.names)]);
      const { names } = productNames(terms[i], terms[j], needed);
      const growth = volume(names) - volume(terms[i].names) - volume(terms[j].names); // prettier-ignore
      if (growth < least) [least, best] = [growth, [i, j]];
    }
  return best;
}

/** Axes in the order of the result; a name whose only axes had size 1 comes back as such. */
function arranged(
  { value, names }: Term,
  output: readonly string[],
  sizes: ReadonlyMap<string, number>,
): Value {
  const present = output.filter((name) => names.includes(name));
  const ordered = transpose(
    value,
    present.map((name) => names.indexOf(name)),
  );
  return reshape(
    ordered,
    output.map((name) => sizes.get(name) as number),
  );
}
