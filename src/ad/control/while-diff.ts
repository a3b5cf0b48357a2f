/** @file The derivative of while, forwards only, and its partial evaluation: what is known runs at once. */
import { Var, removeDeadCode, type Jaxpr } from "../jaxpr/jaxpr.ts";
import type { Differentiation, Rules } from "../primitive.ts";
import { zeros } from "../primitives/fill.ts";
import type { Value } from "../tracer.ts";
import { jvpJaxpr } from "../transforms/jvp.ts";
import { splitJaxpr } from "../transforms/linearize.ts";
import { fixpoint } from "./scan-params.ts";
import { parts, type WhileParams } from "./while-params.ts";

export const whileDiff: Differentiation<WhileParams> = {
  jvp(self, primals, tangents, params) {
    const [condConsts, bodyConsts, init] = parts(primals, params);
    const [, dconsts, dinit] = parts(tangents, params);
    const { cond, body } = params;
    const has = (list: readonly unknown[]) => list.map((t) => t !== null);
    const { jaxpr, flags } = fixpoint(has(dinit), (flags) => {
      const { jaxpr, outNonzero } = jvpJaxpr(
        body,
        [...has(dconsts), ...flags],
        flags,
      );
      return { flags: outNonzero, result: { jaxpr, flags } };
    });
    const moving = init.flatMap((x, i) =>
      flags[i] ? [dinit[i] ?? zeros(x.type)] : [],
    );
    const movingConsts = dconsts.filter((t) => t !== null);
    const [consts, all] = [bodyConsts.length, body.inputs.length];
    const out = self.bind(
      [...condConsts, ...bodyConsts, ...movingConsts, ...init, ...moving],
      {
        ...params,
        bodyConsts: consts + movingConsts.length,
        // When to stop does not depend on tangents.
        cond: {
          ...cond,
          inputs: [...cond.inputs, ...moving.map((t) => new Var(t.type))],
        },
        // The differentiated body takes all primals first; a while wants the constants first.
        body: {
          ...jaxpr,
          inputs: [
            ...jaxpr.inputs.slice(0, consts),
            ...jaxpr.inputs.slice(all, all + movingConsts.length),
            ...jaxpr.inputs.slice(consts, all),
            ...jaxpr.inputs.slice(all + movingConsts.length),
          ],
        },
      },
    );
    const dout = out.splice(init.length);
    return [out, flags.map((flag) => (flag ? [dout.shift() as Value] : []))];
  },

  transpose() {
    throw new TypeError(
      "while: reverse-mode differentiation does not go through whileLoop, nor through foriLoop with bounds that are arrays, because their steps are not stored; use scan, or foriLoop with number bounds",
    );
  },
};

type PartialEval = NonNullable<Rules<WhileParams>["partialEval"]>;

/** Known carries come from a loop over them alone; the rest is the whole loop, known carries computed in it again. */
export const whilePartialEval: PartialEval = (
  self,
  args,
  unknown,
  params,
  record,
) => {
  const { cond, body } = params;
  const [condConsts, bodyConsts, init] = parts(args, params);
  const [condFlags, bodyFlags, initFlags] = parts(unknown, params);
  const unforced = (jaxpr: Jaxpr) => jaxpr.outputs.map(() => false);
  const { step, flags } = fixpoint(initFlags, (flags) => {
    const step = splitJaxpr(body, [...bodyFlags, ...flags], flags);
    return { flags: [...step.outUnknown], result: { step, flags } };
  });
  const test = splitJaxpr(cond, [...condFlags, ...flags], unforced(cond));
  const rest = record(args, params);
  if (test.outUnknown[0] || !flags.includes(false)) return rest;

  const keep = <T>(list: readonly T[], isUnknown: readonly boolean[]) =>
    list.filter((_, i) => !isUnknown[i]);
  const knownInit = keep(init, flags);
  const results = (jaxpr: Jaxpr, n: number) =>
    removeDeadCode({ ...jaxpr, outputs: jaxpr.outputs.slice(0, n) });
  const knownCondConsts = keep(condConsts, condFlags);
  const knownBodyConsts = keep(bodyConsts, bodyFlags);
  const known = self.bind(
    [...knownCondConsts, ...knownBodyConsts, ...knownInit],
    {
      cond: results(test.known, 1),
      body: results(step.known, knownInit.length),
      condConsts: knownCondConsts.length,
      bodyConsts: knownBodyConsts.length,
    },
  );
  return flags.map((flag, i) => (flag ? rest[i] : (known.shift() as Value)));
};
