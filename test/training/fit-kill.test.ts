/** @file Training killed with SIGKILL at random moments, ten times: the resumed run ends with the same bytes. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readHistory } from "../../src/training/history.ts";
import { dice } from "./training-model.ts";

// Inside the project, where the bundle finds its packages: bundled, a child starts in a tenth of the time.
const modules = join(import.meta.dirname, "../../node_modules");
const folder = mkdtempSync(join(modules, ".fit-kill-"));
const child = join(folder, "child.mjs");
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(() =>
  build({
    entryPoints: [join(import.meta.dirname, "fit-kill.child.ts")],
    outfile: child,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "error",
  }),
);

/** Trains in a process; kills it `delay` milliseconds after its event number `events`. */
async function train(
  into: string,
  kill?: { events: number; delay: number },
): Promise<{ signal: NodeJS.Signals | null; errors: string }> {
  const process = spawn("node", [child, into], { stdio: ["ignore", "pipe", "pipe"] }); // prettier-ignore
  let [seen, errors] = [0, ""];
  process.stdout.setEncoding("utf8").on("data", (text: string) => {
    const before = seen;
    seen += text.split("\n").length - 1;
    if (!kill || before >= kill.events || seen < kill.events) return;
    void sleep(kill.delay).then(() => process.kill("SIGKILL"));
  });
  process.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text)); // prettier-ignore
  return new Promise((resolve) =>
    process.on("close", (_, signal) => resolve({ signal, errors })),
  );
}

test("ten kills at random moments change no byte of the best and final weights, nor the history", { timeout: 180_000 }, async () => {
  const whole = join(folder, "whole");
  expect(await train(whole)).toEqual({ signal: null, errors: "" });

  const killed = join(folder, "killed");
  mkdirSync(killed);
  const roll = dice(4);
  for (let i = 0; i < 10; i++) {
    const kill = { events: 2 + roll(12), delay: roll(40) };
    expect(await train(killed, kill)).toEqual({ signal: "SIGKILL", errors: "" });
  }
  expect(await train(killed)).toEqual({ signal: null, errors: "" });

  for (const name of ["best.safetensors", "final.safetensors"])
    expect(readFileSync(join(killed, name)).equals(readFileSync(join(whole, name))), name).toBe(true);
  const history = async (of: string) =>
    (await readHistory(join(of, "history.jsonl"))).map((line) => ({ ...line, residuesPerSecond: 0 }));
  expect(await history(killed)).toEqual(await history(whole));
}); // prettier-ignore
