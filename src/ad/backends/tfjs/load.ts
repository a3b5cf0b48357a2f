/** @file Which installation of TensorFlow.js runs the programs: the user's own, found when it is first needed. */
import { createRequire } from "node:module";
import util from "node:util";
import type { Tf } from "./tf.ts";

export interface Installation {
  readonly tf: Tf;
  /** Package, version and backend. */
  readonly detail: string;
}

type Importer = (name: string) => Promise<unknown>;

/**
 * Not known to bundlers and the type checker: nobody has all of them. Resolved first, because some module runners give a
 * stub that throws in the place of an optional peer that is not there.
 */
const importPackage: Importer = async (name) => {
  createRequire(import.meta.url).resolve(name);
  return import(name) as Promise<unknown>;
};

interface Module extends Tf {
  readonly version?: Readonly<Record<string, string>>;
  readonly backend?: () => { readonly isUsingGpuDevice?: boolean };
}

const native = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"];
const [core, cpu] = ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-cpu"];

/** The module, or null where the package is not installed; an Error where it is but does not load. */
async function find(name: string, load: Importer): Promise<Module | null> {
  try {
    const found = (await load(name)) as Module & { default?: Module };
    return found.default ?? found;
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    const isMissing = /^(ERR_)?MODULE_NOT_FOUND$/.test(code ?? "");
    if (isMissing && message.includes(`'${name}'`)) return null;
    const [reason] = message.split("\n");
    throw new Error(
      `tfjs: ${name} is installed but does not load (${reason}); reinstall it with its install script allowed, or uninstall it`,
      { cause: error },
    );
  }
}

/**
 * The first of tfjs-node-gpu, tfjs-node, and tfjs-core with tfjs-backend-cpu that is installed; an Error in one
 * sentence where there is none, or where it cannot run on this Node.
 */
export async function findTfjs(
  load: Importer = importPackage,
  node: {
    readonly version: string;
    readonly isNullOrUndefined?: unknown;
  } = {
    version: process.version,
    // Every operation of tfjs-node 4.22 calls this function, which Node 23 dropped.
    isNullOrUndefined: (util as { isNullOrUndefined?: unknown })
      .isNullOrUndefined,
  },
): Promise<Installation> {
  for (const name of native) {
    const tf = await find(name, load);
    if (!tf) continue;
    if (typeof node.isNullOrUndefined !== "function")
      throw new Error(
        `tfjs: ${name} does not run on Node ${node.version}, which has no util.isNullOrUndefined; use Node 22 or older, or uninstall it and install ${core} and ${cpu}`,
      );
    await tf.ready();
    const version = tf.version?.["tfjs-node"] ?? tf.version_core;
    const place = tf.backend?.().isUsingGpuDevice ? "GPU" : "processor";
    return {
      tf,
      detail: `${name} ${version}, backend ${tf.getBackend()}, on the ${place}`,
    };
  }
  const tf = await find(core, load);
  if (!tf || !(await find(cpu, load)))
    throw new Error(
      `tfjs: no TensorFlow.js is installed; run npm install ${native[0]} (Linux or Windows with a GPU), ${native[1]}, or ${core} ${cpu}`,
    );
  await tf.ready();
  return {
    tf,
    detail: `${core} ${tf.version_core}, backend ${tf.getBackend()}`,
  };
}

let found: Promise<Installation> | null = null;

/** The installation of this process; one that was not found is looked for again. */
export function installation(): Promise<Installation> {
  found ??= findTfjs();
  found.catch(() => {
    found = null;
  });
  return found;
}
