/** @file The while kernel in ONNX: a Loop without a trip count, its condition computed before it and after every step. */
import type { Program, Ref, While } from "../../lowering/kernel.ts";
import type { GraphBuilder } from "./graph.ts";
import { bindOuter, type Constants, type EmitKernels } from "./loop.ts";

export function emitWhile(
  g: GraphBuilder,
  { cond, body, condConsts, bodyConsts, init, outs }: While,
  emitKernels: EmitKernels,
  constants: Constants,
): void {
  const emitInto = (
    into: GraphBuilder,
    program: Program,
    consts: readonly Ref[],
  ) => {
    bindOuter(g, into, consts, program.inputs, constants);
    emitKernels(into, program);
  };
  const bindCarry = (into: GraphBuilder, from: readonly Ref[]) =>
    cond.inputs.slice(condConsts.length).forEach((ref, i) => {
      const { name, shape } = into.operand(from[i]);
      into.define(ref, name, shape);
    });

  bindCarry(g, init);
  emitInto(g, cond, condConsts);
  const first = g.read(cond.outputs[0]);

  const inner = g.child();
  const carried = body.inputs
    .slice(bodyConsts.length)
    .map((ref) => inner.input(ref, false));
  emitInto(inner, body, bodyConsts);
  bindCarry(inner, body.outputs);
  emitInto(inner, cond, condConsts);
  const step = [
    { name: g.fresh("step"), type: { element: "int64", shape: [] } },
    { name: g.fresh("again"), type: { element: "bool", shape: [] } },
  ] as const;
  const graph = inner.finish(
    "body",
    [...step, ...carried],
    [cond.outputs[0], ...body.outputs],
    [],
  );
  const start = init.map((ref) => g.read(ref));
  g.nodeN("Loop", ["", first, ...start], outs.length, { body: graph }).forEach(
    (name, i) => g.define(outs[i], name),
  );
}
