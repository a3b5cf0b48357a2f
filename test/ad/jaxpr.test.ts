/** @file The jaxpr: what the checker refuses, how it prints, what counts as dead code, and what makeJaxpr records. */
import { describe, expect, test } from "vitest";
import {
  array,
  checkJaxpr,
  makeJaxpr,
  numpy as np,
  printJaxpr,
  scan,
  vmap,
  type Value,
} from "../../src/ad/index.ts";
import {
  evalJaxpr,
  removeDeadCode,
  Var,
  type Eqn,
  type Jaxpr,
} from "../../src/ad/jaxpr/jaxpr.ts";
import { primitives } from "../../src/ad/primitive.ts";
import { parseType } from "./primitives.cases.ts";

/** `name inputs -> outputs` over variables written as `x:f32[2]`; a variable keeps its first type. */
function build(
  inputs: string,
  eqns: readonly string[],
  outputs: string,
): Jaxpr {
  const vars = new Map<string, Var>();
  const read = (word: string): Var => {
    const [name, type] = word.split(":");
    let v = vars.get(name);
    if (!v) vars.set(name, (v = new Var(parseType(type ?? "f32[2]"))));
    return v;
  };
  const list = (text: string) => text.split(" ").filter(Boolean).map(read);
  return {
    inputs: list(inputs),
    eqns: eqns.map((line): Eqn => {
      const [head, outs] = line.split(" -> ");
      const [name, ...ins] = head.split(" ");
      const primitive = primitives().get(name);
      if (!primitive) throw new Error(`no primitive ${name}`);
      return {
        primitive,
        params: {},
        inputs: list(ins.join(" ")),
        outputs: list(outs),
      };
    }),
    outputs: list(outputs),
  };
}

const body = (jaxpr: Jaxpr): Jaxpr => {
  const scanned = primitives().get("scan");
  if (!scanned) throw new Error("no scan");
  const [carry, out] = [
    new Var(parseType("f32[2]")),
    new Var(parseType("f32[2]")),
  ];
  const params = { jaxpr, consts: 0, carries: 1, length: 3, reverse: false };
  return {
    inputs: [carry],
    eqns: [{ primitive: scanned, params, inputs: [carry], outputs: [out] }],
    outputs: [out],
  };
};

describe("checkJaxpr", () => {
  test.each([
    [
      "an operand nobody bound",
      build("a", ["add a b -> c"], "c"),
      "equation 0 (add) reads an unbound variable",
    ],
    [
      "an operand bound later",
      build("a", ["neg b -> c", "neg a -> b"], "c"),
      "equation 0 (neg) reads an unbound variable",
    ],
    [
      "an output nobody bound",
      build("a", ["neg a -> b"], "c"),
      "the output list reads an unbound variable",
    ],
    [
      "a variable bound by two equations",
      build("a", ["neg a -> b", "exp a -> b"], "b"),
      "equation 1 (exp) binds a variable twice",
    ],
    [
      "an input bound again",
      build("a", ["neg a -> a"], "a"),
      "equation 0 (neg) binds a variable twice",
    ],
    [
      "an input listed twice",
      build("a a", ["neg a -> b"], "b"),
      "the input list binds a variable twice",
    ],
    [
      "operands the type rule refuses",
      build("a b:f32[3]", ["add a b -> c"], "c"),
      "add: expected operands of one shape and dtype, got f32[2] and f32[3]",
    ],
    [
      "a result of another shape",
      build("a", ["neg a -> b:f32[3]"], "b"),
      "equation 0 (neg) result 0 is f32[3], its type rule gives f32[2]",
    ],
    [
      "a result of another dtype",
      build("a b", ["eq a b -> c:f32[2]"], "c"),
      "equation 0 (eq) result 0 is f32[2], its type rule gives bool[2]",
    ],
    [
      "a result too many",
      build("a", ["neg a -> b c"], "b"),
      "equation 0 (neg) has 2 results, its type rule gives 1",
    ],
    [
      "a fault inside the body of a scan",
      body(build("a", ["neg a -> b:f32[2]", "neg c -> d"], "b")),
      "equation 1 (neg) reads an unbound variable",
    ],
  ])("refuses %s", (_title, jaxpr, sentence) => {
    expect(() => checkJaxpr(jaxpr)).toThrow(sentence);
  });

  test("accepts well-formed jaxprs and prints the faulty one", () => {
    checkJaxpr(build("a b", ["add a b -> c", "eq a c -> d:bool[2]"], "d c a"));
    checkJaxpr(body(build("a", ["neg a -> b"], "b")));
    expect(() => checkJaxpr(build("a", ["neg b -> c"], "c"))).toThrow(
      /\{ lambda a:f32\[2\] \. let\n {4}b:f32\[2\] = neg c\n/,
    );
  });
});

describe("printJaxpr", () => {
  const x = array([1, 2]);
  const show = (f: (...xs: Value[]) => unknown, ...args: Value[]) =>
    printJaxpr(makeJaxpr(f)(...args).jaxpr);
  test.each([
    ["no equations", show((a) => a, x), "{ lambda a:f32[2] . let\n  in (a) }"],
    [
      "one equation",
      show((a) => np.tanh(a), x),
      "{ lambda a:f32[2] . let\n    b:f32[2] = tanh a\n  in (b) }",
    ],
    [
      "parameters with types, lists and numbers",
      show((a) => np.add(np.sum(np.expandDims(a, 0), { axis: 1 }), 0.5), x),
      "{ lambda a:f32[2] . let\n    b:f32[1,2] = reshape[shape=(1,2)] a\n    c:f32[1] = sum[axes=(1)] b\n    d:f32[1] = fill[value=0.5 type=f32[1]]\n    e:f32[1] = add c d\n  in (e) }",
    ],
    [
      "a dot and several outputs",
      show((a, b) => [np.matmul(a, b), a], array([[1, 2]]), array([[1], [2]])),
      "{ lambda a:f32[1,2] b:f32[2,1] . let\n    c:f32[1,1] = dot[contract=((1),(0)) batch=((),())] a b\n  in (c, a) }",
    ],
    [
      "a scan with its body indented",
      show(
        (a) => scan((c: Value, r: Value) => [np.add(c, r), c], array(0), a),
        x,
      ),
      "{ lambda a:f32[] b:f32[2] . let\n    c:f32[] d:f32[2] = scan[jaxpr={ lambda a:f32[] b:f32[] . let\n        c:f32[] = add a b\n      in (c, a) } consts=0 carries=1 length=2 reverse=false] a b\n  in (c, d) }",
    ],
  ])("prints %s", (_title, got, want) => {
    expect(got).toBe(want);
  });

  test("names the variables after z with two letters", () => {
    const text = show(
      (a) => Array.from({ length: 27 }).reduce<Value>((v) => np.tanh(v), a),
      x,
    );
    expect(text).toContain(
      "z:f32[2] = tanh y\n    aa:f32[2] = tanh z\n    ab:f32[2]",
    );
  });
});

describe("removeDeadCode", () => {
  test.each([
    [
      "an unread equation",
      build("a", ["neg a -> b", "exp a -> c"], "c"),
      ["exp"],
    ],
    [
      "a chain that ends nowhere",
      build("a", ["neg a -> b", "exp b -> c", "tanh a -> d"], "d"),
      ["tanh"],
    ],
    [
      "nothing when all is read",
      build("a", ["neg a -> b", "exp b -> c"], "c b"),
      ["neg", "exp"],
    ],
    [
      "everything when inputs are returned",
      build("a", ["neg a -> b"], "a"),
      [],
    ],
  ])("drops %s", (_title, jaxpr, names) => {
    const live = removeDeadCode(jaxpr);
    expect(live.eqns.map((eqn) => eqn.primitive.name)).toEqual(names);
    expect(live.inputs).toEqual(jaxpr.inputs);
    checkJaxpr(live);
  });
});

describe("makeJaxpr", () => {
  test("takes trees, closes over arrays in order, and runs as the function does", () => {
    const [w, b, unused] = [array([2, 3]), array([10, 20]), array([7, 7])];
    const f = ({ x, rest }: { x: Value; rest: Value[] }) => {
      np.exp(unused);
      return { y: np.add(np.multiply(np.add(x, rest[0]), w), b), n: 4 };
    };
    const args = { x: array([1, 1]), rest: [array([0, 1])] };
    const { jaxpr, consts } = makeJaxpr(f)(args);
    checkJaxpr(jaxpr);
    expect(consts.includes(unused)).toBe(false);
    expect(consts[0]).toBe(w);
    expect(consts[1]).toBe(b);
    const out = evalJaxpr(jaxpr, [...consts, args.rest[0], args.x]);
    expect(
      out.map((v) => [...(v as ReturnType<typeof array>).dataSync()]),
    ).toEqual([[4], [12, 26]]);
  });

  test("records equations on concrete arrays and the inside of other transforms", () => {
    const { jaxpr } = makeJaxpr((x: Value) =>
      vmap((r: Value) => np.sum(np.multiply(r, np.exp(array([0, 0])))))(x),
    )(array([[1, 2]]));
    expect(jaxpr.eqns.map((eqn) => eqn.primitive.name)).toEqual([
      "exp",
      "broadcast",
      "mul",
      "sum",
    ]);
    checkJaxpr(jaxpr);
  });

  test("a tracer used after its trace has ended is refused in one sentence", () => {
    let leaked: Value = array(0);
    makeJaxpr((x: Value) => (leaked = x))(array([1]));
    expect(() => np.exp(leaked)).toThrow(
      /^exp: a value traced by a transform was used after that transform had ended/,
    );
  });
});
