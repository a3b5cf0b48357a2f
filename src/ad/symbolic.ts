/** @file Symbolic sizes: one compilation for every size of an axis.
 *
 * A symbol is traced as a large prime and recognised again in the jaxpr by its value. The function is traced at two
 * sets of primes; only if the two jaxprs are the same up to those primes does nothing else depend on the size, and
 * then the jaxpr holds for every size. (JAX: symbolic dimension variables of jax.export.)
 */
import { Array } from "./array.ts";
import type { ClosedJaxpr } from "./jaxpr/jaxpr.ts";
import { printJaxpr } from "./jaxpr/print.ts";
import { showType, type ArrayType } from "./shape.ts";
import type { Value } from "./tracer.ts";
import { broadcastPrefix, type TreeDef } from "./tree.ts";

const primes = [
  1_000_003, 1_000_033, 1_000_037, 1_000_039, 1_000_081, 1_000_099, 1_000_117,
  1_000_121,
] as const;
const most = primes.length / 2;

/** The symbols of one compilation and the sizes they are traced at. */
export class SymbolTable {
  /** Traced size -> symbol. */
  readonly names: ReadonlyMap<number, string>;

  constructor(private readonly symbols: readonly string[]) {
    this.names = new Map(symbols.map((name, i) => [primes[2 * i], name]));
  }

  /** The jaxpr of a function whose argument types hold symbols' first primes; a TypeError if it holds at those only. */
  trace(
    who: string,
    trace: (types: readonly ArrayType[]) => ClosedJaxpr,
    types: readonly ArrayType[],
  ): ClosedJaxpr {
    // The second trace comes first: the caller reads the outcome of the last one.
    const other =
      this.symbols.length === 0
        ? null
        : trace(
            types.map((type) => ({
              ...type,
              shape: type.shape.map(this.#second),
            })),
          );
    const closed = trace(types);
    if (
      other &&
      (this.#show(closed, 0) !== this.#show(other, 1) ||
        !closed.consts.every((value, i) => sameConst(value, other.consts[i])))
    ) {
      throw new TypeError(
        `${who}: the function computes with the size of a symbolic axis (${this.symbols.join(", ")}); it may only pass such axes along`,
      );
    }
    return closed;
  }

  readonly #second = (n: number): number =>
    this.names.has(n) ? primes[primes.indexOf(n as never) + 1] : n;

  #show({ jaxpr }: ClosedJaxpr, which: 0 | 1): string {
    return this.symbols.reduce(
      (text, name, i) =>
        text.replaceAll(
          // A fill's value is a number computed with, never a size passed along.
          new RegExp(
            `(?<!\\bvalue=[-\\d.]*)\\b${primes[2 * i + which]}\\b`,
            "g",
          ),
          name,
        ),
      printJaxpr(jaxpr),
    );
  }

  /** `type` at the actual sizes of one call. */
  resolve(type: ArrayType, sizes: ReadonlyMap<string, number>): ArrayType {
    const size = (n: number) => sizes.get(this.names.get(n) ?? "") ?? n;
    return this.symbols.length === 0
      ? type
      : { ...type, shape: type.shape.map(size) };
  }
}

/** Constants a function makes anew in every trace must hold the same elements. */
const sameConst = (a: Value, b: Value): boolean => {
  if (a === b) return true;
  if (!(a instanceof Array && b instanceof Array)) return false;
  const [x, y] = [a.ready, b.ready];
  return (
    x !== null &&
    y !== null &&
    x.length === y.length &&
    x.every((n, i) => Object.is(n, y[i]))
  );
};

/** Argument types with symbols in place of their sizes, and those sizes in this call. */
export function parseShapes(
  who: string,
  specs: readonly unknown[] | undefined,
  def: TreeDef,
  types: readonly ArrayType[],
): {
  types: readonly ArrayType[];
  sizes: Map<string, number>;
  names: string[];
} {
  const sizes = new Map<string, number>();
  const names: string[] = [];
  if (!specs) return { types, sizes, names };
  const leaves = broadcastPrefix(`${who} symbolicShapes`, specs, def);
  const symbolic = types.map((type, k) => {
    const spec = leaves[k];
    if (typeof spec !== "string") return type;
    const words = spec.split(",").map((word) => word.trim());
    const rest = words.at(-1) === "...";
    if (
      rest
        ? words.length - 1 > type.shape.length
        : words.length !== type.shape.length
    ) {
      throw new TypeError(
        `${who} symbolicShapes: expected a word for each axis of ${showType(type)} or a final "...", got "${spec}"`,
      );
    }
    const shape = type.shape.map((n, axis) => {
      const name = words[axis] ?? "...";
      if (name === "_" || name === "...") return n;
      if ((sizes.get(name) ?? n) !== n) {
        throw new TypeError(
          `${who}: symbolic size ${name} is ${sizes.get(name)} and ${n} in one call, at ${showType(type)}`,
        );
      }
      if (!sizes.has(name)) {
        names.push(name);
        if (names.length > most)
          throw new TypeError(
            `${who}: expected at most ${most} symbolic sizes, got ${names.join(", ")}`,
          );
        sizes.set(name, n);
      }
      return primes[2 * names.indexOf(name)];
    });
    return { ...type, shape };
  });
  return { types: symbolic, sizes, names };
}
