/** @file `jit`: a function is traced once for each combination of argument types and compiled as a whole. */
import { Array } from "./array.ts";
import type {
  Device,
  Executable,
  Precision,
  Storage,
} from "./backends/backend.ts";
import { compileShared, type Lease } from "./compile-cache.ts";
import { backendOf } from "./devices.ts";
import { checkDonateArgnums, donatedLeaves } from "./donation.ts";
import { idOf } from "./identity.ts";
import { createLru } from "./lru.ts";
import type { PassName } from "./passes/index.ts";
import { showType, type ArrayType } from "./shape.ts";
import { SymbolTable, parseShapes } from "./symbolic.ts";
import { Tracer, isTracing, type Value } from "./tracer.ts";
import { traceFunction } from "./traced.ts";
import { flattenValues } from "./transforms/flat.ts";
import { showTree, unflatten, type TreeDef } from "./tree.ts";

export interface JitOptions {
  /** Where it runs, `cpu` by default; results of a device other than `js` are pending until awaited. `devices()` lists what works here. */
  readonly device?: Device;
  /** Threads of one call on `cpu`; 0 (the default) leaves it to ONNX Runtime: one a physical core. */
  readonly threads?: number;
  /**
   * Calls that may run at a time, each in a thread of its own with a session of its own, on `cpu`: the calling thread
   * goes on meanwhile, for the price of copying operands in. 0 (the default): calls run on the calling thread, one after
   * another, and stop it.
   */
  readonly workers?: number;
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
  /**
   * Arguments whose arrays are deleted by the call: their memory is freed as soon as it has run, not when the garbage
   * collector comes by (jax.jit donate_argnums). Under another transform nothing is donated.
   */
  readonly donateArgnums?: readonly number[];
}

/** Programs one function keeps compiled; the one used longest ago makes room. */
const capacity = 64;

/** Devices whose results are memory on the host that nothing else refers to. */
const ownResults: ReadonlySet<Device> = new Set(["cpu", "cuda"]);

interface Compiled {
  readonly lease: Lease;
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

/** Passes that do not pay on a device; 8-bit products want their constants on the right. */
function passesWithout(device: Device, precision: Precision): PassName[] {
  if (!backendOf(device).isProcessor) return ["weightsFirst", "tile"];
  return precision === "int8" ? ["weightsFirst"] : [];
}

export type Jitted<A extends readonly unknown[], R> = ((...args: A) => R) & {
  /**
   * Frees the native memory of what was compiled so far and no other function shares, once calls under way have ended;
   * the next call compiles anew.
   */
  dispose(): Promise<void>;
};

/** `f` compiled for a device; arguments and results are trees of arrays (jax.jit). Under another transform `f` is inlined. */
export function jit<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  options: JitOptions = {},
): Jitted<A, R> {
  const {
    device = "cpu",
    threads = 0,
    workers = 0,
    precision = "float32",
  } = options;
  if (precision === "int8" && device !== "cpu")
    throw new TypeError(`jit: precision int8 needs device cpu, got ${device}`);
  if (
    workers !== 0 &&
    (device !== "cpu" || !Number.isInteger(workers) || workers < 0)
  )
    throw new TypeError(
      `jit: expected workers to be a number of threads, on device cpu, got ${workers} on ${device}`,
    );
  const { staticArgnums = [], donateArgnums = [] } = options;
  checkDonateArgnums(donateArgnums, staticArgnums);
  const staticAt = new Set(staticArgnums);
  const retiring = new Set<Promise<void>>();
  /** What no new call will use is given up after the calls under way. */
  const cache = createLru<Compiled>(capacity, ({ lease, running }) => {
    const retired = Promise.allSettled(running).then(() => lease.release());
    retiring.add(retired);
    void retired.finally(() => retiring.delete(retired));
  });

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
    const { jaxpr, consts, outDef } = traceFunction(
      "jit",
      traced,
      def,
      types,
      symbols,
      passesWithout(device, precision),
    );
    return {
      lease: compileShared(jaxpr, consts, device, {
        symbols: symbols.names,
        threads,
        workers,
        precision,
      }),
      outTypes: jaxpr.outputs.map((v) => v.type),
      outDef,
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
      "jit",
      specs,
      def,
      arrays.map((x) => x.type),
    );
    const fixed = [...staticAt].map((i) => staticKey(args[i])).join(" ");
    const key = `${showTree(def)} ${types.map(showType).join(" ")} ${fixed}`;
    const donated = donatedLeaves(donateArgnums, def, arrays);
    const compiled = cache.get(key, () => {
      const made = compile(args, def, types, new SymbolTable(names));
      // A compilation that failed (no memory, say) may be tried again.
      if (made.lease.executable instanceof Promise)
        made.lease.executable.catch(() => cache.remove(key, made));
      return made;
    });
    const { lease, outTypes, outDef, symbols, running } = compiled;
    const { executable } = lease;
    const inputs = arrays.map((x) => x.on(device));
    const run = (exe: Executable, stored: readonly Storage[]) =>
      exe.run(stored, sizes);
    const out =
      executable instanceof Promise || inputs.some((x) => x instanceof Promise)
        ? Promise.all([executable, ...inputs]).then(([exe, ...stored]) =>
            run(exe, stored),
          )
        : run(executable, inputs as Storage[]);
    if (out instanceof Promise) {
      running.add(out);
      arrays.forEach((x) => x.hold());
      // A function without results has nobody to tell of its failure.
      void out
        .catch(() => undefined)
        .finally(() => {
          running.delete(out);
          arrays.forEach((x) => x.release());
        });
    }
    donated.forEach((k) => arrays[k].delete());
    return unflatten(
      outDef,
      outTypes.map(
        (type, i) =>
          new Array(
            symbols.resolve(type, sizes),
            out instanceof Promise ? out.then((buffers) => buffers[i]) : out[i],
            ownResults.has(device),
          ),
      ),
    ) as R;
  };
  return Object.assign(call, {
    dispose: async () => {
      cache.clear();
      await Promise.all(retiring);
    },
  });
}
