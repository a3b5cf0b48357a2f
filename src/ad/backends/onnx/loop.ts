/** @file The loop kernel in ONNX: a Scan whose body reads its constants from the graph around it. */
import type { Loop, Program } from "../../lowering/kernel.ts";
import type { GraphBuilder } from "./graph.ts";

export function emitLoop(
  g: GraphBuilder,
  loop: Loop,
  emitKernels: (into: GraphBuilder, body: Program) => void,
  constants: Map<number, Program["constants"][number]["value"]>,
): void {
  const { body, init, xs, reverse } = loop;
  if (loop.length === 0) {
    // ONNX Runtime refuses a Scan over an empty axis.
    loop.outs.forEach((ref, i) => {
      if (i < init.length) g.define(ref, g.read(init[i]));
      else g.define(ref, g.scalar(0, ref.type.dtype), []);
    });
    return;
  }
  const inner = g.child();
  // Constants of the loop are read from the enclosing graph, so a weight stays an initializer and is packed once.
  loop.consts.forEach((ref, i) => {
    inner.operands.set(body.inputs[i].id, g.operand(ref));
    const value = constants.get(ref.id);
    if (value) constants.set(body.inputs[i].id, value);
  });
  const inputs = body.inputs
    .slice(loop.consts.length)
    .map((ref) => inner.input(ref, false));
  // A Scan without scan inputs would not know its length.
  const sequences = xs.map((ref) => g.read(ref));
  if (sequences.length === 0) {
    inputs.push({
      name: g.fresh("step"),
      type: { element: "bool", shape: [] },
    });
    sequences.push(
      g.node("Expand", [g.scalar(0, "bool"), g.shape([loop.length])]),
    );
  }
  emitKernels(inner, body);
  const graph = inner.finish("body", inputs, body.outputs, []);
  const direction = reverse ? 1 : 0;
  const names = g.nodeN(
    "Scan",
    [...init.map((ref) => g.read(ref)), ...sequences],
    loop.outs.length,
    {
      body: graph,
      num_scan_inputs: sequences.length,
      scan_input_directions: sequences.map(() => direction),
      scan_output_directions: loop.outs.slice(init.length).map(() => direction),
    },
  );
  loop.outs.forEach((ref, i) => g.define(ref, names[i]));
}
