/** @file Values, tracers, the interpreter stack, and `bind`: how a primitive finds the transform that must see it. */
import type { DType, TypedArray } from "./dtype.ts";
import { nest, type Nested } from "./host.ts";
import type { Primitive } from "./primitive.ts";
import { showShape, showType, type ArrayType, type Shape } from "./shape.ts";

let row: (x: Value, index: number) => Value;
/** Installs the look-up of a row, which is made of primitives and so cannot be imported here. */
export const installRow = (look: typeof row): void => void (row = look);

/**
 * Anything a primitive applies to: a concrete array or a tracer. A tracer gives its elements only where they are
 * known, as the primal value is under eager differentiation; elsewhere reading them is a TypeError.
 */
export abstract class Value {
  abstract readonly type: ArrayType;
  /** Type and, where they are known, elements. */
  abstract toString(): string;
  /** The elements in row-major order, waiting for a pending computation. */
  abstract data(): Promise<TypedArray>;
  /** The elements at once; a TypeError while they are still being computed. */
  abstract dataSync(): TypedArray;

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

  /** The value of an array of one element, as a number (bool: 0 or 1). */
  item(): number {
    if (this.size !== 1)
      throw new TypeError(
        `item: expected an array of one element, got shape ${showShape(this.shape)}`,
      );
    return this.dataSync()[0];
  }

  /** The elements in nested lists, one level an axis. */
  tolist(): Nested {
    return nest(this.dataSync(), this.shape, this.dtype);
  }

  /** Rows along the leading axis, so that `const [a, b] = x` takes them apart. */
  *[Symbol.iterator](): Generator<Value, void> {
    if (this.ndim === 0)
      throw new TypeError(
        `expected an array with a leading axis to take rows from, got ${showType(this.type)}`,
      );
    for (let i = 0; i < this.shape[0]; i++) yield row(this, i);
  }

  /** What `x + 1` or `x < y` in plain JavaScript asks for: the number of a scalar, never of a tracer. */
  [Symbol.toPrimitive](hint: string): string | number {
    return hint === "string" ? this.toString() : this.item();
  }
}

/** A value standing in for an array while a transform runs. */
export abstract class Tracer extends Value {
  constructor(readonly interpreter: Interpreter) {
    super();
  }

  /** The value outside the transform that this one stands for, where there is just one. */
  get known(): Value | null {
    return null;
  }

  override async data(): Promise<TypedArray> {
    return this.#outside("data").data();
  }

  override dataSync(): TypedArray {
    return this.#outside("dataSync").dataSync();
  }

  #outside(who: string): Value {
    if (this.known) return this.known;
    throw new TypeError(
      `${who}: the elements of this ${showType(this.type)} are not known while its function is traced; decide with cond, whileLoop or numpy.where, and read elements from the transformed function's result`,
    );
  }

  override toString(): string {
    return `traced ${showType(this.type)}`;
  }

  override [Symbol.toPrimitive](hint: string): string | number {
    if (hint === "string") return this.toString();
    throw new TypeError(
      `${this.toString()} cannot become a plain number, which would lose its derivative or its batch; compute with numpy functions, and decide with x.item(), cond or numpy.where`,
    );
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
