/** @file What is compiled or exported: a function of trees, traced at argument types and optimised. */
import { Array } from "./array.ts";
import type { Jaxpr } from "./jaxpr/jaxpr.ts";
import { optimize, type PassName } from "./passes/index.ts";
import type { ArrayType } from "./shape.ts";
import type { SymbolTable } from "./symbolic.ts";
import { FlatFunction } from "./transforms/flat.ts";
import { traceToJaxpr } from "./transforms/trace.ts";
import type { TreeDef } from "./tree.ts";

export interface Traced {
  /** Its first inputs are bound to `consts`, the others are the leaves of the arguments. */
  readonly jaxpr: Jaxpr;
  readonly consts: readonly Array[];
  readonly outDef: TreeDef;
}

/** `f` on arguments of tree `def` whose leaves have `types`, after all passes but those in `without`; errors name `who`. */
export function traceFunction<A extends readonly unknown[]>(
  who: string,
  f: (...args: A) => unknown,
  def: TreeDef,
  types: readonly ArrayType[],
  symbols: SymbolTable,
  without: readonly PassName[] = [],
): Traced {
  const flat = new FlatFunction(who, f, def);
  const program = symbols.trace(who, (at) => traceToJaxpr(flat.run, at), types);
  for (const value of program.consts) {
    if (!(value instanceof Array))
      throw new TypeError(
        `${who}: a traced value was closed over; pass it as an argument instead`,
      );
  }
  const { jaxpr, consts } = optimize(program, without);
  return {
    jaxpr,
    consts: consts as readonly Array[],
    outDef: flat.outDef,
  };
}
