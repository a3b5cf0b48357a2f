/** @file docs/ad-compatibility.md from data: JAX's names, where each is here, why it is not, and what jax-js has of them. */
import { readFileSync } from "node:fs";
import * as ad from "../../../src/ad/index.ts";

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(name, import.meta.url), "utf8"));

const jax = read("jax.json") as {
  version: string;
  modules: Record<string, readonly string[]>;
};
const jaxJs = read("jax-js.json") as {
  source: string;
  modules: Record<
    string,
    { readonly done: readonly string[]; readonly limited: readonly string[] }
  >;
};
/** Functions that are here under another name or in another module, by that place. */
const elsewhere = read("elsewhere.json") as Record<
  string,
  Record<string, string>
>;
/** For each reason the names, a string a module, that are not here because of it. */
const gaps = read("gaps.json") as Record<string, Record<string, string>>;

/** The module of ours that answers to a module of JAX; "" is the top. */
const faces: Record<string, string> = {
  jax: "",
  "jax.lax": "lax",
  "jax.numpy": "numpy",
  "jax.numpy.linalg": "linalg",
  "jax.scipy.linalg": "linalg",
  "jax.scipy.special": "scipy.special",
  "jax.scipy.stats": "scipy.stats",
  "jax.random": "random",
  "jax.nn": "nn",
  "jax.nn.initializers": "nn.initializers",
  "jax.tree": "tree",
  "jax.example_libraries.optimizers": "optimizers",
  "jax.example_libraries.stax": "stax",
};

const camel = (name: string): string =>
  name
    .replace(/_$/, "")
    .replace(/_([a-z0-9])/g, (_, c: string) => c.toUpperCase());

/** Whether a dotted path names something exported. */
export const isHere = (path: string): boolean =>
  path
    .split(".")
    .reduce<unknown>(
      (at, key) =>
        at !== null && at !== undefined
          ? (at as Record<string, unknown>)[key]
          : undefined,
      ad,
    ) !== undefined;

export interface Row {
  readonly module: string;
  readonly name: string;
  /** Where it is here, or null. */
  readonly here: string | null;
  /** Why it is not here, or null. */
  readonly reason: string | null;
  readonly jaxJs: "done" | "limited" | "no";
}

export const rows: readonly Row[] = Object.entries(jax.modules).flatMap(
  ([module, names]) =>
    names.map((name): Row => {
      const face = faces[module];
      const path = (face === "" ? "" : `${face}.`) + camel(name);
      const other = elsewhere[module]?.[name];
      const theirs = jaxJs.modules[module];
      const reasons = Object.keys(gaps).filter((reason) =>
        gaps[reason][module]?.split(" ").includes(name),
      );
      return {
        module,
        name,
        here: other ?? (isHere(path) ? path : null),
        reason: reasons.length > 0 ? reasons.join("; ") : null,
        jaxJs: theirs?.done.includes(name)
          ? "done"
          : theirs?.limited.includes(name)
            ? "limited"
            : "no",
      };
    }),
);

const percent = (n: number, of: number): string =>
  `${Math.round((100 * n) / of)} %`;

const count = (list: readonly Row[], test: (row: Row) => boolean): number =>
  list.filter(test).length;
const isDone = (row: Row): boolean => row.jaxJs !== "no";

/** A name that could be here: the other reasons say that what it is about does not exist here. */
const applies = (row: Row): boolean =>
  row.here !== null || row.reason === "not yet";

function summary(modules: readonly string[]): string[] {
  const line = (title: string, list: readonly Row[]): string => {
    const here = count(list, (row) => row.here !== null);
    return `| ${title} | ${list.length} | ${here} | ${percent(here, count(list, applies))} | ${count(list, isDone)} |`;
  };
  return [
    "| JAX module | names | here | of those that apply | jax-js |",
    "| --- | --- | --- | --- | --- |",
    ...modules.map((module) =>
      line(
        `\`${module}\``,
        rows.filter((row) => row.module === module),
      ),
    ),
    line("all", rows),
  ];
}

function table(module: string): string[] {
  const marks = { done: "yes", limited: "in part", no: "" };
  return [
    `## \`${module}\``,
    "",
    "| JAX | here | jax-js |",
    "| --- | --- | --- |",
    ...rows
      .filter((row) => row.module === module)
      .map(
        (row) =>
          `| \`${row.name}\` | ${row.here === null ? `— ${row.reason}` : `\`${row.here}\``} | ${marks[row.jaxJs]} |`,
      ),
    "",
  ];
}

export const markdown = (): string => {
  const modules = Object.keys(jax.modules);
  return [
    "# JAX's functions here",
    "",
    `Every public function and class of the modules below in JAX ${jax.version}, and where \`unirep-ts/ad\` has it: paths start at that entry point, names are JAX's in camelCase, keyword arguments are one object at the end. A dash gives the reason why it is absent. The last column says whether jax-js has it (${jaxJs.source}).`,
    "",
    "This file is generated: `npx vitest run test/ad/compatibility.test.ts -u` writes it, and the same test fails when it is out of date. What the functions answer is compared with JAX's own answers by `test/ad/jax.test.ts`.",
    "",
    ...summary(modules),
    "",
    "The percentage leaves out names that do not apply: complex numbers, sharding, what is Python's own. Functions of `jax.lax` that `numpy` has too are there, under `numpy`'s name.",
    "",
    ...modules.flatMap(table),
  ].join("\n");
};
