/** @file The bottom interpreter: a primitive on concrete arrays runs as a one-equation program, compiled once a type. */
import { Array } from "./array.ts";
import { js } from "./backends/js/index.ts";
import type { TypedArray } from "./dtype.ts";
import { idOf } from "./identity.ts";
import { Var } from "./jaxpr/jaxpr.ts";
import { lowerJaxpr } from "./lowering/lower.ts";
import type { Primitive } from "./primitive.ts";
import { showType, type ArrayType } from "./shape.ts";
import { sliceAxis } from "./primitives/slicing.ts";
import { reshape } from "./primitives/structural.ts";
import { installEvaluator, installRow, type Value } from "./tracer.ts";

interface Compiled {
  readonly types: readonly ArrayType[];
  readonly run: (inputs: readonly TypedArray[]) => TypedArray[];
}

/** Shapes recur; a bound keeps a program that never repeats one from growing without end. */
const capacity = 4096;
const cache = new Map<string, Compiled>();

/** Parameters as text: plain data by content, jaxprs (of scan) by identity. */
const paramsKey = (params: unknown): string =>
  JSON.stringify(params, (_key, value: unknown) => {
    if (
      typeof value === "number" &&
      (!Number.isFinite(value) || Object.is(value, -0))
    )
      return `${1 / value} ${value}`;
    if (typeof value !== "object" || value === null || !("eqns" in value))
      return value;
    return `jaxpr ${idOf(value)}`;
  });

function compile<P>(
  primitive: Primitive<P>,
  inputs: readonly ArrayType[],
  params: P,
): Compiled {
  const key = `${primitive.name} ${paramsKey(params)} ${inputs.map(showType).join(" ")}`;
  let compiled = cache.get(key);
  if (!compiled) {
    const types = primitive.rules.type(inputs, params);
    const vars = inputs.map((type) => new Var(type));
    const outputs = types.map((type) => new Var(type));
    const eqn = {
      primitive: primitive as unknown as Primitive<never>,
      inputs: vars,
      params,
      outputs,
    };
    const executable = js.compile(
      lowerJaxpr({ inputs: vars, eqns: [eqn], outputs }),
    );
    compiled = {
      types,
      run: (data) => executable.run(data),
    };
    if (cache.size >= capacity) cache.clear();
    cache.set(key, compiled);
  }
  return compiled;
}

/** Evaluates at once, or, while an operand is still being computed, as soon as all of them are there. */
installEvaluator(
  <P>(primitive: Primitive<P>, args: readonly Value[], params: P): Value[] => {
    const arrays = args as readonly Array[];
    const { types, run } = compile(
      primitive,
      arrays.map((x) => x.type),
      params,
    );
    if (arrays.every((x) => x.ready !== null)) {
      const out = run(arrays.map((x) => x.dataSync()));
      return types.map((type, i) => new Array(type, out[i]));
    }
    const pending = Promise.all(arrays.map((x) => x.data())).then(run);
    return types.map(
      (type, i) =>
        new Array(
          type,
          pending.then((out) => out[i]),
        ),
    );
  },
);

installRow((x, i) => reshape(sliceAxis(x, 0, i, i + 1), x.shape.slice(1)));
