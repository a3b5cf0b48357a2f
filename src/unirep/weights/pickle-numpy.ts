/** @file The few Python globals a weight pickle may name, as data: how NumPy and JAX arrays rebuild themselves. */
import type { HostTensor } from "../params.ts";
import { tensorFromBytes } from "./bytes.ts";
import type { PickleValue } from "./pickle.ts";

/** Every global that may appear, `module name`. Each is interpreted here; none is imported or called. */
export const globals = [
  "numpy ndarray",
  "numpy dtype",
  "numpy.core.multiarray _reconstruct",
  "numpy._core.multiarray _reconstruct", // NumPy 2
  "numpy.core.numeric _frombuffer", // protocol 5
  "numpy._core.numeric _frombuffer",
  "jax._src.array _reconstruct_array", // a JAX array: a NumPy array and its weak type
  "_codecs encode", // bytes under protocols 0 to 2
] as const;
export type GlobalName = (typeof globals)[number];

/** Values that exist only while a pickle is read; `array` ends as its tensor. */
export type PicklePending =
  | { readonly kind: "global"; readonly name: GlobalName }
  | { readonly kind: "dtype"; readonly bits: 32 | 64; bigEndian?: boolean }
  | { readonly kind: "array"; tensor?: HostTensor };

type Refuse = (what: string) => TypeError;

/** What the reader lends: its error sentence with the byte offset, and its bound on copied bytes. */
export interface Reader {
  readonly refuse: Refuse;
  readonly spend: (bytes: number) => void;
}

export function isPending(value: PickleValue): value is PicklePending {
  return typeof value === "object" && value !== null && "kind" in value;
}

/** REDUCE: the value of calling a permitted global with `args`; any other call is refused. */
export function callGlobal(
  callee: PickleValue,
  args: PickleValue,
  reader: Reader,
): PickleValue {
  const { refuse, spend } = reader;
  if (!isPending(callee) || callee.kind !== "global" || !Array.isArray(args)) {
    throw refuse("the pickle calls a value that is no permitted global");
  }
  const { name } = callee;
  switch (name) {
    case "numpy ndarray":
      throw refuse(
        "numpy.ndarray is called directly, which weight files never do,",
      );
    case "numpy dtype":
      return makeDtype(args, refuse);
    case "numpy.core.multiarray _reconstruct":
    case "numpy._core.multiarray _reconstruct":
      return emptyArray(args, refuse);
    case "numpy.core.numeric _frombuffer":
    case "numpy._core.numeric _frombuffer": {
      const [buffer, dtype, shape, order] = args;
      if (args.length !== 4 || (order !== "C" && order !== "F")) {
        throw refuse(
          "expected numpy _frombuffer with buffer, dtype, shape and order C or F",
        );
      }
      return {
        kind: "array",
        tensor: makeTensor(shape, dtype, order === "F", buffer, reader),
      };
    }
    case "jax._src.array _reconstruct_array": {
      const [make = null, makeArgs = null, state = null] = args;
      const isArrayMaker =
        isPending(make) &&
        make.kind === "global" &&
        make.name.endsWith(" _reconstruct");
      if (!isArrayMaker)
        throw refuse("expected a JAX array to be made from numpy _reconstruct");
      const array = callGlobal(make, makeArgs, reader);
      setState(array, state, reader);
      return array;
    }
    case "_codecs encode": {
      const [text, encoding] = args;
      if (
        args.length !== 2 ||
        typeof text !== "string" ||
        encoding !== "latin1"
      ) {
        throw refuse("expected _codecs.encode of a string to latin1");
      }
      spend(text.length);
      return Buffer.from(text, "latin1");
    }
    default:
      name satisfies never;
      throw refuse(`global ${String(name)} is not handled`);
  }
}

/** BUILD: gives a dtype its byte order, or an array its shape and data. */
export function setState(
  target: PickleValue,
  state: PickleValue,
  reader: Reader,
): void {
  const { refuse } = reader;
  if (!isPending(target) || target.kind === "global" || !Array.isArray(state)) {
    throw refuse(
      "the pickle sets the state of a value that is neither numpy array nor dtype",
    );
  }
  if (target.kind === "dtype") {
    const order = state[1];
    if (order !== "<" && order !== ">")
      throw refuse(
        `expected a numpy dtype of byte order < or >, got ${show(order)}`,
      );
    target.bigEndian = order === ">";
    return;
  }
  const [version, shape, dtype, fortran, data] = state;
  if (state.length !== 5 || version !== 1 || typeof fortran !== "boolean") {
    throw refuse(
      "expected a numpy array state of version 1 with shape, dtype, order and bytes",
    );
  }
  target.tensor = makeTensor(shape, dtype, fortran, data, reader);
}

function makeDtype(
  args: readonly PickleValue[],
  refuse: Refuse,
): PicklePending {
  const type = args[0];
  if (type !== "f4" && type !== "f8")
    throw refuse(`expected numpy dtype f4 or f8, got ${show(type)}`);
  return { kind: "dtype", bits: type === "f4" ? 32 : 64 };
}

function emptyArray(
  args: readonly PickleValue[],
  refuse: Refuse,
): PicklePending {
  const type = args[0];
  if (
    type === undefined ||
    !isPending(type) ||
    type.kind !== "global" ||
    type.name !== "numpy ndarray"
  ) {
    throw refuse("expected numpy _reconstruct of numpy.ndarray");
  }
  return { kind: "array" };
}

function makeTensor(
  shape: PickleValue | undefined,
  dtype: PickleValue | undefined,
  fortran: boolean,
  data: PickleValue | undefined,
  { refuse, spend }: Reader,
): HostTensor {
  if (
    dtype === undefined ||
    !isPending(dtype) ||
    dtype.kind !== "dtype" ||
    dtype.bigEndian === undefined
  ) {
    throw refuse("expected a numpy array whose dtype has a byte order");
  }
  if (!Array.isArray(shape) || !(data instanceof Uint8Array)) {
    throw refuse("expected a numpy array with a shape tuple and bytes");
  }
  const { bits, bigEndian } = dtype;
  spend(data.length);
  try {
    return tensorFromBytes(
      data,
      { shape: shape as number[], bits, bigEndian, fortran },
      "numpy array",
    );
  } catch (error) {
    throw refuse((error as Error).message);
  }
}

function show(value: PickleValue | undefined): string {
  return typeof value === "string" ? `"${value.slice(0, 20)}"` : typeof value;
}
