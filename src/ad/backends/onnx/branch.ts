/** @file The branch kernel in ONNX: nested Ifs whose sub-graphs read their inputs from the graph around them. */
import type { Branch, Program } from "../../lowering/kernel.ts";
import type { GraphBuilder } from "./graph.ts";
import { bindOuter, type Constants, type EmitKernels } from "./loop.ts";
import type { Graph } from "./proto.ts";

export function emitBranch(
  g: GraphBuilder,
  { index, branches, inputs, outs }: Branch,
  emitKernels: EmitKernels,
  constants: Constants,
): void {
  const chosen = g.read(index);
  const taken = (program: Program): Graph => {
    const inner = g.child();
    bindOuter(g, inner, inputs, program.inputs, constants);
    emitKernels(inner, program);
    return inner.finish("branch", [], program.outputs, []);
  };
  // Comparing with `<=` lets an index outside of the branches take the nearest.
  const choose = (into: GraphBuilder, first: number): void => {
    const test = into.node("LessOrEqual", [
      chosen,
      into.scalar(first, "int32"),
    ]);
    const others = (): Graph => {
      if (first === branches.length - 2) return taken(branches[first + 1]);
      const inner = g.child();
      choose(inner, first + 1);
      return inner.finish("branches", [], outs, []);
    };
    into
      .nodeN("If", [test], outs.length, {
        then_branch: taken(branches[first]),
        else_branch: others(),
      })
      .forEach((name, i) => into.define(outs[i], name));
  };
  choose(g, 0);
}
