/** @file `jit`: a function is traced once for each combination of argument types and compiled as a whole. */
import { Array } from "./array.ts";
import type {
  Device,
  Executable,
  Precision,
  Storage,
} from "./backends/backend.ts";
import { backendOf } from "./devices.ts";
import { idOf } from "./identity.ts";
import { lowerJaxpr } from "./lowering/lower.ts";
import { optimize } from "./passes/index.ts";
import { showType, type ArrayType } from "./shape.ts";
import { SymbolTable, parseShapes } from "./symbolic.ts";
import { Tracer, isTracing, type Value } from "./tracer.ts";
import { FlatFunction, flattenValues } from "./transforms/flat.ts";
import { traceToJaxpr } from "./transforms/trace.ts";
import { showTree, unflatten, type TreeDef } from "./tree.ts";

export interface JitOptions {
  /** Where it runs, `cpu` by default; results of a device other than `js` are pending until awaited. `devices()` lists what works here. */
  readonly device?: Device;
  /** Threads of one call on `cpu`; 0 (the default) leaves it to ONNX Runtime: one a physical core. */
  readonly threads?: number;
  /** `int8` rounds both sides of products with closed-over constants to 8 bits (device `cpu` only). */
  readonly precision?: Precision;
  /**
   * Axes that may have any size without compiling again, for each argument a string or a tree of strings like
   * `"steps, lanes"` or `"lanes, ..."`: a name is a symbolic size, `_` a fixed one, `...` the fixed rest.
   * Devices `cpu` and `cuda`; the others compile each size.
   */
  readonly symbolicShapes?: readonly unknown[];
  /** Arguments that are not arrays but choices (a number, a string, an object): each value is compiled for itself. */
  readonly staticArgnums?: readonly number[];
}

interface Compiled {
  readonly executable: Executable | Promise<Executable>;
  /** Calls under way; memory they use is freed after them. */
  readonly running: Set<Promise<unknown>>;
  readonly outTypes: readonly ArrayType[];
  readonly outDef: TreeDef;
  readonly symbols: SymbolTable;
}

/** Plain values by content, objects and functions by identity. */
function staticKey(value: unknown): string {
  if (
    (typeof value !== "object" && typeof value !== "function") ||
    value === null
  )
    return `${typeof value} ${Object.is(value, -0) ? "-0" : String(value)}`;
  return `object ${idOf(value)}`;
}

export type Jitted<A extends readonly unknown[], R> = ((...args: A) => R) & {
  /** Frees the native memory of everything compiled so far, once calls under way have ended; the next call compiles anew. */
  dispose(): Promise<void>;
};

/** `f` compiled for a device; arguments and results are trees of arrays (jax.jit). Under another transform `f` is inlined. */
export function jit<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  options: JitOptions = {},
): Jitted<A, R> {
  const { device = "cpu", threads = 0, precision = "float32" } = options;
  if (precision === "int8" && device === "js")
    throw new TypeError("jit: precision int8 needs device cpu, got js");
  const staticAt = new Set(options.staticArgnums);
  const cache = new Map<string, Compiled>();

  const compile = (
    args: A,
    def: TreeDef,
    types: readonly ArrayType[],
    symbols: SymbolTable,
  ): Compiled => {
    const traced = (...given: unknown[]): R =>
      f(
        ...(args.map((arg: unknown, i) =>
          staticAt.has(i) ? arg : given[i],
        ) as unknown as A),
      );
    const flat = new FlatFunction("jit", traced, def);
    const program = symbols.trace((at) => traceToJaxpr(flat.run, at), types);
    for (const value of program.consts) {
      if (!(value instanceof Array))
        throw new TypeError(
          "jit: a traced value was closed over; pass it as an argument instead",
        );
    }
    const closed = optimize(program);
    return {
      executable: backendOf(device).compile(
        lowerJaxpr(closed.jaxpr, closed.consts as readonly Array[]),
        {
          symbols: symbols.names,
          threads,
          precision,
        },
      ),
      outTypes: closed.jaxpr.outputs.map((v) => v.type),
      outDef: flat.outDef,
      symbols,
      running: new Set(),
    };
  };

  const call = (...args: A): R => {
    // A static argument leaves an empty place in the tree of operands.
    const [values, def] = flattenValues(
      "jit",
      args.map((arg, i) => (staticAt.has(i) ? null : arg)),
    );
    if (isTracing() || values.some((x) => x instanceof Tracer))
      return f(...args);
    const arrays = values as readonly Value[] as readonly Array[];
    const backend = backendOf(device);
    const specs = backend.symbolicSizes ? options.symbolicShapes : undefined;
    const { types, sizes, names } = parseShapes(
      specs,
      def,
      arrays.map((x) => x.type),
    );
    const fixed = [...staticAt].map((i) => staticKey(args[i])).join(" ");
    const key = `${showTree(def)} ${types.map(showType).join(" ")} ${fixed}`;
    let compiled = cache.get(key);
    if (!compiled) {
      compiled = compile(args, def, types, new SymbolTable(names));
      cache.set(key, compiled);
      // A compilation that failed (no memory, say) may be tried again.
      if (compiled.executable instanceof Promise)
        compiled.executable.catch(() => cache.delete(key));
    }
    const { executable, outTypes, outDef, symbols, running } = compiled;
    const run = (exe: Executable, inputs: readonly Storage[]) =>
      exe.run(inputs, sizes);
    const inputs = arrays.map((x) => x.on(device));
    let results: (Storage | Promise<Storage>)[];
    const out =
      executable instanceof Promise || inputs.some((x) => x instanceof Promise)
        ? Promise.all([executable, ...inputs]).then(([exe, ...stored]) =>
            run(exe, stored),
          )
        : run(executable, inputs as Storage[]);
    if (out instanceof Promise) {
      running.add(out);
      // A function without results has nobody to tell of its failure.
      out.catch(() => undefined).finally(() => running.delete(out));
      results = outTypes.map((_, i) => out.then((buffers) => buffers[i]));
    } else {
      results = out;
    }
    return unflatten(
      outDef,
      outTypes.map(
        (type, i) => new Array(symbols.resolve(type, sizes), results[i]),
      ),
    ) as R;
  };
  return Object.assign(call, {
    dispose: async () => {
      const all = [...cache.values()];
      cache.clear();
      for (const { executable, running } of all) {
        await Promise.allSettled(running);
        // What failed to compile holds nothing; its callers were told.
        await Promise.resolve(executable).then(
          (exe) => exe.dispose(),
          () => undefined,
        );
      }
    },
  });
}
