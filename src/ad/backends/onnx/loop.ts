/** @file The loop kernel in ONNX: a Scan whose body reads its constants from the graph around it. */
import type { Array } from "../../array.ts";
import type { Loop, Program, Ref } from "../../lowering/kernel.ts";
import type { GraphBuilder } from "./graph.ts";

export type EmitKernels = (into: GraphBuilder, body: Program) => void;
/** Values of the buffers that are constants of the program. */
export type Constants = Map<number, Array>;

/**
 * Lets `inner` read the buffers `outer` of the graph around it as its own `refs`, so that a weight stays an
 * initializer and is packed once.
 */
export function bindOuter(
  g: GraphBuilder,
  inner: GraphBuilder,
  outer: readonly Ref[],
  refs: readonly Ref[],
  constants: Constants,
): void {
  outer.forEach((ref, i) => {
    inner.operands.set(refs[i].id, g.operand(ref));
    const value = constants.get(ref.id);
    if (value) constants.set(refs[i].id, value);
  });
}

export function emitLoop(
  g: GraphBuilder,
  loop: Loop,
  emitKernels: EmitKernels,
  constants: Constants,
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
  bindOuter(g, inner, loop.consts, body.inputs, constants);
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
