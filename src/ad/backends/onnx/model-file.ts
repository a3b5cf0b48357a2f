/** @file A program as a self-contained ONNX file: names of the caller's choice, every constant inside, standard operators only. */
import type { Program } from "../../lowering/kernel.ts";
import { emitProgram } from "./emit.ts";
import {
  elementType,
  encodeModel,
  isGraph,
  type Attribute,
  type ElementType,
  type Graph,
  type ModelHeader,
  type Node,
} from "./proto.ts";

export interface FileInput {
  readonly name: string;
  /** What the file takes, if it is another type than the program's own. */
  readonly element: ElementType | null;
}

export interface ModelFile {
  readonly inputs: readonly FileInput[];
  readonly outputs: readonly string[];
  readonly symbols: ReadonlyMap<number, string>;
  readonly header: ModelHeader;
}

/** A protobuf message holds fewer bytes than this. */
const mostBytes = 2 ** 31;

/** The bytes of the file; a RangeError if they are more than a protobuf message holds. */
export function encodeFile(
  program: Program,
  { inputs, outputs, symbols, header }: ModelFile,
): Uint8Array {
  const emitted = emitProgram(program, {
    symbols,
    threads: 0,
    workers: 0,
    // 8-bit products would need an operator of ONNX Runtime's own.
    precision: "float32",
  });
  checkSize(
    emitted.initializers.reduce((sum, { data }) => sum + data.byteLength, 0),
  );
  const inline = {
    ...emitted,
    initializers: emitted.initializers.map((t) => ({ ...t, external: false })),
  };
  const named = rename(
    castInputs(inline, inputs),
    inputs.map(({ name }) => name),
    outputs,
  );
  const bytes = encodeModel(named, header);
  checkSize(bytes.byteLength);
  return bytes;
}

function checkSize(bytes: number): void {
  if (bytes >= mostBytes)
    throw new RangeError(
      `exportOnnx: expected less than ${mostBytes} bytes, which is what one ONNX file holds, got ${bytes} with the closed-over constants; pass large ones as arguments instead`,
    );
}

/** `graph` with its inputs and outputs under the names given; a tensor inside that has one of those names gets another. */
function rename(
  graph: Graph,
  inputs: readonly string[],
  outputs: readonly string[],
): Graph {
  const given = new Set([...inputs, ...outputs]);
  const names = new Map<string, string>();
  graph.inputs.forEach(({ name }, i) => names.set(name, inputs[i]));
  graph.outputs.forEach(({ name }, i) => names.set(name, outputs[i]));
  const taken = new Set(given);
  const inside = (name: string): string => {
    const known = names.get(name);
    if (known !== undefined) return known;
    let free = name;
    while (taken.has(free)) free += "_";
    taken.add(free);
    names.set(name, free);
    return free;
  };
  const tensor = <T extends { readonly name: string }>(x: T): T => ({
    ...x,
    name: inside(x.name),
  });
  const attribute = (value: Attribute): Attribute =>
    isGraph(value) ? walk(value) : value;
  const node = (n: Node): Node => ({
    ...n,
    // An empty name stands for an operand that is left out.
    inputs: n.inputs.map((name) => name && inside(name)),
    outputs: n.outputs.map(inside),
    attributes: Object.fromEntries(
      Object.entries(n.attributes).map(([key, value]) => [
        key,
        attribute(value),
      ]),
    ),
  });
  const walk = (g: Graph): Graph => ({
    name: g.name,
    nodes: g.nodes.map(node),
    initializers: g.initializers.map(tensor),
    inputs: g.inputs.map(tensor),
    outputs: g.outputs.map(tensor),
  });
  return walk(graph);
}

/** Inputs the file takes in another type than the program's are converted before anything else. */
function castInputs(graph: Graph, inputs: readonly FileInput[]): Graph {
  const casts: Node[] = [];
  const declared = graph.inputs.map(({ name, type }, i) => {
    const { element } = inputs[i];
    if (element === null) return { name, type };
    const given = `${name}_given`;
    casts.push({
      op: "Cast", domain: "", inputs: [given], outputs: [name], attributes: { to: elementType[type.element] },
    }); // prettier-ignore
    return { name: given, type: { ...type, element } };
  });
  return { ...graph, inputs: declared, nodes: [...casts, ...graph.nodes] };
}
