/** @file The machine room: seconds to compile a gradient, microseconds of an eager operation, and jax-js beside it.
 *
 *     npm run --silent bench -- ad [--units 1900] [--jax-js PATH] [--json]
 *
 * `--jax-js` names a folder whose node_modules holds @jax-js/jax; it has no scan, so only its eager operation is timed.
 */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { array, numpy as np } from "../src/ad/index.ts";
import { median } from "./lib/stats.ts";

const compileOnce = fileURLToPath(
  new URL("./lib/compile-gradient.ts", import.meta.url),
);

/** Median over rounds of the mean time of one call. */
function microseconds(call: () => void, rounds = 15, calls = 2000): number {
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    for (let i = 0; i < calls; i++) call();
    times.push(((performance.now() - start) * 1000) / calls);
  }
  return median(times);
}

interface JaxJs {
  readonly init: (...devices: string[]) => Promise<unknown>;
  readonly defaultDevice: (device: string) => void;
  readonly numpy: {
    array(data: number[]): { ref: never };
    add(x: never, y: never): { dispose(): void };
  };
}

/** The same addition in jax-js on its fastest device in Node; it frees by hand. */
async function jaxJsMicroseconds(folder: string): Promise<number> {
  // It asks the browser's navigator for a GPU when it is loaded.
  Object.defineProperty(globalThis, "navigator", {
    value: {},
    configurable: true,
  });
  const from = createRequire(path.join(path.resolve(folder), "package.json"));
  const entry = pathToFileURL(from.resolve("@jax-js/jax")).href;
  const { init, defaultDevice, numpy } = (await import(entry)) as JaxJs;
  await init("wasm");
  defaultDevice("wasm");
  const x = numpy.array(Array.from({ length: 1000 }, (_, i) => i / 1000));
  return microseconds(() => numpy.add(x.ref, x.ref).dispose());
}

export async function run(argv: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      units: { type: "string", default: "1900" },
      "jax-js": { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  // Cold: every time in a process of its own.
  const compile = [1, 2, 3].map(() => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ["--import", "tsx", compileOnce, values.units],
      { encoding: "utf8" },
    );
    if (status !== 0)
      throw new Error(`ad: the gradient did not compile: ${stderr}`);
    return Number(stdout);
  });
  const x = array(Float32Array.from({ length: 1000 }, (_, i) => i / 1000));
  const result = {
    units: Number(values.units),
    compileSeconds: median(compile),
    eagerOpMicroseconds: microseconds(() => np.add(x, x)),
    eagerTanhMicroseconds: microseconds(() => np.tanh(x)),
    jaxJsEagerOpMicroseconds:
      values["jax-js"] === undefined
        ? null
        : await jaxJsMicroseconds(values["jax-js"]),
  };
  if (values.json) console.log(JSON.stringify(result));
  else
    for (const [key, value] of Object.entries(result))
      console.log(`${key.padEnd(26)} ${value ?? "not measured"}`);
}
