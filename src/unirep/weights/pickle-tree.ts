/** @file The last step of reading a pickle: makers become arrays, and depth is bounded. */
import type { HostTensor } from "../params.ts";
import { isPending, type PicklePending } from "./pickle-numpy.ts";
import type { PickleValue } from "./pickle.ts";

// Weights nest 3 deep.
const MAX_DEPTH = 64;

/** The finished tree: arrays in place of their makers, depth bounded, no value within itself. */
export function settle(root: PickleValue, file: string): PickleValue {
  const done = new Map<object, { value: PickleValue; height: number }>();
  const open = new Set<object>();
  const visit = (
    node: PickleValue,
    depth: number,
  ): { value: PickleValue; height: number } => {
    if (typeof node !== "object" || node === null || node instanceof Uint8Array)
      return { value: node, height: 0 };
    const seen = done.get(node);
    if (open.has(node) || depth + (seen?.height ?? 0) > MAX_DEPTH) {
      throw new TypeError(
        `${file}: the pickle nests deeper than ${MAX_DEPTH} levels or holds itself`,
      );
    }
    if (seen) return seen;
    open.add(node);
    let height = 0;
    const child = (item: PickleValue): PickleValue => {
      const inner = visit(item, depth + 1);
      height = Math.max(height, inner.height + 1);
      return inner.value;
    };
    let value: PickleValue;
    if (Array.isArray(node)) value = node.map(child);
    else if (node instanceof Map)
      value = new Map([...node].map(([key, item]) => [key, child(item)]));
    else if (isPending(node)) value = finished(node, file);
    else value = node;
    open.delete(node);
    done.set(node, { value, height });
    return { value, height };
  };
  return visit(root, 0).value;
}

function finished(node: PicklePending, file: string): HostTensor {
  if (node.kind === "array" && node.tensor) return node.tensor;
  const what =
    node.kind === "array"
      ? "a numpy array without data"
      : `a bare ${node.kind}`;
  throw new TypeError(`${file}: the pickle holds ${what}`);
}
