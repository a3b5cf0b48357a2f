/** @file Partial evaluation of cond: the branch is chosen once for what is known and once more for what is not. */
import { Var, type Jaxpr } from "../jaxpr/jaxpr.ts";
import type { Rules } from "../primitive.ts";
import { zeros } from "../primitives/fill.ts";
import { sameType, type ArrayType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import { splitJaxpr, type Split } from "../transforms/linearize.ts";
import { union, withResults, type CondParams } from "./cond-params.ts";

type PartialEval = NonNullable<Rules<CondParams>["partialEval"]>;

/** A residual is an operand that the rest reads as it is, or a result of the known part. */
type Residual = { readonly operand: number } | { readonly slot: number };

/**
 * Only one branch runs, so residuals of equal types in different branches share a slot among the results of the
 * known part, zero where a branch does not fill it.
 */
export const condPartialEval: PartialEval = (
  self,
  args,
  unknown,
  params,
  record,
) => {
  // Without a known index there is nothing to choose by before the unknown operands are there.
  if (unknown[0]) return record(args, params);
  const { branches } = params;
  const [index, ...operands] = args;
  const flags = unknown.slice(1);
  const split = (force: readonly boolean[]) =>
    branches.map((branch) => splitJaxpr(branch, flags, force));
  const first = split(branches[0].outputs.map(() => false));
  const outUnknown = union(first.map((part) => part.outUnknown));
  const parts = first.every(({ outUnknown: own }) =>
    own.every((flag, i) => flag === outUnknown[i]),
  )
    ? first
    : split(outUnknown);

  const knownOuts = outUnknown.filter((flag) => !flag).length;
  const slots: ArrayType[] = [];
  const residuals = parts.map((part) => assign(part, knownOuts, slots));
  const knownOperands = operands.filter((_, i) => !flags[i]);
  const known =
    knownOuts + slots.length === 0
      ? []
      : self.bind([index, ...knownOperands], {
          branches: parts.map(({ known }, b) =>
            withResults(known, (out) => [
              ...out.slice(0, knownOuts),
              ...slots.map((type, slot) => {
                const at = residuals[b].findIndex(
                  (r) => "slot" in r && r.slot === slot,
                );
                return at < 0 ? zeros(type) : out[knownOuts + at];
              }),
            ]),
          ),
        });
  const stored = known.splice(knownOuts);

  const passed = [
    ...new Set(
      residuals.flat().flatMap((r) => ("operand" in r ? [r.operand] : [])),
    ),
  ];
  const rest = record(
    [
      index,
      ...stored,
      ...passed.map((i) => knownOperands[i]),
      ...operands.filter((_, i) => flags[i]),
    ],
    {
      branches: parts.map(({ rest }, b): Jaxpr => {
        const own = residuals[b];
        const input = (type: ArrayType, wanted: (r: Residual) => boolean) => {
          const at = own.findIndex(wanted);
          return at < 0 ? new Var(type) : rest.inputs[at];
        };
        return {
          ...rest,
          inputs: [
            ...slots.map((type, slot) =>
              input(type, (r) => "slot" in r && r.slot === slot),
            ),
            ...passed.map((i) =>
              input(
                knownOperands[i].type,
                (r) => "operand" in r && r.operand === i,
              ),
            ),
            ...rest.inputs.slice(own.length),
          ],
        };
      }),
    },
  );
  return outUnknown.map((flag) =>
    flag ? (rest.shift() as Value) : (known.shift() as Value),
  );
};

/** Where each residual of a branch comes from; `slots` grows where no free one of its type is left. */
function assign(
  { known, residuals }: Split,
  knownOuts: number,
  slots: ArrayType[],
): Residual[] {
  const taken = new Set<number>();
  return residuals.map((type, i) => {
    const operand = known.inputs.indexOf(known.outputs[knownOuts + i]);
    if (operand >= 0) return { operand };
    let slot = slots.findIndex((t, s) => !taken.has(s) && sameType(t, type));
    if (slot < 0) slot = slots.push(type) - 1;
    taken.add(slot);
    return { slot };
  });
}
