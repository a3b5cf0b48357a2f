/** @file Which primitive a device could not compile: a runtime's own message speaks of its operators, not of ours. */
import type { Backend, CompileOptions } from "./backends/backend.ts";
import { Var, type Eqn, type Jaxpr } from "./jaxpr/jaxpr.ts";
import { jaxprsIn } from "./jaxpr/print.ts";
import { lowerJaxpr } from "./lowering/lower.ts";
import { showType } from "./shape.ts";

/**
 * An error that names the first equation of `jaxpr` the device refuses when it is compiled alone, or `error` itself
 * where it is no such equation: a sentence of our own, a device that does not work, a lack of memory.
 */
export async function explainFailure(
  error: unknown,
  jaxpr: Jaxpr,
  backend: Backend,
  options: CompileOptions,
): Promise<unknown> {
  const refusal = async (program: Jaxpr): Promise<string | null> => {
    try {
      const here = { ...options, workers: 0 };
      (await backend.compile(lowerJaxpr(program), here)).dispose();
      return null;
    } catch (reason) {
      return (reason as Error).message.split("\n")[0];
    }
  };
  const x = new Var({ shape: [], dtype: "float32" });
  const nothing = { inputs: [x], eqns: [], outputs: [x] };
  if (error instanceof TypeError || (await refusal(nothing)) !== null)
    return error;
  for (const eqn of equations(jaxpr)) {
    if (!knowsSizes(eqn, options)) continue;
    const { primitive, inputs, outputs } = eqn;
    const reason = await refusal({ inputs, eqns: [eqn], outputs });
    if (reason === null) continue;
    const types = inputs.map(({ type }) => showType(type)).join(" and ");
    return new Error(
      `jit: device ${backend.device} cannot compile ${primitive.name}${types && ` of ${types}`} (${reason}); keep it out of the jitted function, or compile that for device js`,
      { cause: error },
    );
  }
  return error;
}

/** Every equation, those of a loop's or branch's body before the loop or branch. */
function* equations({ eqns }: Jaxpr): Generator<Eqn> {
  for (const eqn of eqns) {
    for (const body of jaxprsIn(eqn.params)) yield* equations(body);
    yield eqn;
  }
}

/** Alone, an equation learns a symbolic size from its operands only. */
function knowsSizes(
  { inputs, outputs }: Eqn,
  options: CompileOptions,
): boolean {
  const given = inputs.flatMap(({ type }) => type.shape);
  return outputs.every(({ type }) =>
    type.shape.every((n) => !options.symbols.has(n) || given.includes(n)),
  );
}
