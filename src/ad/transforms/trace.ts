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

class JaxprTracer extends Tracer {
  constructor(
    recorder: Recorder,
    readonly variable: Var,
  ) {
    super(recorder);
  }
  get type(): ArrayType {
    return this.variable.type;
  }
}

class Recorder extends Interpreter {
  readonly eqns: Eqn[] = [];
  /** Values the function closed over, each bound to one variable. */
  readonly consts = new Map<Value, JaxprTracer>();

  override lift(value: Value): JaxprTracer {
    let tracer = this.consts.get(value);
    if (!tracer)
      this.consts.set(
        value,
        (tracer = new JaxprTracer(this, new Var(value.type))),
      );
    return tracer;
  }

  override process<P>(
    primitive: Primitive<P>,
    args: readonly JaxprTracer[],
    params: P,
  ): JaxprTracer[] {
    const types = primitive.rules.type(
      args.map((x) => x.type),
      params,
    );
    const outputs = types.map((type) => new Var(type));
    this.eqns.push({
      primitive: primitive,
      inputs: args.map((x) => x.variable),
      params,
      outputs,
    });
    return outputs.map((v) => new JaxprTracer(this, v));
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
      const args = types.map(
        (type) => new JaxprTracer(recorder, new Var(type)),
      );
      // A copy: `f` may consume its list.
      const outputs = f([...args]).map((out) =>
        out instanceof JaxprTracer && out.interpreter === recorder
          ? out
          : recorder.lift(out),
      );
      const jaxpr = removeDeadCode({
        inputs: args.map((x) => x.variable),
        eqns: recorder.eqns,
        outputs: outputs.map((x) => x.variable),
      });
      // Only now is it known which constants survive.
      const used = new Set([
        ...jaxpr.eqns.flatMap((eqn) => eqn.inputs),
        ...jaxpr.outputs,
      ]);
      const consts = [...recorder.consts].filter(([, tracer]) =>
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
    },
    { records: true },
  );
}
