/** @file ONNX messages as protobuf bytes: the few fields we write, with the numbers of onnx.proto. */
import protobuf from "protobufjs/minimal.js";
import type { DType } from "../../dtype.ts";

type Writer = protobuf.Writer;
type Message = (writer: Writer) => void;

/** Element types of onnx.proto's TensorProto.DataType. */
export const elementType = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
  uint32: 12,
} as const satisfies Record<DType | "uint8" | "int8" | "int64", number>;
export type ElementType = keyof typeof elementType;

const bytes = 2; // wire type of strings, bytes and messages
const varint = 0;
const fixed32 = 5;

const tag = (w: Writer, field: number, wire: number): Writer =>
  w.uint32((field << 3) | wire);
const text = (w: Writer, field: number, value: string): Writer =>
  tag(w, field, bytes).string(value);
const int = (w: Writer, field: number, value: number): Writer =>
  tag(w, field, varint).int64(value);
const message = (w: Writer, field: number, write: Message): void => {
  write(tag(w, field, bytes).fork());
  w.ldelim();
};

/** A named size, or any size under a name. */
export type Dim = number | string;

export interface TensorType {
  readonly element: ElementType;
  readonly shape: readonly Dim[];
}

export interface Tensor {
  readonly name: string;
  readonly element: ElementType;
  readonly shape: readonly number[];
  /** Little-endian elements; `external` leaves them out of the message, to be handed over beside it. */
  readonly data: Uint8Array;
  readonly external: boolean;
}

export type Attribute =
  number | string | readonly number[] | { readonly float: number } | Graph;

export interface Node {
  readonly op: string;
  /** Empty for the standard operators. */
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

export interface Graph {
  readonly name: string;
  readonly nodes: readonly Node[];
  readonly initializers: readonly Tensor[];
  readonly inputs: readonly {
    readonly name: string;
    readonly type: TensorType;
  }[];
  readonly outputs: readonly {
    readonly name: string;
    readonly type: TensorType;
  }[];
}

const valueInfo =
  (name: string, { element, shape }: TensorType): Message =>
  (w) => {
    text(w, 1, name);
    message(w, 2, (type) =>
      message(type, 1, (tensor) => {
        int(tensor, 1, elementType[element]);
        message(tensor, 2, (dims) => {
          for (const dim of shape)
            message(
              dims,
              1,
              (d) =>
                void (typeof dim === "string"
                  ? text(d, 2, dim)
                  : int(d, 1, dim)),
            );
        });
      }),
    );
  };

const tensor =
  ({ name, element, shape, data, external }: Tensor): Message =>
  (w) => {
    for (const n of shape) int(w, 1, n);
    int(w, 2, elementType[element]);
    text(w, 8, name);
    if (!external) {
      tag(w, 9, bytes).bytes(data);
      return;
    }
    const entry = (key: string, value: string) =>
      message(w, 13, (e) => void text(text(e, 1, key), 2, value));
    entry("location", name);
    entry("offset", "0");
    entry("length", String(data.byteLength));
    int(w, 14, 1);
  };

const attribute =
  (name: string, value: Attribute): Message =>
  (w) => {
    text(w, 1, name);
    if (typeof value === "number") int(int(w, 3, value), 20, 2);
    else if (typeof value === "string")
      int(tag(w, 4, bytes).string(value), 20, 3);
    else if (Array.isArray(value)) {
      for (const n of value as readonly number[]) int(w, 8, n);
      int(w, 20, 7);
    } else if ("float" in value)
      int(tag(w, 2, fixed32).float(value.float), 20, 1);
    else {
      message(w, 6, graph(value as Graph));
      int(w, 20, 5);
    }
  };

const node =
  ({ op, domain, inputs, outputs, attributes }: Node): Message =>
  (w) => {
    for (const name of inputs) text(w, 1, name);
    for (const name of outputs) text(w, 2, name);
    text(w, 4, op);
    for (const [name, value] of Object.entries(attributes))
      message(w, 5, attribute(name, value));
    if (domain) text(w, 7, domain);
  };

const graph =
  ({ name, nodes, initializers, inputs, outputs }: Graph): Message =>
  (w) => {
    for (const n of nodes) message(w, 1, node(n));
    text(w, 2, name);
    for (const t of initializers) message(w, 5, tensor(t));
    for (const { name: input, type } of inputs)
      message(w, 11, valueInfo(input, type));
    for (const { name: output, type } of outputs)
      message(w, 12, valueInfo(output, type));
  };

/** Version of the standard operators we emit. */
const opset = 20;

/** What a model says of itself. */
export interface ModelHeader {
  readonly producerVersion: string;
  readonly docString: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Whether an attribute is the body of a loop or a branch. */
export const isGraph = (value: Attribute): value is Graph =>
  typeof value === "object" && "nodes" in value;

/** Operator sets that the nodes of a graph and of its sub-graphs are from. */
const domainsOf = ({ nodes }: Graph): Set<string> =>
  new Set(
    nodes.flatMap(({ domain, attributes }) => [
      domain,
      ...Object.values(attributes)
        .filter(isGraph)
        .flatMap((inner) => [...domainsOf(inner)]),
    ]),
  );

/** A complete ModelProto. */
export function encodeModel(main: Graph, header?: ModelHeader): Uint8Array {
  const w = protobuf.Writer.create();
  int(w, 1, 9); // ir_version of opset 20
  text(w, 2, "unirep-ts");
  if (header) text(text(w, 3, header.producerVersion), 6, header.docString);
  message(w, 7, graph(main));
  for (const domain of new Set(["", ...domainsOf(main)])) {
    const version = domain === "" ? opset : 1;
    message(w, 8, (id) => void int(text(id, 1, domain), 2, version));
  }
  for (const [key, value] of Object.entries(header?.metadata ?? {}))
    message(w, 14, (entry) => void text(text(entry, 1, key), 2, value));
  return w.finish();
}
