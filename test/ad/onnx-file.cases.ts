/** @file What an ONNX file says of itself, read by the field numbers of onnx.proto alone. */
import protobuf from "protobufjs/minimal.js";

type Field = number | Uint8Array;
/** Fields by number, in the order they come; 64- and 32-bit ones are left out. */
type Fields = ReadonlyMap<number, Field[]>;

function fields(bytes: Uint8Array): Fields {
  const reader = protobuf.Reader.create(bytes);
  const found = new Map<number, Field[]>();
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const list = found.get(tag >>> 3) ?? [];
    found.set(tag >>> 3, list);
    if ((tag & 7) === 0) list.push(Number(reader.int64()));
    else if ((tag & 7) === 2) list.push(reader.bytes());
    else reader.skipType(tag & 7);
  }
  return found;
}

const numbers = (m: Fields, field: number) =>
  (m.get(field) ?? []) as readonly number[];
const blobs = (m: Fields, field: number) =>
  (m.get(field) ?? []) as readonly Uint8Array[];
const texts = (m: Fields, field: number) =>
  blobs(m, field).map((bytes) => Buffer.from(bytes).toString("utf8"));
const messages = (m: Fields, field: number) => blobs(m, field).map(fields);
const first = <T>(list: readonly T[], or: T): T => list[0] ?? or;

export interface FileValue {
  readonly name: string;
  /** TensorProto.DataType: 1 float32, 6 int32, 7 int64, 9 bool, 11 float64, 12 uint32. */
  readonly element: number;
  readonly dims: readonly (number | string)[];
}

function value(m: Fields): FileValue {
  const [tensor] = messages(messages(m, 2)[0], 1);
  return {
    name: texts(m, 1)[0],
    element: numbers(tensor, 1)[0],
    dims: messages(tensor, 2).flatMap((shape) =>
      messages(shape, 1).map((d) => texts(d, 2)[0] ?? numbers(d, 1)[0] ?? 0),
    ),
  };
}

/** Nodes of a graph and of the graphs in their attributes. */
function nodes(graph: Fields): Fields[] {
  return messages(graph, 1).flatMap((node) => [
    node,
    ...messages(node, 5).flatMap((attribute) =>
      messages(attribute, 6).flatMap(nodes),
    ),
  ]);
}

export function readModel(bytes: Uint8Array) {
  const model = fields(bytes);
  const [graph] = messages(model, 7);
  const all = nodes(graph);
  return {
    irVersion: numbers(model, 1)[0],
    producer: texts(model, 2)[0],
    producerVersion: texts(model, 3)[0],
    docString: texts(model, 6)[0],
    opsets: messages(model, 8).map((m) => ({
      domain: first(texts(m, 1), ""),
      version: numbers(m, 2)[0],
    })),
    metadata: Object.fromEntries(
      messages(model, 14).map((m) => [texts(m, 1)[0], texts(m, 2)[0]]),
    ),
    inputs: messages(graph, 11).map(value),
    outputs: messages(graph, 12).map(value),
    domains: [...new Set(all.map((node) => first(texts(node, 7), "")))],
    /** data_location of the stored constants: 1 is outside of the file. */
    locations: messages(graph, 5).flatMap((tensor) => numbers(tensor, 14)),
  };
}
