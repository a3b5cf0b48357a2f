/** @file The passes between tracing and lowering: their order, and how they are run until nothing changes. */
import { Array } from "../array.ts";
import type { ClosedJaxpr, Eqn, Jaxpr } from "../jaxpr/jaxpr.ts";
import type { Value } from "../tracer.ts";
import { batchInputs } from "./batch-inputs.ts";
import { batchOutputs } from "./batch-outputs.ts";
import { commonSubexpressions } from "./common.ts";
import { deadCode } from "./dead-code.ts";
import { fillLike } from "./fills.ts";
import { hoist } from "./hoist.ts";
import type { Pass } from "./rewrite.ts";
import { scanOperands } from "./scan-operands.ts";
import { simplify } from "./simplify.ts";
import { singleStep } from "./single-step.ts";
import { sink } from "./sink.ts";
import { tile } from "./tile.ts";
import { weightsFirst } from "./weights-first.ts";

export type { Pass } from "./rewrite.ts";

/** Every pass by name, in the order they run. Sums leave a loop before products do: a product may only feed a sum. */
export const passes = {
  singleStep,
  simplify,
  scanOperands,
  commonSubexpressions,
  deadCode,
  hoist,
  sink,
  batchOutputs,
  batchInputs,
} as const satisfies Readonly<Record<string, Pass>>;

/** `weightsFirst` and `tile`, which fit a program to a processor's memory, run once, after all others. */
export type PassName = keyof typeof passes | "weightsFirst" | "tile";

/** Each round makes the program smaller or moves work out of a loop: it ends by itself, after three or four as a rule. */
const mostRounds = 32;

/** `jaxpr` after all passes but those in `without`, run until none changes it. */
export function runPasses(
  jaxpr: Jaxpr,
  without: readonly PassName[] = [],
): Jaxpr {
  const list = Object.entries(passes)
    .filter(([name]) => !without.includes(name as PassName))
    .map(([, pass]) => pass);
  let now = jaxpr;
  for (let round = 0; round < mostRounds; round++) {
    const next = list.reduce((program: Jaxpr, pass) => pass(program), now);
    if (next === now) break;
    now = next;
  }
  return now;
}

/** The last passes, and what they leave to do: turned weights leave the loops around theirs and are shared. */
function lastPasses(
  jaxpr: Jaxpr,
  consts: number,
  without: readonly PassName[],
): Jaxpr {
  const turned = without.includes("weightsFirst")
    ? jaxpr
    : [hoist, commonSubexpressions].reduce(
        (program: Jaxpr, pass) => pass(program),
        weightsFirst(jaxpr, jaxpr.inputs.slice(consts)),
      );
  const tiled = without.includes("tile") ? turned : tile(turned);
  return deadCode(tiled);
}

/** The number every element of a constant is; null where they differ or are not known yet. */
function repeated(value: Value): number | null {
  const data = value instanceof Array ? value.ready : null;
  if (!data || data.length === 0 || data.length > 64) return null;
  return data.every((x) => Object.is(x, data[0])) ? data[0] : null;
}

/** A traced function as the backend should get it: small constants of one number written in, then all passes. */
export function optimize(
  { jaxpr, consts }: ClosedJaxpr,
  without: readonly PassName[] = [],
): ClosedJaxpr {
  const fills: Eqn[] = [];
  const kept = consts.map((value, i) => {
    const number = repeated(value);
    if (number === null) return true;
    const made = fillLike(jaxpr.inputs[i], number);
    fills.push({ ...made.eqns[0], outputs: [jaxpr.inputs[i]] });
    return false;
  });
  const optimized = runPasses(
    {
      inputs: jaxpr.inputs.filter((_, i) => kept[i] ?? true),
      eqns: [...fills, ...jaxpr.eqns],
      outputs: jaxpr.outputs,
    },
    without,
  );
  const read = new Set([
    ...optimized.eqns.flatMap((eqn) => eqn.inputs),
    ...optimized.outputs,
  ]);
  const given = consts.filter((_, i) => kept[i]);
  const used = given.map((_, i) => read.has(optimized.inputs[i]));
  const left = given.filter((_, i) => used[i]);
  const closed: Jaxpr = {
    ...optimized,
    inputs: optimized.inputs.filter((_, i) => used[i] ?? true),
  };
  return {
    jaxpr: lastPasses(closed, left.length, without),
    consts: left,
  };
}
