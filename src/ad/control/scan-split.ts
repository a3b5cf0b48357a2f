/** @file Partial evaluation of scan: a scan of what is known, whose residuals feed a scan of what is not. */
import { evalJaxpr } from "../jaxpr/jaxpr.ts";
import type { Rules } from "../primitive.ts";
import type { Value } from "../tracer.ts";
import { splitJaxpr } from "../transforms/linearize.ts";
import { fixpoint, parts, type ScanParams } from "./scan-params.ts";

type PartialEval = NonNullable<Rules<ScanParams>["partialEval"]>;

/**
 * A residual that every step shares stays one value: work on known constants is done before the loop, and what the
 * body only passes on (a weight, an x, a known y) is not stored a second time.
 */
export const scanPartialEval: PartialEval = (
  self,
  args,
  unknown,
  params,
  record,
) => {
  const { jaxpr, carries, length, reverse } = params;
  const [consts, init, xs] = parts(args, params);
  const [unknownConsts, unknownInit, unknownXs] = parts(unknown, params);
  const always = (list: readonly unknown[]) => list.map(() => true);
  const hoisted = splitJaxpr(
    jaxpr,
    [...unknownConsts, ...always(init), ...always(xs)],
    always(jaxpr.outputs),
  );
  const invariants = evalJaxpr(
    hoisted.known,
    consts.filter((_, i) => !unknownConsts[i]),
  );
  const restConsts = consts.filter((_, i) => unknownConsts[i]);
  const body = hoisted.rest;

  const ys = jaxpr.outputs.slice(carries);
  const { split, flags } = fixpoint(unknownInit, (flags) => {
    const split = splitJaxpr(
      body,
      [
        ...invariants.map(() => false),
        ...always(restConsts),
        ...flags,
        ...unknownXs,
      ],
      [...flags, ...ys.map(() => false)],
    );
    return {
      flags: split.outUnknown.slice(0, carries),
      result: { split, flags },
    };
  });

  const knownXs = xs.filter((_, i) => !unknownXs[i]);
  const knownInit = init.filter((_, i) => !flags[i]);
  const knownOuts = split.outUnknown.filter((flag) => !flag).length;
  const results = split.known.outputs.slice(0, knownOuts);
  const residuals = split.known.outputs.slice(knownOuts);
  const firstX = invariants.length + knownInit.length;
  const passed = residuals.map((v) => {
    const from = split.known.inputs.indexOf(v);
    const y = results.indexOf(v, knownInit.length);
    return from >= 0 && from < invariants.length
      ? { invariant: invariants[from] }
      : from >= firstX
        ? { x: knownXs[from - firstX] }
        : { y };
  });
  const stored = residuals.filter((_, i) => passed[i].y === -1);
  const outputs = [...results, ...stored];
  const known = outputs.length
    ? self.bind([...invariants, ...knownInit, ...knownXs], {
        jaxpr: { ...split.known, outputs },
        consts: invariants.length,
        carries: knownInit.length,
        length,
        reverse,
      })
    : [];

  const perStep = residuals.flatMap((v, i): Value[] => {
    const { x, y } = passed[i];
    if (x) return [x];
    return y === undefined
      ? []
      : [known[y === -1 ? knownOuts + stored.indexOf(v) : y]];
  });
  const shared = passed.flatMap(({ invariant }) => invariant ?? []);
  const restInputs = split.rest.inputs.slice(residuals.length);
  const firstCarry = restConsts.length;
  const pick = (isShared: boolean) =>
    split.rest.inputs
      .slice(0, residuals.length)
      .filter((_, i) => (passed[i].invariant !== undefined) === isShared);
  const unknownCarries = init.filter((_, i) => flags[i]);
  const firstRestX = firstCarry + unknownCarries.length;
  const rest = record(
    [
      ...shared,
      ...restConsts,
      ...unknownCarries,
      ...perStep,
      ...xs.filter((_, i) => unknownXs[i]),
    ],
    {
      jaxpr: {
        ...split.rest,
        inputs: [
          ...pick(true),
          ...restInputs.slice(0, firstRestX),
          ...pick(false),
          ...restInputs.slice(firstRestX),
        ],
      },
      consts: shared.length + restConsts.length,
      carries: unknownCarries.length,
      length,
      reverse,
    },
  );
  return split.outUnknown.map((flag) =>
    flag ? (rest.shift() as Value) : (known.shift() as Value),
  );
};
