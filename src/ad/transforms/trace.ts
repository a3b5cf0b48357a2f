/** @file Tracing: runs a function on types and records the primitives it applies as a jaxpr. */
import {
  Var,
  removeDeadCode,
  type ClosedJaxpr,
  type Eqn,
} from "../jaxpr/jaxpr.ts";
import type { Primitive } from "../primitive.ts";
import type { ArrayType } from "../shape.ts";
import { Interpreter, Tracer, withInterpreter, type Value } from "../tracer.ts";

/** A variable of the jaxpr that is being recorded. */
export class JaxprTracer extends Tracer {
  constructor(
    recorder: Interpreter,
    readonly variable: Var,
  ) {
    super(recorder);
  }
  get type(): ArrayType {
    return this.variable.type;
  }
}

/** Records every primitive it sees as an equation. */
export class Recorder extends Interpreter {
  readonly #eqns: Eqn[] = [];
  /** Values the function closed over, each bound to one variable. */
  readonly #consts = new Map<Value, JaxprTracer>();

  input(type: ArrayType): JaxprTracer {
    return new JaxprTracer(this, new Var(type));
  }

  /** `value` as a variable of this jaxpr: its own, or a constant's. */
  variable(value: Value): Var {
    if (value instanceof JaxprTracer && value.interpreter === this)
      return value.variable;
    let tracer = this.#consts.get(value);
    if (!tracer)
      this.#consts.set(
        value,
        (tracer = new JaxprTracer(this, new Var(value.type))),
      );
    return tracer.variable;
  }

  override lift(value: Value): Tracer {
    return new JaxprTracer(this, this.variable(value));
  }

  record<P>(
    primitive: Primitive<P>,
    args: readonly Value[],
    params: P,
  ): JaxprTracer[] {
    const types = primitive.rules.type(
      args.map((x) => x.type),
      params,
    );
    const outputs = types.map((type) => new Var(type));
    this.#eqns.push({
      primitive: primitive as unknown as Primitive<never>,
      inputs: args.map((x) => this.variable(x)),
      params,
      outputs,
    });
    return outputs.map((v) => new JaxprTracer(this, v));
  }

  override process<P>(
    primitive: Primitive<P>,
    args: readonly Tracer[],
    params: P,
  ): Value[] {
    return this.record(primitive, args, params);
  }

  /** The jaxpr from `inputs` to `outputs`, without dead code; what was closed over comes first. */
  close(
    inputs: readonly JaxprTracer[],
    outputs: readonly Value[],
  ): ClosedJaxpr {
    const jaxpr = removeDeadCode({
      inputs: inputs.map((x) => x.variable),
      eqns: this.#eqns,
      outputs: outputs.map((out) => this.variable(out)),
    });
    // Only now is it known which constants survive.
    const used = new Set([
      ...jaxpr.eqns.flatMap((eqn) => eqn.inputs),
      ...jaxpr.outputs,
    ]);
    const consts = [...this.#consts].filter(([, tracer]) =>
      used.has(tracer.variable),
    );
    return {
      jaxpr: {
        ...jaxpr,
        inputs: [
          ...consts.map(([, tracer]) => tracer.variable),
          ...jaxpr.inputs,
        ],
      },
      consts: consts.map(([value]) => value),
    };
  }
}

/** The jaxpr of `f` at the given argument types, without dead code; what `f` closes over becomes `consts`. */
export function traceToJaxpr(
  f: (args: Value[]) => readonly Value[],
  types: readonly ArrayType[],
): ClosedJaxpr {
  return withInterpreter(
    new Recorder(),
    (recorder) => {
      const args = types.map((type) => recorder.input(type));
      // A copy: `f` may consume its list.
      return recorder.close(args, f([...args]));
    },
    { records: true },
  );
}
