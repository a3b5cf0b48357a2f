/** @file The threefry kernel in ONNX: the twenty rounds as nodes over uint32 tensors. */
import type { Kernel } from "../../lowering/kernel.ts";
import { range } from "../../shape.ts";
import { broadcastOperands, type GraphBuilder } from "./graph.ts";

// Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
const parity = 0x1bd11bda;
const rotations = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;

export function emitThreefry(
  g: GraphBuilder,
  { key, counters, batch, words, out }: Extract<Kernel, { kind: "threefry" }>,
): void {
  const word = (value: number) => g.scalar(value, "uint32");
  const add = (x: string, y: string) => g.node("Add", [x, y]);
  const xor = (x: string, y: string) => g.node("BitwiseXor", [x, y]);
  const shift = (x: string, by: number, direction: string) =>
    g.node("BitShift", [x, word(by)], { direction });
  const rotate = (x: string, by: number) =>
    g.node("BitwiseOr", [shift(x, by, "LEFT"), shift(x, 32 - by, "RIGHT")]);

  // Axes of size 1 for the counters', so that a word of the key broadcasts over them.
  const free = range(counters.type.shape.length - batch);
  const keyWord = (i: number) => {
    const picked = g.node("Gather", [g.read(key), g.int(i)], { axis: -1 });
    return free.length === 0
      ? picked
      : g.node("Unsqueeze", [picked, g.ints(free.map((axis) => batch + axis))]);
  };
  const [k0, k1] = [keyWord(0), keyWord(1)];
  const schedule = [k0, k1, xor(xor(k0, k1), word(parity))];
  const counter = g.operand(counters);

  let [a, b] = [k0, add(counter.name, k1)];
  for (const group of range(5)) {
    for (const by of rotations[group % 2]) {
      a = add(a, b);
      b = xor(rotate(b, by), a);
    }
    a = add(a, schedule[(group + 1) % 3]);
    b = add(add(b, schedule[(group + 2) % 3]), word(group + 1));
  }
  const keyShape = [...key.type.shape.slice(0, batch), ...free.map(() => 1)];
  const shape = broadcastOperands([counter.shape, keyShape]);
  if (words === "xor") return g.define(out, xor(a, b), shape);
  const columns = [a, b].map((x) => g.node("Unsqueeze", [x, g.ints([-1])]));
  g.define(out, g.node("Concat", columns, { axis: -1 }), [...shape, 2]);
}
