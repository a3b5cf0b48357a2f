/** @file The configuration: what each setting takes, what it says of what it refuses, and what is shown of it. */
import path from "node:path";
import { describe, expect, test } from "vitest";
import {
  readConfig,
  settingTable,
  type SettingName,
  shownConfig,
} from "../../src/workers/config.ts";

type Env = Readonly<Record<string, string>>;
type Flags = Partial<Record<SettingName, string>>;

describe("what a setting takes", () => {
  test.each<[string, Env, Flags, SettingName, unknown]>([
    ["nothing gives the default", {}, {}, "port", 3000],
    ["nothing gives null where there is no default", {}, {}, "redisUrl", null],
    ["a variable wins over the default", { PORT: "8080" }, {}, "port", 8080],
    ["a flag wins over the variable", { PORT: "8080" }, { port: "0" }, "port", 0],
    ["an empty variable counts as none", { PORT: "" }, {}, "port", 3000],
    ["an empty variable of a setting without default too", { REDIS_URL: "" }, {}, "redisUrl", null],
    ["a folder becomes an absolute path", { DATA_DIR: "some/where" }, {}, "dataDir", path.resolve("some/where")],
    ["Redis by URL", { REDIS_URL: "redis://u:p@host:6379/2" }, {}, "redisUrl", "redis://u:p@host:6379/2"],
    ["Redis over TLS", { REDIS_URL: "rediss://host" }, {}, "redisUrl", "rediss://host"],
    ["storage in a bucket", { STORAGE_URL: "s3://bucket/prefix" }, {}, "storageUrl", "s3://bucket/prefix"],
    ["storage in a folder", { STORAGE_URL: "/srv/files" }, {}, "storageUrl", "/srv/files"],
    ["all queues", {}, {}, "queues", ["embed", "score", "evotune", "sample"]],
    ["no queue", { QUEUES: "none" }, {}, "queues", []],
    ["some queues, in any order and once", { QUEUES: "evotune, embed,embed" }, {}, "queues", ["embed", "evotune"]],
    ["a size in GB", { MAX_UPLOAD: "1.5 GB" }, {}, "maxUpload", 1.5e9],
    ["a size without a space", { MAX_UPLOAD: "20kB" }, {}, "maxUpload", 20_000],
    ["a size in bytes", { MAX_UPLOAD: "123" }, {}, "maxUpload", 123],
    ["a cache of nothing", { CACHE_SIZE: "0" }, {}, "cacheSize", 0],
    ["the default size", {}, {}, "memoryLimit", 8e9],
    ["a fraction of seconds", { DRAIN_SECONDS: "0.5" }, {}, "drainSeconds", 0.5],
    ["yes as true", { BULL_BOARD: "true" }, {}, "bullBoard", true],
    ["no as 0", { BULL_BOARD: "0" }, {}, "bullBoard", false],
    ["no telemetry unless asked for", {}, {}, "telemetry", false],
    ["a log level", {}, { logLevel: "silent" }, "logLevel", "silent"],
  ])("%s", (_, env, flags, name, expected) => {
    expect(readConfig(env, flags)[name]).toEqual(expected);
  }); // prettier-ignore
});

describe("what is refused, in a sentence that names variable or flag", () => {
  test.each<[string, Env, Flags, string]>([
    ["a port that is no number", { PORT: "http" }, {}, 'PORT: expected a whole number from 0 to 65535, got "http"'],
    ["a port out of range", {}, { port: "65536" }, '--port: expected a whole number from 0 to 65535, got "65536"'],
    ["a negative port", {}, { port: "-1" }, '--port: expected a whole number from 0 to 65535, got "-1"'],
    ["hexadecimal", { PORT: "0x50" }, {}, 'PORT: expected a whole number from 0 to 65535, got "0x50"'],
    ["a fraction of a process", { PROCESSES: "1.5" }, {}, 'PROCESSES: expected a whole number from 1 to 1024, got "1.5"'],
    ["no process", { PROCESSES: "0" }, {}, 'PROCESSES: expected a whole number from 1 to 1024, got "0"'],
    ["a number beyond what is exact", { MAX_RESIDUES: "99999999999999999" }, {}, 'MAX_RESIDUES: expected a whole number of at least 1, got "99999999999999999"'],
    ["an empty flag", {}, { host: "" }, '--host: expected some text, got ""'],
    ["a size with another unit", { MAX_UPLOAD: "4 GiB" }, {}, 'MAX_UPLOAD: expected a size such as "500 MB" (units B, kB, MB, GB, TB), got "4 GiB"'],
    ["a size of nothing", { MAX_UPLOAD: "0 MB" }, {}, 'MAX_UPLOAD: expected a size such as "500 MB" (units B, kB, MB, GB, TB), got "0 MB"'],
    ["memory in which nothing can run", { MEMORY_LIMIT: "8 MB" }, {}, 'MEMORY_LIMIT: expected a size such as "500 MB" (units B, kB, MB, GB, TB), of at least 200000000 B, got "8 MB"'],
    ["another database, without its password", { REDIS_URL: "postgres://user:secret@host" }, {}, 'REDIS_URL: expected a URL such as redis://HOST:6379, got "postgres://***@host"'],
    ["a URL whose password is not escaped, without it", {}, { redisUrl: "redis://u:se/cr@et@ho st" }, '--redis-url: expected a URL such as redis://HOST:6379, got "redis://***@ho st"'],
    ["storage of another kind", { STORAGE_URL: "https://bucket" }, {}, 'STORAGE_URL: expected a folder or s3://BUCKET/PREFIX, got "https://bucket"'],
    ["a bucket without a name", { STORAGE_URL: "s3://" }, {}, 'STORAGE_URL: expected a folder or s3://BUCKET/PREFIX, got "s3://"'],
    ["an unknown queue", { QUEUES: "embed,train" }, {}, 'QUEUES: expected all, none, or some of embed,score,evotune,sample, got "embed,train"'],
    ["neither yes nor no", { BULL_BOARD: "on" }, {}, 'BULL_BOARD: expected true or false, got "on"'],
    ["an unknown log level", { LOG_LEVEL: "loud" }, {}, 'LOG_LEVEL: expected one of fatal, error, warn, info, debug, silent, got "loud"'],
    ["locks of no time", { LOCK_SECONDS: "0" }, {}, 'LOCK_SECONDS: expected a number of at least 1, got "0"'],
  ])("%s", (_, env, flags, sentence) => {
    expect(() => readConfig(env, flags)).toThrow(
      new RangeError(`configuration: ${sentence}`),
    );
  }); // prettier-ignore
});

describe("what is shown", () => {
  test.each<[string, string]>([
    ["redis://user:secret@host:6379/1", "redis://***@host:6379/1"],
    ["redis://:secret@host", "redis://***@host"],
    ["redis://host/0?password=secret&family=6", "redis://host/0?password=***&family=6"],
    ["redis://host:6379", "redis://host:6379"],
  ])("%s is shown as %s", (redisUrl, shown) => {
    expect(shownConfig(readConfig({}, { redisUrl })).redisUrl).toBe(shown);
  }); // prettier-ignore

  test("every setting has a variable, a flag, a meaning, and a default that it takes", () => {
    expect(settingTable.length).toBe(Object.keys(readConfig({})).length);
    for (const { name, env, flag, fallback, about } of settingTable) {
      expect(env).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
      expect(flag).toBe(`--${env.toLowerCase().replaceAll("_", "-")}`);
      expect(about.length).toBeGreaterThan(10);
      const given = fallback === null ? {} : { [env]: fallback };
      expect(readConfig(given)[name]).toEqual(readConfig({})[name]);
    }
  });

  test("the table shows defaults as one would give them", () => {
    const shown = Object.fromEntries(settingTable.map((s) => [s.env, s.fallback])); // prettier-ignore
    expect(shown).toMatchObject({ PORT: "3000", REDIS_URL: null, MEMORY_LIMIT: "8 GB", QUEUES: "all" }); // prettier-ignore
  });
});
