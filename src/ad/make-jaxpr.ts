/** @file `makeJaxpr`: shows what a function does, as a jaxpr. */
import type { ClosedJaxpr } from "./jaxpr/jaxpr.ts";
import { traceToJaxpr } from "./transforms/trace.ts";
import { flatten, unflatten } from "./tree.ts";
import { asValue } from "./value.ts";

/** The jaxpr of `f` at arguments of the given types (jax.make_jaxpr). */
export const makeJaxpr =
  <A extends readonly unknown[]>(f: (...args: A) => unknown) =>
  (...args: A): ClosedJaxpr => {
    const [leaves, def] = flatten(args);
    const types = leaves.map((leaf) => asValue("makeJaxpr", leaf).type);
    return traceToJaxpr(
      (tracers) =>
        flatten(f(...(unflatten(def, tracers) as A)))[0].map((leaf) =>
          asValue("makeJaxpr", leaf),
        ),
      types,
    );
  };
