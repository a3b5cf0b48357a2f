/** @file Fingerprints: two closed jaxprs that have the same one compute the same, constants included. */
import { createHash } from "node:crypto";
import { Array } from "../array.ts";
import { idOf } from "../identity.ts";
import { showType } from "../shape.ts";
import type { Value } from "../tracer.ts";
import type { ClosedJaxpr, Jaxpr, Var } from "./jaxpr.ts";
import { isJaxpr, isRecord } from "./print.ts";

/** Constants a function makes anew at every trace are this small as a rule; larger ones are the same array or another. */
const byContent = 1024;

/** A hash of everything a backend compiles: equations, types, parameters, and constants by content or identity. */
export const fingerprint = ({ jaxpr, consts }: ClosedJaxpr): string =>
  digest(
    `${textOf(jaxpr)}\n${consts.length} ${consts.map(constText).join(" ")}`,
  );

const digest = (text: string): string =>
  createHash("sha256").update(text).digest("base64");

/** A body that several equations hold is written once. */
const bodies = new WeakMap<Jaxpr, string>();

function bodyText(jaxpr: Jaxpr): string {
  let text = bodies.get(jaxpr);
  if (text === undefined) bodies.set(jaxpr, (text = digest(textOf(jaxpr))));
  return `jaxpr ${text}`;
}

/** Variables are numbers in the order they are bound, so that equal programs read alike. */
function textOf({ inputs, eqns, outputs }: Jaxpr): string {
  const numbers = new Map<Var, number>();
  const bind = (v: Var) => {
    numbers.set(v, numbers.size);
    return showType(v.type);
  };
  const read = (v: Var) => numbers.get(v);
  const given = inputs.map(bind).join(" ");
  const lines = eqns.map(
    (eqn) =>
      `${idOf(eqn.primitive)} ${eqn.inputs.map(read).join(" ")} ${paramText(eqn.params)} ${eqn.outputs.map(bind).join(" ")}`,
  );
  return [given, ...lines, outputs.map(read).join(" ")].join("\n");
}

/** Plain data by content, in a form no other data has; functions and instances of classes by identity. */
function paramText(param: unknown): string {
  if (typeof param === "string") return JSON.stringify(param);
  if (typeof param === "function") return `object ${idOf(param)}`;
  if (typeof param !== "object" || param === null)
    return `${typeof param} ${Object.is(param, -0) ? "-0" : String(param)}`;
  if (globalThis.Array.isArray(param))
    return `[${param.map(paramText).join(",")}]`;
  if (isJaxpr(param)) return bodyText(param);
  return isRecord(param)
    ? `{${Object.entries(param)
        .map(([key, value]) => `${JSON.stringify(key)}:${paramText(value)}`)
        .join(",")}}`
    : `object ${idOf(param)}`;
}

/** The type is in the jaxpr. */
function constText(value: Value): string {
  const data = value instanceof Array ? value.ready : null;
  if (!data || data.byteLength > byContent) return `object ${idOf(value)}`;
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString(
    "base64",
  );
}
