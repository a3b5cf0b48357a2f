/** @file `jvp`: forward-mode differentiation. */
import { isFloat } from "../dtype.ts";
import { evalJaxpr, type Jaxpr } from "../jaxpr/jaxpr.ts";
import type { Primitive, Tangent } from "../primitive.ts";
import { add } from "../primitives/elementwise.ts";
import { zeros } from "../primitives/fill.ts";
import type { ArrayType } from "../shape.ts";
import { Interpreter, Tracer, withInterpreter, type Value } from "../tracer.ts";
import { FlatFunction, flattenLike, flattenValues } from "./flat.ts";
import { traceToJaxpr } from "./trace.ts";
import type { ArrayArgs, Arrays } from "./types.ts";

class JvpTracer extends Tracer {
  constructor(
    interpreter: Forward,
    readonly primal: Value,
    readonly tangent: Tangent,
  ) {
    super(interpreter);
  }
  get type(): ArrayType {
    return this.primal.type;
  }
  override get known(): Value {
    return this.primal;
  }
}

class Forward extends Interpreter {
  override lift(value: Value): JvpTracer {
    return new JvpTracer(this, value, null);
  }
  override process<P>(
    primitive: Primitive<P>,
    args: readonly JvpTracer[],
    params: P,
  ): JvpTracer[] {
    const primals = args.map((x) => x.primal);
    const tangents = args.map((x) => x.tangent);
    if (tangents.every((t) => t === null))
      return primitive.bind(primals, params).map((out) => this.lift(out));
    const [out, terms] = primitive.rules.diff.jvp(
      primitive,
      primals,
      tangents,
      params,
    );
    return out.map(
      (y, i) =>
        new JvpTracer(this, y, terms[i].length ? terms[i].reduce(add) : null),
    );
  }
}

/** Results and tangents of `f` at `primals` along `tangents` (null is zero). */
export function runForward(
  f: (args: Value[]) => readonly Value[],
  primals: readonly Value[],
  tangents: readonly Tangent[],
): { primal: Value; tangent: Tangent }[] {
  return withInterpreter(new Forward(), (forward) =>
    f(primals.map((x, i) => new JvpTracer(forward, x, tangents[i]))).map(
      (out) =>
        out instanceof JvpTracer && out.interpreter === forward
          ? { primal: out.primal, tangent: out.tangent }
          : { primal: out, tangent: null },
    ),
  );
}

/**
 * `[f(...primals), its derivative along tangents]`; tangents have the tree and types of the primals, those of
 * integers and booleans count as zero (jax.jvp).
 */
export function jvp<A extends readonly unknown[], R>(
  f: (...args: A) => R,
  primals: A,
  tangents: ArrayArgs<A>,
): [R, Arrays<R>] {
  const [values, def] = flattenValues("jvp", primals);
  const directions = flattenLike("jvp", "tangent", tangents, def, values);
  const flat = new FlatFunction("jvp", f, def);
  const results = runForward(
    flat.run,
    values,
    directions.map((dx) => (isFloat(dx.dtype) ? dx : null)),
  );
  return [
    flat.build(results.map(({ primal }) => primal)),
    flat.build(
      results.map(({ primal, tangent }) => tangent ?? zeros(primal.type)),
    ) as Arrays<R>,
  ];
}

/**
 * A jaxpr with its derivative: inputs are all primals, then tangents of those flagged in `nonzero`; outputs are all
 * primals, then tangents where they can differ from zero or `force` asks for them; `outNonzero` says which.
 */
export function jvpJaxpr(
  jaxpr: Jaxpr,
  nonzero: readonly boolean[],
  force: readonly boolean[],
): { jaxpr: Jaxpr; outNonzero: boolean[] } {
  const types = jaxpr.inputs.map((v) => v.type);
  let outNonzero: boolean[] = [];
  const closed = traceToJaxpr(
    (args) => {
      const given = args.slice(types.length);
      const tangents = nonzero.map((flag) =>
        flag ? (given.shift() as Value) : null,
      );
      const results = runForward(
        (tracers) => evalJaxpr(jaxpr, tracers),
        args.slice(0, types.length),
        tangents,
      );
      outNonzero = results.map(
        ({ tangent }, i) => tangent !== null || force[i],
      );
      return [
        ...results.map(({ primal }) => primal),
        ...results.flatMap(({ primal, tangent }, i) =>
          outNonzero[i] ? [tangent ?? zeros(primal.type)] : [],
        ),
      ];
    },
    [...types, ...types.filter((_, i) => nonzero[i])],
  );
  return { jaxpr: closed.jaxpr, outNonzero };
}
