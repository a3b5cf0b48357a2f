/** @file Values, tracers, the interpreter stack, and `bind`: how a primitive finds the transform that must see it. */
import type { Primitive } from "./primitive.ts";
import type { DType } from "./dtype.ts";
import type { ArrayType, Shape } from "./shape.ts";

/** Anything a primitive applies to: a concrete array or a tracer. */
export abstract class Value {
  abstract readonly type: ArrayType;
  get shape(): Shape {
    return this.type.shape;
  }
  get dtype(): DType {
    return this.type.dtype;
  }
  get ndim(): number {
    return this.type.shape.length;
  }
  get size(): number {
    return this.type.shape.reduce((product, n) => product * n, 1);
  }
}

/** A value standing in for an array while a transform runs. */
export abstract class Tracer extends Value {
  constructor(readonly interpreter: Interpreter) {
    super();
  }
}

/** One running transform. Levels grow inwards: the innermost transform sees a primitive first. */
export abstract class Interpreter {
  level = 0;
  /** A value of an outer level (or a concrete array) as a tracer of this one. */
  abstract lift(value: Value): Tracer;
  abstract process<P>(
    primitive: Primitive<P>,
    args: readonly Tracer[],
    params: P,
  ): Value[];
}

const stack: Interpreter[] = [];
/** While a function is traced to a jaxpr every primitive is recorded, also those on concrete arrays. */
let recorder: Interpreter | null = null;

/** Runs `body` with `interpreter` innermost; `records` makes it see primitives without traced operands too. */
export function withInterpreter<I extends Interpreter, R>(
  interpreter: I,
  body: (interpreter: I) => R,
  options: { records?: boolean } = {},
): R {
  const outer = recorder;
  interpreter.level = stack.length + 1;
  stack.push(interpreter);
  if (options.records) recorder = interpreter;
  try {
    return body(interpreter);
  } finally {
    stack.pop();
    recorder = outer;
  }
}

export const isTracing = (): boolean => recorder !== null;

type Evaluate = <P>(
  primitive: Primitive<P>,
  args: readonly Value[],
  params: P,
) => Value[];
let evaluate: Evaluate = () => {
  throw new Error(
    "bind: no evaluator is installed; import the library through its index",
  );
};
/** Installs the bottom interpreter, so that this file never imports a backend. */
export const installEvaluator = (evaluator: Evaluate): void =>
  void (evaluate = evaluator);

/** Applies a primitive: to the innermost transform among its operands, or by evaluating it. */
export function bind<P>(
  primitive: Primitive<P>,
  args: readonly Value[],
  params: P,
): Value[] {
  let top: Interpreter | null = recorder;
  for (const arg of args) {
    if (
      arg instanceof Tracer &&
      (top === null || arg.interpreter.level > top.level)
    )
      top = arg.interpreter;
  }
  if (top === null) return evaluate(primitive, args, params);
  if (stack[top.level - 1] !== top) {
    throw new TypeError(
      `${primitive.name}: a value traced by a transform was used after that transform had ended; return it from the transformed function instead`,
    );
  }
  const interpreter = top;
  return interpreter.process(
    primitive,
    args.map((arg) =>
      arg instanceof Tracer && arg.interpreter === interpreter
        ? arg
        : interpreter.lift(arg),
    ),
    params,
  );
}
