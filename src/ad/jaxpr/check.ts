/** @file The jaxpr checker: every variable bound once and before use, every equation of the type its primitive gives. */
import { sameType, showType } from "../shape.ts";
import type { Jaxpr, Var } from "./jaxpr.ts";
import { jaxprsIn, printJaxpr } from "./print.ts";

/** Checks a jaxpr and those in its equations' parameters; throws a TypeError naming the first equation that is wrong, and prints the jaxpr. */
export function checkJaxpr(jaxpr: Jaxpr): void {
  const bound = new Set<Var>();
  const fail = (reason: string) => {
    throw new TypeError(`checkJaxpr: ${reason} in\n${printJaxpr(jaxpr)}`);
  };
  const define = (v: Var, where: string) => {
    if (bound.has(v)) fail(`${where} binds a variable twice`);
    bound.add(v);
  };
  jaxpr.inputs.forEach((v) => define(v, "the input list"));
  jaxpr.eqns.forEach(({ primitive, inputs, params, outputs }, k) => {
    const where = `equation ${k} (${primitive.name})`;
    if (!inputs.every((v) => bound.has(v)))
      fail(`${where} reads an unbound variable`);
    const types = primitive.rules.type(
      inputs.map((v) => v.type),
      params as never,
    );
    if (types.length !== outputs.length)
      fail(
        `${where} has ${outputs.length} results, its type rule gives ${types.length}`,
      );
    types.forEach((type, i) => {
      if (!sameType(type, outputs[i].type)) {
        fail(
          `${where} result ${i} is ${showType(outputs[i].type)}, its type rule gives ${showType(type)}`,
        );
      }
    });
    outputs.forEach((v) => define(v, where));
    jaxprsIn(params).forEach(checkJaxpr);
  });
  if (!jaxpr.outputs.every((v) => bound.has(v)))
    fail("the output list reads an unbound variable");
}
