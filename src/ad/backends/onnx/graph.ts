/** @file Building one ONNX graph: nodes, constants shared by value, and operands that have not been broadcast yet. */
import type { Array } from "../../array.ts";
import { allocate, type DType, type TypedArray } from "../../dtype.ts";
import type { Ref } from "../../lowering/kernel.ts";
import { sameShape, type Shape } from "../../shape.ts";
import type { Device } from "../backend.ts";
import type {
  Attribute,
  Dim,
  ElementType,
  Graph,
  Node,
  Tensor,
} from "./proto.ts";

/**
 * A buffer in the graph: tensor `name` of `shape`, which broadcasts (NumPy's rule) to the buffer's own shape. Most
 * ONNX operators broadcast by themselves, so a repeat is written out only where an operator needs it.
 */
export interface Operand {
  readonly name: string;
  readonly shape: Shape;
}

const bytesOf = (data: TypedArray | BigInt64Array | Int8Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/** Smaller constants travel inside the model message, larger ones beside it without a copy. */
const externalBytes = 1024;

/** What all graphs of one model share: constants live in the outermost graph, where sub-graphs can see them. */
class Model {
  readonly initializers: Tensor[] = [];
  readonly #shared = new Map<string, string>();
  readonly #dims = new Map<string, string>();
  #names = 0;

  constructor(
    readonly main: { readonly nodes: Node[] },
    readonly symbols: ReadonlyMap<number, string>,
    readonly device: Device,
  ) {}

  fresh(prefix: string): string {
    return `${prefix}_${this.#names++}`;
  }

  constant(
    element: ElementType,
    shape: Shape,
    data: TypedArray | BigInt64Array | Int8Array,
  ): string {
    const bytes = bytesOf(data);
    const external = bytes.byteLength > externalBytes;
    const key = external
      ? null
      : `${element} ${shape.join()} ${Buffer.from(bytes).toString("base64")}`;
    const known = key === null ? undefined : this.#shared.get(key);
    if (known !== undefined) return known;
    const name = this.fresh("const");
    this.initializers.push({ name, element, shape, data: bytes, external });
    if (key !== null) this.#shared.set(key, name);
    return name;
  }

  /** Remembers where a symbol's size can be read: axis `axis` of a graph input. */
  bindSymbols(input: string, shape: Shape): void {
    shape.forEach((n, axis) => {
      const symbol = this.symbols.get(n);
      if (symbol === undefined || this.#dims.has(symbol)) return;
      const name = `size_${symbol}`;
      this.main.nodes.push({
        op: "Shape", domain: "", inputs: [input], outputs: [name], attributes: { start: axis, end: axis + 1 },
      }); // prettier-ignore
      this.#dims.set(symbol, name);
    });
  }

  /** The one-element int64 tensor holding a size that may be symbolic. */
  dim(n: number): string {
    const symbol = this.symbols.get(n);
    return symbol === undefined
      ? this.constant("int64", [1], BigInt64Array.of(BigInt(n)))
      : (this.#dims.get(symbol) as string);
  }
}

/** One graph under construction; `child` makes the body of a loop. */
export class GraphBuilder {
  readonly nodes: Node[];
  readonly operands: Map<number, Operand>;
  readonly #model: Model;

  private constructor(
    model: (main: GraphBuilder) => Model,
    parent?: GraphBuilder,
  ) {
    this.nodes = [];
    this.#model = model(this);
    this.operands = new Map(parent?.operands);
  }

  static create(
    symbols: ReadonlyMap<number, string>,
    device: Device,
  ): GraphBuilder {
    return new GraphBuilder((main) => new Model(main, symbols, device));
  }

  child(): GraphBuilder {
    return new GraphBuilder(() => this.#model, this);
  }

  /** What the graph is for: providers differ in the operators they have a good kernel for. */
  get device(): Device {
    return this.#model.device;
  }

  /** A name no other tensor of the model has, sub-graphs included. */
  fresh(prefix: string): string {
    return this.#model.fresh(prefix);
  }

  get initializers(): readonly Tensor[] {
    return this.#model.initializers;
  }

  /** Adds a node with one result and returns the result's name. */
  node(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = "",
  ): string {
    const [name] = this.nodeN(op, inputs, 1, attributes, domain);
    return name;
  }

  nodeN(
    op: string,
    inputs: readonly string[],
    outs: number,
    attributes: Readonly<Record<string, Attribute>> = {},
    domain = "",
  ): string[] {
    const outputs = globalThis.Array.from({ length: outs }, () =>
      this.#model.fresh(op),
    );
    this.nodes.push({ op, domain, inputs, outputs, attributes });
    return outputs;
  }

  dims(shape: Shape): Dim[] {
    return shape.map((n) => this.#model.symbols.get(n) ?? n);
  }

  isSymbolic(n: number): boolean {
    return this.#model.symbols.has(n);
  }

  /** Declares a graph input (of the main graph or of a loop body) holding `ref`. */
  input(
    ref: Ref,
    readsSymbols: boolean,
  ): { name: string; type: { element: DType; shape: Dim[] } } {
    const name = this.#model.fresh("in");
    this.operands.set(ref.id, { name, shape: ref.type.shape });
    if (readsSymbols) this.#model.bindSymbols(name, ref.type.shape);
    return {
      name,
      type: { element: ref.type.dtype, shape: this.dims(ref.type.shape) },
    };
  }

  constantArray(value: Array): string {
    return this.#model.constant(value.dtype, value.shape, value.dataSync());
  }

  constantData(
    element: ElementType,
    shape: Shape,
    data: TypedArray | Int8Array,
  ): string {
    return this.#model.constant(element, shape, data);
  }

  scalar(value: number, dtype: DType): string {
    const data = allocate(dtype, 1);
    data[0] = value;
    return this.#model.constant(dtype, [], data);
  }

  /** A 0-d int64 tensor. */
  int(value: number): string {
    return this.#model.constant("int64", [], BigInt64Array.of(BigInt(value)));
  }

  ints(values: readonly number[]): string {
    return this.#model.constant(
      "int64",
      [values.length],
      BigInt64Array.from(values.map(BigInt)),
    );
  }

  /** A shape as an int64 tensor; symbolic sizes are read from the inputs when the graph runs. */
  shape(shape: Shape): string {
    if (!shape.some((n) => this.isSymbolic(n))) return this.ints(shape);
    return this.node(
      "Concat",
      shape.map((n) => this.#model.dim(n)),
      { axis: 0 },
    );
  }

  dim(n: number): string {
    return this.#model.dim(n);
  }

  operand(ref: Ref): Operand {
    return this.operands.get(ref.id) as Operand;
  }

  define(ref: Ref, name: string, shape: Shape = ref.type.shape): void {
    this.operands.set(ref.id, { name, shape });
  }

  /** The tensor holding `ref` in its full shape. */
  read(ref: Ref): string {
    const { name, shape } = this.operand(ref);
    if (sameShape(shape, ref.type.shape)) return name;
    const full = this.node("Expand", [name, this.shape(ref.type.shape)]);
    this.define(ref, full);
    return full;
  }

  finish(
    name: string,
    inputs: Graph["inputs"],
    outputs: readonly Ref[],
    initializers: readonly Tensor[],
  ): Graph {
    // A graph's result must be made by one of its own nodes, and can be named only once.
    const read = outputs.map((ref) => this.read(ref));
    const free = new Set(this.nodes.flatMap((node) => node.outputs));
    const results = outputs.map((ref, i) => {
      const made = read[i];
      const result = free.delete(made) ? made : this.node("Identity", [made]);
      return {
        name: result,
        type: { element: ref.type.dtype, shape: this.dims(ref.type.shape) },
      };
    });
    return { name, nodes: this.nodes, initializers, inputs, outputs: results };
  }
}

/** The shape operands broadcast to; sizes are compared as they are, symbolic ones included. */
export function broadcastOperands(shapes: readonly Shape[]): Shape {
  const rank = Math.max(0, ...shapes.map((s) => s.length));
  return globalThis.Array.from(
    { length: rank },
    (_, i) =>
      shapes.map((s) => s[i - rank + s.length] ?? 1).find((n) => n !== 1) ?? 1,
  );
}
