/** @file Names of an exported file's inputs and outputs: those given, else paths in the trees of arguments and results. */
import {
  broadcastPrefix,
  flattenWithPath,
  unflatten,
  type TreeDef,
} from "./tree.ts";

type Path = readonly (string | number)[];

/**
 * One name for each leaf of `def`. `given` is a tree of texts like `def` or a prefix of it; a text that stands for a
 * subtree is followed by the path below it (`params` -> `params.wh`). Without one the path itself is the name, a number
 * at its beginning after `letter` (`x0`, `x1.wh`).
 */
export function leafNames(
  who: string,
  given: unknown,
  def: TreeDef,
  letter: "x" | "y",
): string[] {
  const texts = broadcastPrefix(who, given, def);
  const tree = unflatten(def, [...texts.keys()]);
  return flattenWithPath(tree)[0].map(([path], i) => {
    const name = texts[i];
    if (name === null) return defaultName(path, letter);
    if (typeof name === "string" && name !== "")
      return [name, ...path.slice(depth(given, path))].join(".");
    throw new TypeError(
      `${who}: expected a name for ${defaultName(path, letter)}, got ${JSON.stringify(name)}`,
    );
  });
}

function defaultName([first = 0, ...rest]: Path, letter: string): string {
  const root = typeof first === "number" ? `${letter}${first}` : first;
  return [root, ...rest].join(".");
}

/** How far `path` leads into `given` before it comes to a name. */
function depth(given: unknown, path: Path): number {
  let node = given;
  let steps = 0;
  while (typeof node === "object" && node !== null)
    node = (node as Record<string | number, unknown>)[path[steps++]];
  return steps;
}

/** A TypeError if two names are equal: a file's inputs and outputs share one name space. */
export function refuseDuplicates(who: string, names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new TypeError(
      `${who}: expected a different name for every input and output, got "${twice}" twice; give inputNames or outputNames`,
    );
}
