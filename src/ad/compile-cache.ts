/** @file The compile cache: equal programs of one process share an executable, and with it the packed weights it holds. */
import type { Array } from "./array.ts";
import type { CompileOptions, Device, Executable } from "./backends/backend.ts";
import { backendOf } from "./devices.ts";
import { explainFailure } from "./explain-failure.ts";
import { fingerprint } from "./jaxpr/fingerprint.ts";
import type { Jaxpr } from "./jaxpr/jaxpr.ts";
import { lowerJaxpr } from "./lowering/lower.ts";

interface Entry {
  readonly executable: Executable | Promise<Executable>;
  holders: number;
}

/**
 * Weak, so that a jitted function nobody refers to takes its executables with it, disposed of or not: what is here is
 * what jitted functions hold.
 */
const cache = new Map<string, WeakRef<Entry>>();
const forget = (key: string, entry: Entry | undefined): void => {
  if (cache.get(key)?.deref() === entry) cache.delete(key);
};
const collected = new FinalizationRegistry<string>((key) =>
  forget(key, undefined),
);

/** A share of an executable. */
export interface Lease {
  readonly executable: Executable | Promise<Executable>;
  /** Gives the share back, once, when no call of its holder is under way; the last one frees the native memory. */
  release(): Promise<void>;
}

/** The executable of a closed jaxpr: a running one if an equal program was compiled with these options, else a new one. */
export function compileShared(
  jaxpr: Jaxpr,
  consts: readonly Array[],
  device: Device,
  options: CompileOptions,
): Lease {
  const { symbols, threads, workers, precision } = options;
  const key = `${device} ${threads} ${workers} ${precision} ${JSON.stringify([...symbols])} ${fingerprint({ jaxpr, consts })}`;
  let entry = cache.get(key)?.deref();
  if (!entry) {
    const backend = backendOf(device);
    const compiled = backend.compile(lowerJaxpr(jaxpr, consts), options);
    const executable =
      compiled instanceof Promise
        ? compiled.catch(async (error: unknown) => {
            throw await explainFailure(error, jaxpr, backend, options);
          })
        : compiled;
    entry = { executable, holders: 0 };
    cache.set(key, new WeakRef(entry));
    collected.register(entry, key);
    // A compilation that failed (no memory, say) may be tried again.
    if (executable instanceof Promise)
      executable.catch(() => forget(key, entry));
  }
  return hold(key, entry);
}

function hold(key: string, entry: Entry): Lease {
  const { executable } = entry;
  entry.holders++;
  return {
    executable,
    async release() {
      if (--entry.holders > 0) return;
      forget(key, entry);
      // What failed to compile holds nothing; its callers were told.
      await Promise.resolve(executable).then(
        (exe) => exe.dispose(),
        () => undefined,
      );
    },
  };
}
