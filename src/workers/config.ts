/** @file The service's configuration: every setting, its environment variable, its default, and the check at start. */
import path from "node:path";
import { z } from "zod";
import { jobKinds } from "./jobs/record.ts";

const count = (from = 1) => z.coerce.number().int().min(from);
const size = z
  .string()
  .regex(/^\d+(\.\d+)?\s*(B|kB|MB|GB)?$/, 'a size such as "500 MB"')
  .transform((text) => {
    const [, number, , unit = "B"] = /^(\d+(\.\d+)?)\s*(\w+)?$/.exec(text) as RegExpExecArray; // prettier-ignore
    return Math.round(Number(number) * { B: 1, kB: 1e3, MB: 1e6, GB: 1e9 }[unit]!); // prettier-ignore
  });
const yesNo = z
  .enum(["true", "false", "1", "0"])
  .transform((x) => x === "true" || x === "1");

/** One setting: its variable, its schema over the variable's text, and what it is for. */
const settings = {
  port: { env: "PORT", schema: count(0).max(65535).default(3000), about: "port of the API; 0 takes a free one" },
  host: { env: "HOST", schema: z.string().min(1).default("127.0.0.1"), about: "address the API listens on" },
  dataDir: { env: "DATA_DIR", schema: z.string().min(1).default("data").transform((x) => path.resolve(x)), about: "folder of the embedded database, files and working copies" },
  redisUrl: { env: "REDIS_URL", schema: z.url({ protocol: /^rediss?$/ }).nullable().default(null), about: "Redis that carries queues and records; without it they live in DATA_DIR" },
  storageUrl: { env: "STORAGE_URL", schema: z.union([z.url({ protocol: /^s3$/ }), z.string().min(1)]).nullable().default(null), about: "folder or s3://bucket/prefix for files; by default DATA_DIR/files" },
  queues: { env: "QUEUES", schema: z.string().default("all").transform((text, ctx) => queuesOf(text, ctx)), about: `queues this process works on: all, none, or some of ${jobKinds.join(",")}` },
  model: { env: "MODEL", schema: z.string().min(1).default("unirep-ts-64"), about: "model of requests that name none" },
  processes: { env: "PROCESSES", schema: count().default(1), about: "jobs computed at the same time, each in its own process" },
  threads: { env: "THREADS", schema: count(0).default(0), about: "threads of a compute process; 0: one a physical core" },
  memoryLimit: { env: "MEMORY_LIMIT", schema: size.default(8e9), about: "resident memory after which a compute process is replaced" },
  warmModels: { env: "WARM_MODELS", schema: count().default(2), about: "models a compute process keeps loaded" },
  cacheSize: { env: "CACHE_SIZE", schema: size.default(256e6), about: "memory for results of sequences seen before; 0 is off" },
  maxUpload: { env: "MAX_UPLOAD", schema: size.default(4e9), about: "bytes of an upload" },
  maxSequences: { env: "MAX_SEQUENCES", schema: count().default(5_000_000), about: "sequences of a job" },
  maxResidues: { env: "MAX_RESIDUES", schema: count().default(2_000_000_000), about: "residues of a job" },
  maxLength: { env: "MAX_LENGTH", schema: count().default(50_000), about: "residues of one sequence" },
  maxRequestSequences: { env: "MAX_REQUEST_SEQUENCES", schema: count().default(128), about: "sequences of a request answered at once" },
  maxRequestResidues: { env: "MAX_REQUEST_RESIDUES", schema: count().default(100_000), about: "residues of a request answered at once" },
  maxWaitingResidues: { env: "MAX_WAITING_RESIDUES", schema: count().default(1_000_000), about: "residues of unanswered requests, beyond which new ones are refused" },
  maxQueuedJobs: { env: "MAX_QUEUED_JOBS", schema: count().default(20_000), about: "jobs waiting, beyond which new ones are refused" },
  requestsPerMinute: { env: "REQUESTS_PER_MINUTE", schema: count().default(1200), about: "requests of one key" },
  residuesPerDay: { env: "RESIDUES_PER_DAY", schema: count().default(10_000_000_000), about: "residues of one key" },
  maxStarts: { env: "MAX_STARTS", schema: count().default(5), about: "starts of a piece of work, after which it has failed" },
  lockSeconds: { env: "LOCK_SECONDS", schema: z.coerce.number().min(1).default(60), about: "seconds after which a worker that does not answer loses its job" },
  drainSeconds: { env: "DRAIN_SECONDS", schema: z.coerce.number().min(0).default(30), about: "seconds to finish in after SIGTERM" },
  retentionDays: { env: "RETENTION_DAYS", schema: z.coerce.number().positive().default(30), about: "days the files of an ended job are kept" },
  trustProxy: { env: "TRUST_PROXY", schema: count(0).default(0), about: "proxies in front of the API" },
  bullBoard: { env: "BULL_BOARD", schema: yesNo.default(false), about: "queue pages at /admin/queues, for admins" },
  logLevel: { env: "LOG_LEVEL", schema: z.enum(["fatal", "error", "warn", "info", "debug", "silent"]).default("info"), about: "least severe log line" },
} as const; // prettier-ignore

function queuesOf(text: string, ctx: z.RefinementCtx) {
  if (text === "all") return [...jobKinds];
  if (text === "none") return [];
  const names = text.split(",").map((name) => name.trim());
  const unknown = names.find((name) => !jobKinds.some((kind) => kind === name));
  if (unknown === undefined) return jobKinds.filter((k) => names.includes(k));
  ctx.addIssue(`all, none, or some of ${jobKinds.join(",")}`);
  return z.NEVER;
}

export type SettingName = keyof typeof settings;
export type ServiceConfig = {
  readonly [K in SettingName]: z.output<(typeof settings)[K]["schema"]>;
};

/** Names, variables, defaults and meanings, for `--help`, `--print-config` and the documented table. */
export const settingTable: readonly {
  readonly name: SettingName;
  readonly env: string;
  readonly about: string;
}[] = (Object.keys(settings) as SettingName[]).map((name) => ({
  name,
  env: settings[name].env,
  about: settings[name].about,
}));

/**
 * The configuration that an environment and flags (which win) give. Throws a RangeError, one sentence, naming the first
 * setting that makes no sense. An empty variable counts as none.
 */
export function readConfig(
  env: Readonly<Record<string, string | undefined>>,
  flags: Readonly<Partial<Record<SettingName, string>>> = {},
): ServiceConfig {
  const entries = (Object.keys(settings) as SettingName[]).map((name) => {
    const { env: variable, schema } = settings[name];
    const text = flags[name] ?? (env[variable] || undefined);
    const parsed = schema.safeParse(text);
    if (parsed.success) return [name, parsed.data];
    throw new RangeError(
      `configuration: ${variable}: expected ${parsed.error.issues[0].message}, got ${JSON.stringify(text)}`,
    );
  });
  return Object.fromEntries(entries) as ServiceConfig;
}
