/** @file The service's configuration: every setting, its environment variable, its default, and the check at start. */
import path from "node:path";
import { z } from "zod";
import { type JobKind, jobKinds } from "./jobs/record.ts";

/** Schemas over the text of a variable or a flag; each says in an error what it expects. */
const whole = (from: number, to = Number.MAX_SAFE_INTEGER) => {
  const expected =
    to === Number.MAX_SAFE_INTEGER
      ? `a whole number of at least ${from}`
      : `a whole number from ${from} to ${to}`;
  return z
    .string()
    .refine((text) => /^\d{1,16}$/.test(text) && Number(text) >= from && Number(text) <= to, expected)
    .transform(Number);
}; // prettier-ignore
const amount = (least: number) =>
  z
    .string()
    .refine((text) => /^\d{1,9}(\.\d{1,9})?$/.test(text) && Number(text) >= least, `a number of at least ${least}`)
    .transform(Number); // prettier-ignore

const units = { B: 1, kB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 } as const;
const sizePattern = /^(\d{1,9}(?:\.\d{1,9})?) ?(B|kB|MB|GB|TB)?$/;
/** Bytes; at least `least` of them. */
const size = (least = 1) =>
  z
    .string()
    .transform((text, ctx) => {
      const [, number, unit = "B"] = sizePattern.exec(text) ?? [];
      const bytes = Math.round(Number(number) * units[unit as keyof typeof units]); // prettier-ignore
      if (bytes >= least) return bytes;
      ctx.addIssue(`a size such as "500 MB" (units ${Object.keys(units).join(", ")})${least > 1 ? `, of at least ${least} B` : ""}`); // prettier-ignore
      return z.NEVER;
    }); // prettier-ignore
const text = z.string().min(1, "some text");
const yesNo = z
  .enum(["true", "false", "1", "0"], "true or false")
  .transform((x) => x === "true" || x === "1");
const levels = ["fatal", "error", "warn", "info", "debug", "silent"] as const;

/** One setting: its variable, its text where none is given (null: none), its schema, and what it is for. */
const settings = {
  port: { env: "PORT", fallback: "3000", schema: whole(0, 65535), about: "port of the API; where it is set, also of a worker's health and metrics; 0 takes a free one" },
  host: { env: "HOST", fallback: "127.0.0.1", schema: text, about: "address to listen on" },
  dataDir: { env: "DATA_DIR", fallback: "data", schema: text.transform((x) => path.resolve(x)), about: "folder of the embedded database, files and working copies" },
  redisUrl: { env: "REDIS_URL", fallback: null, schema: z.url({ protocol: /^rediss?$/, error: "a URL such as redis://HOST:6379" }), about: "Redis that carries queues and records; without it they live in DATA_DIR" },
  storageUrl: { env: "STORAGE_URL", fallback: null, schema: text.regex(/^(s3:\/\/[^/]+|(?!\w+:\/\/).)/, "a folder or s3://BUCKET/PREFIX"), about: "folder or s3://BUCKET/PREFIX for files; by default DATA_DIR/files" },
  queues: { env: "QUEUES", fallback: "all", schema: z.string().transform(queuesOf), about: `queues this process works on: all, none, or some of ${jobKinds.join(",")}` },
  model: { env: "MODEL", fallback: "unirep-ts-64", schema: text, about: "model of requests that name none" },
  processes: { env: "PROCESSES", fallback: "1", schema: whole(1, 1024), about: "jobs computed at the same time, each in its own process" },
  threads: { env: "THREADS", fallback: "0", schema: whole(0, 1024), about: "threads of a compute process; 0: one a core" },
  memoryLimit: { env: "MEMORY_LIMIT", fallback: "8 GB", schema: size(200e6), about: "resident memory after which a compute process is replaced" },
  warmModels: { env: "WARM_MODELS", fallback: "2", schema: whole(1, 1000), about: "models a compute process keeps loaded" },
  cacheSize: { env: "CACHE_SIZE", fallback: "256 MB", schema: size(0), about: "memory for results of sequences seen before; 0 is off" },
  maxUpload: { env: "MAX_UPLOAD", fallback: "4 GB", schema: size(), about: "bytes of an upload" },
  maxSequences: { env: "MAX_SEQUENCES", fallback: "5000000", schema: whole(1), about: "sequences of a job" },
  maxResidues: { env: "MAX_RESIDUES", fallback: "2000000000", schema: whole(1), about: "residues of a job" },
  maxLength: { env: "MAX_LENGTH", fallback: "50000", schema: whole(1, 100e6), about: "residues of one sequence" },
  maxRequestSequences: { env: "MAX_REQUEST_SEQUENCES", fallback: "128", schema: whole(1), about: "sequences of a request answered at once" },
  maxRequestResidues: { env: "MAX_REQUEST_RESIDUES", fallback: "100000", schema: whole(1), about: "residues of a request answered at once" },
  maxWaitingResidues: { env: "MAX_WAITING_RESIDUES", fallback: "1000000", schema: whole(1), about: "residues of unanswered requests, beyond which new ones are refused" },
  maxQueuedJobs: { env: "MAX_QUEUED_JOBS", fallback: "20000", schema: whole(1), about: "jobs waiting, beyond which new ones are refused" },
  requestsPerMinute: { env: "REQUESTS_PER_MINUTE", fallback: "1200", schema: whole(1), about: "requests of one key" },
  residuesPerDay: { env: "RESIDUES_PER_DAY", fallback: "10000000000", schema: whole(1), about: "residues of one key" },
  maxStarts: { env: "MAX_STARTS", fallback: "5", schema: whole(1), about: "starts of a piece of work, after which it has failed" },
  lockSeconds: { env: "LOCK_SECONDS", fallback: "60", schema: amount(1), about: "seconds after which a worker that does not answer loses its job" },
  drainSeconds: { env: "DRAIN_SECONDS", fallback: "30", schema: amount(0), about: "seconds to finish in after SIGTERM" },
  retentionDays: { env: "RETENTION_DAYS", fallback: "30", schema: amount(0.001), about: "days the files of an ended job are kept" },
  trustProxy: { env: "TRUST_PROXY", fallback: "0", schema: whole(0, 100), about: "proxies in front of the API" },
  bullBoard: { env: "BULL_BOARD", fallback: "false", schema: yesNo, about: "queue pages at /admin/queues, for admins" },
  telemetry: { env: "TELEMETRY", fallback: "false", schema: yesNo, about: "OpenTelemetry traces of queues, to what the process has registered" },
  logLevel: { env: "LOG_LEVEL", fallback: "info", schema: z.enum(levels, `one of ${levels.join(", ")}`), about: "least severe log line" },
} as const; // prettier-ignore

function queuesOf(text: string, ctx: z.RefinementCtx): JobKind[] {
  if (text === "all") return [...jobKinds];
  if (text === "none") return [];
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !jobKinds.some((kind) => kind === name));
  if (unknown === undefined) return jobKinds.filter((k) => names.includes(k));
  ctx.addIssue(`all, none, or some of ${jobKinds.join(",")}`);
  return z.NEVER;
}

export type SettingName = keyof typeof settings;
type Setting<K extends SettingName> = (typeof settings)[K];
export type ServiceConfig = {
  readonly [K in SettingName]:
    z.output<Setting<K>["schema"]> | Extract<Setting<K>["fallback"], null>;
};

const settingNames = Object.keys(settings) as SettingName[];

export interface SettingFacts {
  readonly name: SettingName;
  readonly env: string;
  /** `--redis-url` */
  readonly flag: string;
  /** As it would be given; null: there is none. */
  readonly fallback: string | null;
  readonly about: string;
}

/** All settings, for help and the documented table. */
export const settingTable: readonly SettingFacts[] = settingNames.map(
  (name) => {
    const { env, fallback, about } = settings[name];
    return { name, env, flag: flagOf(name), fallback, about };
  },
);

function flagOf(name: SettingName): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * The configuration that an environment and flags (which win) give. Throws a RangeError, one sentence, naming the first
 * setting that makes no sense, without passwords. An empty variable counts as none.
 */
export function readConfig(
  env: Readonly<Record<string, string | undefined>>,
  flags: Readonly<Partial<Record<SettingName, string>>> = {},
): ServiceConfig {
  const entries = settingNames.map((name) => {
    const { env: variable, schema, fallback } = settings[name];
    const given = flags[name] ?? (env[variable] || fallback);
    if (given === null) return [name, null];
    const parsed = schema.safeParse(given);
    if (parsed.success) return [name, parsed.data];
    const where = flags[name] === undefined ? variable : flagOf(name);
    throw new RangeError(
      `configuration: ${where}: expected ${parsed.error.issues[0].message}, got ${JSON.stringify(withoutPassword(given))}`,
    );
  });
  return Object.fromEntries(entries) as ServiceConfig;
}

/** The configuration as it may be shown: in URLs stands `***` for who logs in and how. */
export const shownConfig = (
  config: ServiceConfig,
): Readonly<Record<SettingName, unknown>> =>
  Object.fromEntries(
    Object.entries(config).map(([name, value]) => [
      name,
      typeof value === "string" ? withoutPassword(value) : value,
    ]),
  ) as Record<SettingName, unknown>;

/** To the last `@`, because a URL that is refused may hold a password that is not escaped. */
function withoutPassword(text: string): string {
  return /:\/\//.test(text)
    ? text
        .replace(/:\/\/.*@/s, "://***@")
        .replace(/([?&]\w*(?:pass|auth|secret|token)\w*=)[^&#]*/gi, "$1***")
    : text;
}
