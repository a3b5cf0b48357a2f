/** @file `exportOnnx`: a function as an ONNX file that any runtime of the format can run. */
import { encodeFile, type FileInput } from "./backends/onnx/model-file.ts";
import { leafNames, refuseDuplicates } from "./export-names.ts";
import { lowerJaxpr } from "./lowering/lower.ts";
import { ShapeDtypeStruct, type Abstract } from "./make-jaxpr.ts";
import type { ArrayType } from "./shape.ts";
import { SymbolTable, parseShapes } from "./symbolic.ts";
import { traceFunction } from "./traced.ts";
import { flatten } from "./tree.ts";
import { asValue } from "./value.ts";
import { packageVersion } from "./version.ts";

export interface ExportOptions {
  /** Axes of any size, as in `jit`: a size that has a name here has it in the file. */
  readonly symbolicShapes?: readonly unknown[];
  /** A name for each argument; for one that is a tree a name (`params` -> `params.wh`) or a tree of names. By default `x0`, `x1.wh`. */
  readonly inputNames?: readonly unknown[];
  /** The same for the result. By default its own keys (`h`, `carry.c`), `y0`, `y1` for a list, `y0` for a single array. */
  readonly outputNames?: unknown;
  /** int32 inputs, by name, that the file takes as int64, the usual type of indices in ONNX files. */
  readonly int64Inputs?: readonly string[];
  /** The file's doc_string. */
  readonly docString?: string;
  /** The file's metadata_props. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * `f` as the bytes of a self-contained ONNX file (IR version 9, opset 20, standard operators only), after the passes of
 * `jit`. Arguments may be given by their types alone (`ShapeDtypeStruct`); what `f` closes over is stored in the file.
 * Throws what `jit` would, a TypeError for names that are not distinct or not there, a RangeError beyond 2 GiB.
 */
export async function exportOnnx<A extends readonly unknown[]>(
  f: (...args: A) => unknown,
  exampleArgs: Abstract<A> & readonly unknown[],
  options: ExportOptions = {},
): Promise<Uint8Array> {
  const who = "exportOnnx";
  const [leaves, def] = flatten(exampleArgs);
  const { types, names } = parseShapes(
    who,
    options.symbolicShapes,
    def,
    leaves.map((leaf) =>
      leaf instanceof ShapeDtypeStruct ? leaf : asValue(who, leaf).type,
    ),
  );
  const symbols = new SymbolTable(names);
  // The file is for any runtime: what suits the processor of ours is left out.
  const { jaxpr, consts, outDef } = traceFunction(who, f, def, types, symbols, ["weightsFirst", "tile"]); // prettier-ignore
  const inputs = leafNames(`${who} inputNames`, options.inputNames, def, "x");
  const outputs = leafNames(`${who} outputNames`, options.outputNames, outDef, "y"); // prettier-ignore
  refuseDuplicates(who, [...inputs, ...outputs]);
  const elements = fileInputs(inputs, types, options.int64Inputs ?? []);
  await Promise.all(consts.map((value) => value.data()));
  return encodeFile(lowerJaxpr(jaxpr, consts), {
    inputs: elements,
    outputs,
    symbols: symbols.names,
    header: {
      producerVersion: packageVersion(),
      docString: options.docString ?? "",
      metadata: options.metadata ?? {},
    },
  });
}

function fileInputs(
  names: readonly string[],
  types: readonly ArrayType[],
  int64: readonly string[],
): FileInput[] {
  for (const name of int64) {
    const found = types[names.indexOf(name)]?.dtype ?? "no such input";
    if (found !== "int32")
      throw new TypeError(
        `exportOnnx int64Inputs: expected "${name}" to be an int32 input, got ${found}`,
      );
  }
  return names.map((name) => ({
    name,
    element: int64.includes(name) ? "int64" : null,
  }));
}
