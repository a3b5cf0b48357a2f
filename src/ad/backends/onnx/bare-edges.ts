/** @file Reshapes at the edges of a program: only elements cross to the host, so an operand may come, and a result go, in another shape.
 *
 * ONNX Runtime reshapes within a graph for nothing, but copies a graph's input or output to do so.
 */
import type { Control, Kernel, Program, Ref } from "../../lowering/kernel.ts";
import { sameShape } from "../../shape.ts";

type Reshape = Extract<Kernel, { kind: "reshape" }>;

const isReshape = (kernel: Kernel | Control): kernel is Reshape =>
  kernel.kind === "reshape";

/** How often each buffer is read, by kernels and as a result. */
function countReads({ kernels, outputs }: Program): Map<number, number> {
  const reads = new Map<number, number>();
  const count = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(count);
    else if (typeof value === "object" && value !== null && "id" in value)
      reads.set(value.id as number, (reads.get(value.id as number) ?? 0) + 1);
  };
  for (const kernel of kernels)
    for (const [name, value] of Object.entries(kernel))
      if (name !== "out" && name !== "outs") count(value);
  count(outputs);
  return reads;
}

/** The same elements in and out, with no reshape of an input that is read in one other shape only, nor of a result. */
export function bareEdges(
  program: Program,
  symbols: ReadonlyMap<number, string>,
): Program {
  const reads = countReads(program);
  const reshapes = program.kernels.filter(isReshape);
  const gone = new Set<Kernel>();
  const inputs = program.inputs.map((ref): Ref => {
    const all = reshapes.filter(({ input }) => input.id === ref.id);
    const isOpen = ref.type.shape.some((n) => symbols.has(n));
    if (isOpen || all.length !== 1 || reads.get(ref.id) !== 1) return ref;
    gone.add(all[0]);
    return all[0].out;
  });
  const given = new Set(
    [...program.inputs, ...inputs, ...program.constants.map((c) => c.ref)].map(
      ({ id }) => id,
    ),
  );
  const outputs = program.outputs.map((ref) => {
    const made = reshapes.find(({ out }) => out.id === ref.id);
    if (!made || gone.has(made) || given.has(made.input.id)) return ref;
    if (sameShape(made.input.type.shape, ref.type.shape)) return ref;
    if (reads.get(ref.id) === 1) gone.add(made);
    return made.input;
  });
  return {
    ...program,
    inputs,
    outputs,
    kernels: program.kernels.filter((kernel) => !gone.has(kernel as Kernel)),
  };
}
