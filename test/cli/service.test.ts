/** @file The commands `serve`, `worker` and `keys` as processes: start, keys, drain, and what they refuse. */
import { type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { type Outcome, unirep } from "./run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "unirep-service-"));
const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Variables of this machine that would be settings of the service. */
const clean = { REDIS_URL: "", STORAGE_URL: "", DATA_DIR: join(folder, "data"), UNIREP_API_KEY: "", UNIREP_URL: "" }; // prettier-ignore
const run = (args: readonly string[], env: Record<string, string> = {}) =>
  unirep(args, { env: { ...clean, ...env } });

interface Service {
  readonly child: ChildProcess;
  readonly url: string;
  readonly printed: () => string;
  readonly ended: Promise<Outcome>;
}

async function serve(): Promise<Service> {
  let child: ChildProcess | undefined;
  let printed = "";
  const args = ["serve", "--port", "0", "--queues", "none", "--drain-seconds", "5"]; // prettier-ignore
  const ended = unirep(args, {
    env: clean,
    onStart: (started) => {
      child = started;
      running.add(started);
      started.stdout?.on("data", (text: Buffer) => (printed += String(text)));
    },
  });
  while (!printed.includes("unirep service at ")) {
    const early = await Promise.race([ended, new Promise<null>((resolve) => setTimeout(resolve, 50, null))]); // prettier-ignore
    if (early) expect.fail(`serve ended: ${early.stderr}`);
  }
  const [, url] = /unirep service at (\S+) /.exec(printed) ?? [];
  return { child: child as ChildProcess, url, printed: () => printed, ended };
}

describe("unirep serve", () => {
  test("prints its address and, once, an admin key; keys are made, listed and revoked with it; SIGTERM ends it in good order", async () => {
    const first = await serve();
    const [, key] = /admin key, shown only this once: (ur_\w+)\n/.exec(first.printed()) ?? []; // prettier-ignore
    expect(first.printed()).toContain(`${first.url}/#key=${key}\n`);
    const env = { UNIREP_URL: first.url, UNIREP_API_KEY: key };

    const made = await run(["keys", "create", "--name", "lab", "--scopes", "embed,jobs", "--owner", "lab", "--expires", "2999-01-31", "--json"], env); // prettier-ignore
    expect([made.code, made.stderr]).toEqual([0, ""]);
    const lab = JSON.parse(made.stdout) as { id: string; key: string };
    expect(lab).toMatchObject({ name: "lab", scopes: ["embed", "jobs"], owner: "lab", expires_at: "2999-01-31T00:00:00.000Z" }); // prettier-ignore
    expect(lab.key).toMatch(/^ur_/);

    const listed = await run(["keys", "list"], env);
    expect(listed.code).toBe(0);
    expect(listed.stdout.split("\n")[0]).toMatch(new RegExp(`^${lab.id} +embed,jobs +made .*, never used, until 2999-01-31 +lab \\(owner lab\\)$`)); // prettier-ignore
    expect(listed.stdout).not.toContain(lab.key);

    const revoked = await run(["keys", "revoke", lab.id], env);
    expect(revoked.stdout).toMatch(/, revoked \d{4}-\d\d-\d\d +lab/);

    const refused = await run(["keys", "list"], { ...env, UNIREP_API_KEY: lab.key }); // prettier-ignore
    expect([refused.code, refused.stdout]).toEqual([1, ""]);
    expect(refused.stderr).toMatch(/^error: \S.*\n$/);

    const wrong = await run(["keys", "create", "--name", "x", "--scopes", "everything"], env); // prettier-ignore
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toMatch(/^error: .*\/scopes/);

    first.child.kill("SIGTERM");
    const { code, stderr } = await first.ended;
    expect(code).toBe(0);
    expect(stderr).toContain("note: finishing what can be finished in 5 s and handing back the rest; a second signal ends at once\n"); // prettier-ignore
    expect(stderr).not.toContain(key);

    const second = await serve();
    expect(second.printed()).not.toContain("ur_");
    second.child.kill("SIGINT");
    expect((await second.ended).code).toBe(0);
  }, 180_000);

  test("ends at once at a second signal", async () => {
    const { child, ended } = await serve();
    child.kill("SIGTERM");
    child.kill("SIGTERM");
    const twice = setInterval(() => child.kill("SIGTERM"), 20);
    const { code } = await ended;
    clearInterval(twice);
    expect(code).toBe(143);
  }, 90_000);
});

describe("what is refused, as wrong usage, before anything is opened", () => {
  test.each<[string, string[], Record<string, string>, string]>([
    ["a flag that makes no sense", ["serve", "--port", "x"], {}, 'configuration: --port: expected a whole number from 0 to 65535, got "x"'],
    ["a variable that makes no sense", ["serve"], { PORT: "x" }, 'configuration: PORT: expected a whole number from 0 to 65535, got "x"'],
    ["a worker without Redis", ["worker"], {}, "worker: expected REDIS_URL or --redis-url, got neither: without Redis a service does its work itself and shares it with nobody"],
    ["a worker without queues", ["worker", "--queues", "none"], { REDIS_URL: "redis://127.0.0.1:1" }, "worker: expected queues to work on, got none"],
  ])("%s", async (_, args, env, sentence) => {
    const { code, stdout, stderr } = await run(args, env);
    expect([code, stdout, stderr]).toEqual([2, "", `error: ${sentence}\n`]);
  }); // prettier-ignore

  test("a flag that means nothing to a worker", async () => {
    const { code, stderr } = await run(["worker", "--bull-board", "true"]);
    expect(code).toBe(2);
    expect(stderr).toContain("unknown option '--bull-board'");
  });
});

describe("--print-config", () => {
  test("prints the effective settings as JSON, without passwords, and opens nothing", async () => {
    const { code, stdout } = await run(
      ["serve", "--print-config", "--max-upload", "2 GB"],
      { REDIS_URL: "redis://me:secret@127.0.0.1:1/3", PORT: "8080" },
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      port: 8080,
      maxUpload: 2e9,
      redisUrl: "redis://***@127.0.0.1:1/3",
      dataDir: clean.DATA_DIR,
      queues: ["embed", "score", "evotune", "sample"],
    });
    expect(stdout).not.toContain("secret");
  });
});

describe("unirep keys", () => {
  test.each<[string, string[], Record<string, string>, RegExp]>([
    ["without a key", ["keys", "list"], {}, /^error: keys: expected an admin key in UNIREP_API_KEY, got none; /],
    ["where nothing listens", ["keys", "list", "--url", "http://127.0.0.1:1"], { UNIREP_API_KEY: "k" }, /^error: keys: expected a unirep service at http:\/\/127\.0\.0\.1:1, got \S.*\n$/],
    ["with what is no URL", ["keys", "list", "--url", "nowhere"], { UNIREP_API_KEY: "k" }, /^error: keys: expected the URL of a service, got "nowhere"\n$/],
  ])("%s fails in a sentence", async (_, args, env, sentence) => {
    const { code, stdout, stderr } = await run(args, env);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(sentence);
  }); // prettier-ignore

  test("refuses a date that is none as wrong usage", async () => {
    const { code } = await run(["keys", "create", "--name", "x", "--expires", "soon"]); // prettier-ignore
    expect(code).toBe(2);
  });
});
