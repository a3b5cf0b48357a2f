/** @file An interrupted `unirep embed` and `score`, resumed: the same bytes as a run that nothing stopped. */
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import { fasta, type Outcome, proteins, unirep } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "unirep-resume-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true }));

const input = at("in.fasta");
writeFileSync(input, fasta(proteins(1200, { from: 50, to: 400 })));

/** Bytes of journal: a few dozen sequences are done, most are not. */
const enough = 800;

/** Runs until some results are stored, then sends the signal; gives the outcome and how long the end took. */
async function stopped(
  args: readonly string[],
  out: string,
  signal: NodeJS.Signals,
): Promise<Outcome & { milliseconds: number }> {
  const journal = join(`${out}.partial`, "done.log");
  let sent = 0;
  const outcome = await unirep(args, {
    onStart: (child) => {
      void (async () => {
        while (child.exitCode === null && child.signalCode === null) {
          if (existsSync(journal) && statSync(journal).size > enough) {
            sent = performance.now();
            child.kill(signal);
            return;
          }
          await sleep(10);
        }
      })();
    },
  });
  return { ...outcome, milliseconds: performance.now() - sent };
}

test.each([
  ["embed", "npz", "f32", "SIGINT"],
  ["embed", "h5", "f32", "SIGKILL"],
  ["embed", "parquet", "int8", "SIGKILL"],
  ["score", "jsonl", "f32", "SIGINT"],
] as const)(
  "%s to .%s in %s, resumed after %s, gives the same file as without",
  async (command, extension, precision, signal) => {
    const line = (out: string) =>
      `${command} ${input} -o ${out} --model 64 --weights random --precision ${precision}`.split(
        " ",
      );
    const whole = at(`${command}-${precision}-whole.${extension}`);
    expect(await unirep(line(whole))).toMatchObject({ code: 0 });

    const out = at(`${command}-${precision}.${extension}`);
    const end = await stopped(line(out), out, signal);
    expect(existsSync(out)).toBe(false);
    if (signal === "SIGINT") {
      expect(end.code).toBe(130);
      expect(end.milliseconds).toBeLessThan(3000);
      expect(end.stderr).toMatch(
        /^interrupted: the results of \d+ of 1200 sequences are kept in .*\.partial; run the same command with --resume to go on/m,
      );
      const again = await unirep(line(out));
      expect(again).toMatchObject({ code: 1, stdout: "" });
      expect(again.stderr).toContain("holds an unfinished run");
    } else expect(end.signal).toBe("SIGKILL");

    const resumed = await unirep([...line(out), "--resume", "--json"]);
    expect(resumed.code).toBe(0);
    const { resumedFrom } = JSON.parse(resumed.stdout) as {
      resumedFrom: number;
    };
    expect(resumedFrom).toBeGreaterThan(enough / 16);
    expect(resumedFrom).toBeLessThan(1200);
    expect(readFileSync(out).equals(readFileSync(whole))).toBe(true);
    expect(readdirSync(folder).filter((f) => /partial|tmp/.test(f))).toEqual(
      [],
    );
  },
);

test("--resume refuses a run with other options and names the first difference", async () => {
  const out = at("other.npz");
  const line = `embed ${input} -o ${out} --model 64 --weights random`.split(
    " ",
  );
  expect((await stopped(line, out, "SIGTERM")).code).toBe(143);
  const changed = await unirep([
    ...line.map((word) => (word === "random" ? "random:1" : word)),
    "--resume",
  ]);
  expect(changed.code).toBe(1);
  expect(changed.stderr).toMatch(
    /^error: .*other\.npz\.partial holds another run: weights\.id was "random-64-seed0", now "random-64-seed1"; delete that folder to start over$/m,
  );
  rmSync(`${out}.partial`, { recursive: true });
});

test("--resume with nothing to resume says so and starts", async () => {
  const small = at("small.fasta");
  writeFileSync(small, ">a\nMKLV\n");
  const out = at("fresh.npz");
  const { code, stderr } = await unirep(
    `embed ${small} -o ${out} --model 64 --weights random --resume`.split(" "),
  );
  expect(code).toBe(0);
  expect(stderr).toContain(
    `note: nothing of ${out} to resume: starting from zero`,
  );
});
