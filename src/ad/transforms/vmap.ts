/** @file `vmap`: a function of one example becomes a function of a batch. */
import { evalJaxpr, type Jaxpr } from "../jaxpr/jaxpr.ts";
import type { BatchAxis, Primitive } from "../primitive.ts";
import { batchToFront, moveAxis } from "../primitives/structural.ts";
import {
  normalizeAxis,
  removeAxis,
  showShape,
  type ArrayType,
} from "../shape.ts";
import { Interpreter, Tracer, withInterpreter, type Value } from "../tracer.ts";
import { broadcastPrefix, flatten, unflatten } from "../tree.ts";
import { asValue } from "../value.ts";
import { traceToJaxpr } from "./trace.ts";

class BatchTracer extends Tracer {
  constructor(
    interpreter: Batcher,
    readonly value: Value,
    readonly axis: BatchAxis,
  ) {
    super(interpreter);
  }
  get type(): ArrayType {
    const { shape, dtype } = this.value.type;
    return {
      shape: this.axis === null ? shape : removeAxis(shape, this.axis),
      dtype,
    };
  }
}

class Batcher extends Interpreter {
  constructor(readonly size: number) {
    super();
  }
  override lift(value: Value): BatchTracer {
    return new BatchTracer(this, value, null);
  }
  override process<P>(
    primitive: Primitive<P>,
    args: readonly BatchTracer[],
    params: P,
  ): BatchTracer[] {
    const values = args.map((x) => x.value);
    const axes = args.map((x) => x.axis);
    if (axes.every((axis) => axis === null))
      return primitive.bind(values, params).map((out) => this.lift(out));
    const [out, outAxes] = primitive.rules.batch(
      primitive,
      this.size,
      values,
      axes,
      params,
    );
    return out.map((value, i) => new BatchTracer(this, value, outAxes[i]));
  }
}

/** Runs `f` on operands that carry a batch axis each (or null); gives its results with their axes. */
function runBatched(
  f: (args: Value[]) => readonly Value[],
  size: number,
  args: readonly Value[],
  axes: readonly BatchAxis[],
): { value: Value; axis: BatchAxis }[] {
  return withInterpreter(new Batcher(size), (batcher) =>
    f(args.map((x, i) => new BatchTracer(batcher, x, axes[i]))).map((out) =>
      out instanceof BatchTracer && out.interpreter === batcher
        ? { value: out.value, axis: out.axis }
        : { value: out, axis: null },
    ),
  );
}

/**
 * `f` over a batch: argument k has its batch axis at `inAxes[k]` (a number for all leaves, null for the same value
 * in every call, or a tree of these), results get theirs at `outAxes`. Follows jax.vmap.
 */
export function vmap<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  inAxes: number | null | readonly unknown[] = 0,
  outAxes: unknown = 0,
): (...args: A) => R {
  return (...args) => {
    const [leaves, def] = flatten(args);
    const values = leaves.map((leaf) => asValue("vmap", leaf));
    const prefix = globalThis.Array.isArray(inAxes)
      ? inAxes
      : args.map(() => inAxes as number | null);
    const axes = broadcastPrefix("vmap inAxes", prefix, def).map((axis, i) =>
      axis === null
        ? null
        : normalizeAxis("vmap", axis as number, values[i].ndim),
    );
    const sizes = values.flatMap((x, i) =>
      axes[i] === null ? [] : [x.shape[axes[i]]],
    );
    if (sizes.length === 0)
      throw new TypeError(
        "vmap: expected at least one argument with a batch axis, got none",
      );
    if (sizes.some((n) => n !== sizes[0])) {
      const shown = values
        .map((x, i) => `${showShape(x.shape)} axis ${axes[i]}`)
        .join(", ");
      throw new TypeError(`vmap: batch axes differ in size: ${shown}`);
    }
    let outDef = def;
    const results = runBatched(
      (batched) => {
        const [outLeaves, tree] = flatten(f(...(unflatten(def, batched) as A)));
        outDef = tree;
        return outLeaves.map((leaf) => asValue("vmap", leaf));
      },
      sizes[0],
      values,
      axes,
    );
    const wanted = broadcastPrefix("vmap outAxes", outAxes, outDef);
    const placed = results.map(({ value, axis }, i) => {
      const to = wanted[i];
      if (to === null) {
        if (axis !== null)
          throw new TypeError(
            `vmap: result ${i} differs over the batch, so its outAxes cannot be null`,
          );
        return value;
      }
      const front = batchToFront(value, axis, sizes[0]);
      return moveAxis(
        front,
        0,
        normalizeAxis("vmap", to as number, front.ndim),
      );
    });
    return unflatten(outDef, placed) as R;
  };
}

/**
 * A jaxpr over a batch: inputs flagged in `batched` gain a leading axis of `size`. Outputs gain one where they depend
 * on such an input or where `force` asks for it; `outBatched` says which did.
 */
export function batchJaxpr(
  jaxpr: Jaxpr,
  size: number,
  batched: readonly boolean[],
  force: readonly boolean[],
): { jaxpr: Jaxpr; outBatched: boolean[] } {
  const types = jaxpr.inputs.map(({ type }, i) => ({
    ...type,
    shape: batched[i] ? [size, ...type.shape] : type.shape,
  }));
  let outBatched: boolean[] = [];
  const closed = traceToJaxpr((args) => {
    const axes = batched.map((b) => (b ? 0 : null));
    const results = runBatched(
      (tracers) => evalJaxpr(jaxpr, tracers),
      size,
      args,
      axes,
    );
    outBatched = results.map(({ axis }, i) => axis !== null || force[i]);
    return results.map(({ value, axis }, i) =>
      outBatched[i] ? batchToFront(value, axis, size) : value,
    );
  }, types);
  return { jaxpr: closed.jaxpr, outBatched };
}
