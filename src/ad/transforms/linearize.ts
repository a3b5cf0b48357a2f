/** @file Partial evaluation: what depends on unknown inputs becomes a jaxpr, everything else is computed at once. */
import {
  evalJaxpr,
  type ClosedJaxpr,
  type Eqn,
  type Jaxpr,
  type Var,
} from "../jaxpr/jaxpr.ts";
import { Unknown, type Primitive } from "../primitive.ts";
import type { ArrayType } from "../shape.ts";
import { Tracer, bind, withInterpreter, type Value } from "../tracer.ts";
import { runForward } from "./jvp.ts";
import { JaxprTracer, Recorder, traceToJaxpr } from "./trace.ts";

/** A value from outside as an operand of an equation that also has unknown ones. */
class KnownTracer extends Tracer {
  constructor(
    interpreter: Linearizer,
    readonly value: Value,
  ) {
    super(interpreter);
  }
  get type(): ArrayType {
    return this.value.type;
  }
  override get known(): Value {
    return this.value;
  }
}

/** Sees only equations with an unknown operand: records them, or lets the primitive split them in two. */
class Linearizer extends Recorder {
  override lift(value: Value): Tracer {
    return new KnownTracer(this, value);
  }

  override process<P>(
    primitive: Primitive<P>,
    args: readonly Tracer[],
    params: P,
  ): Value[] {
    const values = args.map((x) => (x instanceof KnownTracer ? x.value : x));
    const { rules } = primitive;
    const unknown = args.map((x) => x instanceof JaxprTracer);
    return rules.partialEval && unknown.includes(false)
      ? rules.partialEval(primitive, values, unknown, params, (xs, ps) =>
          this.record(primitive, xs, ps),
        )
      : this.record(primitive, values, params);
  }

  isUnknown(value: Value): boolean {
    return value instanceof JaxprTracer && value.interpreter === this;
  }
}

/** A function at a point: its results there and its derivative as a linear program with the residuals as `consts`. */
export interface Linearized {
  readonly primals: readonly Value[];
  /** Inputs: tangents of the arguments flagged active; outputs: tangents of the results flagged `nonzero`. */
  readonly linear: ClosedJaxpr;
  readonly nonzero: readonly boolean[];
}

/** Evaluates `f` at `primals` and records how its results change with those arguments that are `active`. */
export function runLinearize(
  f: (args: Value[]) => readonly Value[],
  primals: readonly Value[],
  active: readonly boolean[],
): Linearized {
  return withInterpreter(new Linearizer(), (linearizer) => {
    const tangents = primals.map((x, i) =>
      active[i] ? linearizer.input(x.type) : null,
    );
    const results = runForward(f, primals, tangents);
    const moving = results.flatMap(({ tangent }) => (tangent ? [tangent] : []));
    return {
      primals: results.map(({ primal }) => primal),
      linear: linearizer.close(
        tangents.filter((t) => t !== null),
        moving,
      ),
      nonzero: results.map(({ tangent }) => tangent !== null),
    };
  });
}

/** The part of `jaxpr` that depends on its unknown inputs, those that are known computed and closed over. */
export function linearPart(
  jaxpr: Jaxpr,
  args: readonly (Value | Unknown)[],
): ClosedJaxpr {
  return withInterpreter(new Linearizer(), (linearizer) => {
    const inputs = args.map((x) =>
      x instanceof Unknown ? linearizer.input(x.type) : x,
    );
    return linearizer.close(
      inputs.filter((x): x is JaxprTracer => linearizer.isUnknown(x)),
      evalJaxpr(jaxpr, inputs),
    );
  });
}

/** A jaxpr cut in two where `unknown` inputs reach. */
export interface Split {
  /** Known inputs -> known outputs, then residuals. */
  readonly known: Jaxpr;
  /** Residuals, then unknown inputs -> unknown outputs. */
  readonly rest: Jaxpr;
  readonly outUnknown: readonly boolean[];
  readonly residuals: readonly ArrayType[];
}

/**
 * Cuts `jaxpr` in two; outputs flagged in `force` count as unknown even where they are not. What an equation without
 * operands makes (a fill, say) is made again in `rest`, so that no loop stores it once a step.
 */
export function splitJaxpr(
  jaxpr: Jaxpr,
  unknown: readonly boolean[],
  force: readonly boolean[],
): Split {
  let outUnknown: boolean[] = [];
  let rest = jaxpr;
  let residuals: readonly ArrayType[] = [];
  const { jaxpr: known } = traceToJaxpr(
    (args) =>
      withInterpreter(new Linearizer(), (linearizer) => {
        const inputs = jaxpr.inputs.map((v, i) =>
          unknown[i] ? linearizer.input(v.type) : (args.shift() as Value),
        );
        const env = new Map(jaxpr.inputs.map((v, i) => [v, inputs[i]]));
        const read = (v: Var) => env.get(v) as Value;
        const made = new Map<Value, Eqn>();
        for (const eqn of jaxpr.eqns) {
          const out = bind(
            eqn.primitive,
            eqn.inputs.map(read),
            eqn.params as never,
          );
          eqn.outputs.forEach((v, i) => env.set(v, out[i]));
          if (eqn.inputs.length === 0 && out.length === 1)
            made.set(out[0], eqn);
        }
        const outputs = jaxpr.outputs.map(read);
        const isUnknown = outputs.map((out) => linearizer.isUnknown(out));
        outUnknown = isUnknown.map((flag, i) => flag || force[i]);
        const closed = linearizer.close(
          inputs.filter((x): x is JaxprTracer => linearizer.isUnknown(x)),
          outputs.filter((_, i) => outUnknown[i]),
        );
        const again = (value: Value) => made.has(value);
        rest = {
          inputs: closed.jaxpr.inputs.filter(
            (_, i) => i >= closed.consts.length || !again(closed.consts[i]),
          ),
          eqns: [
            ...closed.consts.flatMap((value, i) => {
              const eqn = made.get(value);
              const outputs = [closed.jaxpr.inputs[i]];
              return eqn ? [{ ...eqn, outputs }] : [];
            }),
            ...closed.jaxpr.eqns,
          ],
          outputs: closed.jaxpr.outputs,
        };
        const kept = closed.consts.filter((value) => !again(value));
        residuals = kept.map((x) => x.type);
        return [...outputs.filter((_, i) => !outUnknown[i]), ...kept];
      }),
    jaxpr.inputs.filter((_, i) => !unknown[i]).map((v) => v.type),
  );
  return { known, rest, outUnknown, residuals };
}
