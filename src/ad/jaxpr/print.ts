/** @file The jaxpr printer: one line an equation, variables named a, b, ... in order of appearance. */
import { showType, type ArrayType } from "../shape.ts";
import type { Jaxpr, Var } from "./jaxpr.ts";

/** `{ lambda a:f32[3] . let b:f32[3] = tanh a in (b) }` over several lines. */
export function printJaxpr(jaxpr: Jaxpr, indent = ""): string {
  const names = new Map<Var, string>();
  const name = (v: Var): string => {
    let known = names.get(v);
    if (known === undefined) names.set(v, (known = letters(names.size)));
    return known;
  };
  const typed = (v: Var) => `${name(v)}:${showType(v.type)}`;
  const inputs = jaxpr.inputs.map(typed).join(" ");
  const inner = `${indent}    `;
  const eqns = jaxpr.eqns.map(({ primitive, inputs, params, outputs }) => {
    const bindings = outputs.map(typed).join(" ");
    const operands = inputs.map((v) => ` ${name(v)}`).join("");
    return `${inner}${bindings} = ${primitive.name}${printParams(params, inner)}${operands}\n`;
  });
  return `{ lambda ${inputs} . let\n${eqns.join("")}${indent}  in (${jaxpr.outputs.map(name).join(", ")}) }`;
}

function printParams(params: unknown, indent: string): string {
  const text = printEntries(params as object, indent);
  return text && `[${text}]`;
}

const printEntries = (entries: object, indent: string): string =>
  Object.entries(entries)
    .map(([key, value]) => `${key}=${printParam(value, indent)}`)
    .join(" ");

function printParam(value: unknown, indent: string): string {
  if (isJaxpr(value)) return printJaxpr(value, indent);
  if (isType(value)) return showType(value);
  if (Array.isArray(value))
    return `(${value.map((item) => printParam(item, indent)).join(",")})`;
  return isRecord(value)
    ? `{${printEntries(value, indent)}}`
    : typeof value === "function"
      ? "function"
      : String(value);
}

/** Every jaxpr inside an equation's parameters, those in lists and records included. */
export function jaxprsIn(params: unknown): Jaxpr[] {
  if (isJaxpr(params)) return [params];
  return Array.isArray(params) || isRecord(params)
    ? Object.values(params).flatMap(jaxprsIn)
    : [];
}

/** A plain object; an instance of a class prints itself. */
export const isRecord = (value: unknown): value is object =>
  typeof value === "object" &&
  value !== null &&
  Object.getPrototypeOf(value) === Object.prototype;

export const isJaxpr = (value: unknown): value is Jaxpr =>
  typeof value === "object" && value !== null && "eqns" in value;

const isType = (value: unknown): value is ArrayType =>
  typeof value === "object" &&
  value !== null &&
  "dtype" in value &&
  "shape" in value;

/** a..z, aa..az, ba.. */
const letters = (n: number): string =>
  (n >= 26 ? letters(Math.floor(n / 26) - 1) : "") +
  String.fromCharCode(97 + (n % 26));
