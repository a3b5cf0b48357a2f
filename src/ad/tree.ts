/** @file Pytrees: nested arrays and plain objects whose leaves are values; `null` is an empty tree. */

export type Tree<T> =
  T | null | readonly Tree<T>[] | { readonly [key: string]: Tree<T> };

/** The shape of a tree without its leaves. */
export type TreeDef =
  | { readonly kind: "leaf" }
  | { readonly kind: "none" }
  | { readonly kind: "list"; readonly items: readonly TreeDef[] }
  | {
      readonly kind: "dict";
      readonly keys: readonly string[];
      readonly items: readonly TreeDef[];
    };

const isDict = (x: unknown): x is Record<string, unknown> => {
  if (typeof x !== "object" || x === null) return false;
  const prototype: unknown = Object.getPrototypeOf(x);
  return prototype === Object.prototype || prototype === null;
};

/** Leaves in depth-first order (object keys sorted, as in JAX) and the tree that holds them. */
export function flatten(tree: unknown): [leaves: unknown[], def: TreeDef] {
  const leaves: unknown[] = [];
  const walk = (node: unknown): TreeDef => {
    if (node === null || node === undefined) return { kind: "none" };
    if (globalThis.Array.isArray(node))
      return { kind: "list", items: node.map(walk) };
    if (isDict(node)) {
      const keys = Object.keys(node).sort();
      return { kind: "dict", keys, items: keys.map((key) => walk(node[key])) };
    }
    leaves.push(node);
    return { kind: "leaf" };
  };
  return [leaves, walk(tree)];
}

/** The tree `def` with `leaves` in depth-first order. */
export function unflatten(def: TreeDef, leaves: readonly unknown[]): unknown {
  let next = 0;
  const build = (node: TreeDef): unknown => {
    switch (node.kind) {
      case "leaf":
        return leaves[next++];
      case "none":
        return null;
      case "list":
        return node.items.map(build);
      case "dict":
        return Object.fromEntries(
          node.keys.map((key, i) => [key, build(node.items[i])]),
        );
    }
  };
  const tree = build(def);
  if (next !== leaves.length)
    throw new TypeError(
      `unflatten: expected ${next} leaves, got ${leaves.length}`,
    );
  return tree;
}

export const sameTree = (a: TreeDef, b: TreeDef): boolean =>
  showTree(a) === showTree(b);

/** `{a: *, b: [*, *]}`: the tree as error messages print it. */
export function showTree(def: TreeDef): string {
  switch (def.kind) {
    case "leaf":
      return "*";
    case "none":
      return "null";
    case "list":
      return `[${def.items.map(showTree).join(", ")}]`;
    case "dict":
      return `{${def.keys.map((key, i) => `${showKey(key)}: ${showTree(def.items[i])}`).join(", ")}}`;
  }
}

/** Quoted unless it is a plain word, so that two different trees never print alike. */
const showKey = (key: string): string =>
  /^\w+$/.test(key) ? key : JSON.stringify(key);

/** The tree of `f(leaf, ...matching leaves of rest)`; all trees must have the structure of the first. */
export function map(
  f: (...leaves: never[]) => unknown,
  tree: unknown,
  ...rest: unknown[]
): unknown {
  const [leaves, def] = flatten(tree);
  const others = rest.map((other) => {
    const [otherLeaves, otherDef] = flatten(other);
    if (!sameTree(def, otherDef)) {
      throw new TypeError(
        `tree.map: expected a tree like ${showTree(def)}, got ${showTree(otherDef)}`,
      );
    }
    return otherLeaves;
  });
  const call = f as (...leaves: unknown[]) => unknown;
  return unflatten(
    def,
    leaves.map((leaf, i) => call(leaf, ...others.map((o) => o[i]))),
  );
}

export const leaves = (tree: unknown): unknown[] => flatten(tree)[0];

/** The tree without its leaves. */
export const structure = (tree: unknown): TreeDef => flatten(tree)[1];

/** `f(f(initial, leaf 0), leaf 1)...` over the leaves in depth-first order. */
export const reduce = <R>(
  f: (total: R, leaf: never) => R,
  tree: unknown,
  initial: R,
): R =>
  leaves(tree).reduce<R>((total, leaf) => f(total, leaf as never), initial);

/** Whether every leaf is truthy. */
export const all = (tree: unknown): boolean => leaves(tree).every(Boolean);

/** Leaves with the keys and indices that lead to each. */
export function flattenWithPath(
  tree: unknown,
): [leaves: [path: (string | number)[], leaf: unknown][], def: TreeDef] {
  const [list, def] = flatten(tree);
  const paths: (string | number)[][] = [];
  const walk = (node: TreeDef, path: (string | number)[]): void => {
    if (node.kind === "leaf") paths.push(path);
    else if (node.kind !== "none")
      node.items.forEach((item, i) =>
        walk(item, [...path, node.kind === "dict" ? node.keys[i] : i]),
      );
  };
  walk(def, []);
  return [list.map((leaf, i) => [paths[i], leaf]), def];
}

/** The tree of `f(path, leaf)`. */
export function mapWithPath(
  f: (path: readonly (string | number)[], leaf: never) => unknown,
  tree: unknown,
): unknown {
  const [list, def] = flattenWithPath(tree);
  return unflatten(
    def,
    list.map(([path, leaf]) => f(path, leaf as never)),
  );
}

/** Leaves of `prefix` repeated over the part of `def` each stands for: an axis for a whole subtree, say. */
export function broadcastPrefix(
  who: string,
  prefix: unknown,
  def: TreeDef,
): unknown[] {
  const out: unknown[] = [];
  const count = (node: TreeDef): number =>
    node.kind === "leaf"
      ? 1
      : node.kind === "none"
        ? 0
        : node.items.reduce((n, item) => n + count(item), 0);
  const walk = (node: unknown, d: TreeDef): void => {
    const nested = globalThis.Array.isArray(node) || isDict(node);
    if (!nested) {
      for (let i = count(d); i > 0; i--) out.push(node ?? null);
      return;
    }
    const fits = globalThis.Array.isArray(node)
      ? d.kind === "list" && node.length === d.items.length
      : d.kind === "dict" &&
        Object.keys(node).sort().join("\0") === d.keys.join("\0");
    if (!fits || d.kind === "leaf" || d.kind === "none") {
      throw new TypeError(
        `${who}: expected a prefix of ${showTree(d)}, got ${JSON.stringify(node)}`,
      );
    }
    const children: unknown[] = globalThis.Array.isArray(node)
      ? node
      : Object.keys(node)
          .sort()
          .map((key) => node[key]);
    children.forEach((child, i) => walk(child, d.items[i]));
  };
  walk(prefix, def);
  return out;
}
