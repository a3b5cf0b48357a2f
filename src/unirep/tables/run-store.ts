/** @file Starting, resuming and ending a run: a long computation whose work folder `OUT.partial` survives any kill. */
import {
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import {
  atomically,
  diskError,
  removeTemporaries,
  temporaryPath,
} from "./atomic-file.ts";
import { firstDifference } from "./fingerprint.ts";
import { openResults, type Run } from "./run.ts";
import {
  type IngestedInput,
  ingestInto,
  type RunRecord,
} from "./run-ingest.ts";
import { INDEX_BYTES, RUN_VERSION, runPaths } from "./run-layout.ts";
import { lockFolder } from "./run-lock.ts";
import { checkColumns, type Column } from "./table.ts";
import { tableFiles } from "./write-table.ts";

/** What makes two runs the same: resuming needs all of it equal. */
export interface RunSpec {
  readonly columns: readonly Column[];
  /** JSON-serialisable: options, model, weights hash, inputs. */
  readonly fingerprint: Readonly<Record<string, unknown>>;
}

/** Ends a run's hold on its folder: `close` keeps the folder for a resume, `remove` deletes it. The first call counts. */
interface Held {
  close(): Promise<void>;
  remove(): Promise<void>;
}

/** A run whose input is being read. */
export interface Ingest extends Held {
  /** Keeps one validated record; calls must not overlap. */
  addRecord(record: RunRecord): Promise<void>;
  /** Ends the input; `summary` (JSON-serialisable) comes back as `run.summary` after a resume. */
  finishInput(summary: unknown): Promise<StoredRun>;
}

export type StoredRun = Run & Held;

export type OpenedRun =
  | {
      readonly state: "ingest";
      readonly ingest: Ingest;
      /** Why stored work was given up, if any was. */ readonly note?: string;
    }
  | { readonly state: "run"; readonly run: StoredRun };

/**
 * Starts the run that will write `out`. Refuses in one sentence when a file that it would write exists, when `out`.partial
 * holds a run with all its input (resume it or delete it), or when another process works in it.
 */
export async function createRun(out: string, spec: RunSpec): Promise<Ingest> {
  checkColumns(spec.columns);
  await refuseOutput(out);
  const release = await enter(out);
  return releasing(release, async () => {
    if (await exists(runPaths(out).input)) {
      throw new Error(
        `${runPaths(out).folder} holds an unfinished run of ${out}: resume it, or delete that folder to start over`,
      );
    }
    return startOver(out, spec, release);
  });
}

/**
 * Resumes the run of `out` where it stood. Starts a new one (`state: "ingest"`) when there is none or its input was not read
 * to the end; refuses in one sentence when the stored run is another run, naming the first difference, and when `out` exists
 * without a work folder (nothing tells which run made it). A run killed after `out` was written is resumed and rewrites it.
 */
export async function openRun(out: string, spec: RunSpec): Promise<OpenedRun> {
  checkColumns(spec.columns);
  const paths = runPaths(out);
  if (!(await exists(paths.folder))) await refuseOutput(out);
  const release = await enter(out);
  return releasing(release, async () => {
    const stored = await readJson(paths.run);
    const input = (await readJson(paths.input)) as IngestedInput | undefined;
    if (stored === undefined || input === undefined) {
      return { state: "ingest", ingest: await startOver(out, spec, release) };
    }
    const { fingerprint, ...format } = identity(spec);
    const { fingerprint: storedFingerprint, ...storedFormat } =
      stored as ReturnType<typeof identity>;
    const difference =
      firstDifference(storedFormat, format) ??
      firstDifference(storedFingerprint, fingerprint);
    if (difference !== undefined) {
      throw new Error(
        `${paths.folder} holds another run: ${difference}; delete that folder to start over`,
      );
    }
    const damaged = await firstDamaged(out, input);
    if (damaged !== undefined) {
      const note = `${damaged} is damaged, so the run of ${out} starts over`;
      return {
        state: "ingest",
        ingest: await startOver(out, spec, release),
        note,
      };
    }
    return { state: "run", run: await resume(out, spec, input, release) };
  });
}

type Release = () => Promise<void>;

function identity({ columns, fingerprint }: RunSpec) {
  return { version: RUN_VERSION, columns, fingerprint };
}

async function startOver(
  out: string,
  spec: RunSpec,
  release: Release,
): Promise<Ingest> {
  const paths = runPaths(out);
  for (const name of await readdir(paths.folder)) {
    if (!/^lock\.\d+$/.test(name))
      await rm(join(paths.folder, name), { recursive: true, force: true });
  }
  await atomically([paths.run], ([temporary]) =>
    writeFile(temporary, JSON.stringify(identity(spec))),
  );
  const ingest = await ingestInto(out);
  // One hold from the first record to the last result: closing the ingest closes the run that came of it.
  let closeFiles = ingest.abandon;
  const held = holding(out, release, () => closeFiles());
  return {
    ...held,
    addRecord: ingest.add,
    async finishInput(summary) {
      const { run, close } = await openResults(
        out,
        spec.columns,
        await ingest.finish(summary),
      );
      closeFiles = close;
      return { ...run, ...held };
    },
  };
}

async function resume(
  out: string,
  spec: RunSpec,
  input: IngestedInput,
  release: Release,
): Promise<StoredRun> {
  const { run, close } = await openResults(out, spec.columns, input);
  return { ...run, ...holding(out, release, close) };
}

/** `close` and `remove` around `closeFiles`; whichever comes first is the only one with an effect. */
function holding(
  out: string,
  release: Release,
  closeFiles: () => Promise<void>,
): Held {
  const { folder } = runPaths(out);
  let open = true;
  const once = (end: () => Promise<void>) => async () => {
    if (!open) return;
    open = false;
    try {
      await closeFiles();
    } finally {
      await end();
    }
  };
  return {
    close: once(release),
    remove: once(async () => {
      // Renamed first: a folder half deleted would look like a run whose input was not read to the end.
      const doomed = temporaryPath(out);
      await rename(folder, doomed);
      await release();
      await rm(doomed, { recursive: true, force: true });
    }),
  };
}

async function enter(out: string): Promise<Release> {
  const { folder } = runPaths(out);
  try {
    await mkdir(folder, { recursive: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST")
      throw diskError(error, out);
  }
  const release = await lockFolder(folder).catch((error: unknown) => {
    throw diskError(error, folder);
  });
  return releasing(release, async () => {
    for (const path of tableFiles(out)) await removeTemporaries(path);
    return release;
  });
}

async function releasing<T>(
  release: Release,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await release();
    throw error;
  }
}

async function refuseOutput(out: string): Promise<void> {
  for (const path of tableFiles(out)) {
    if (await exists(path))
      throw new Error(`${path} exists: delete it or choose another output`);
  }
}

/** The first file of the folder whose size is not the one the end of the input promised. */
async function firstDamaged(
  out: string,
  input: IngestedInput,
): Promise<string | undefined> {
  const paths = runPaths(out);
  const expected = [
    [paths.records, input.spoolBytes],
    [paths.index, input.size.count * INDEX_BYTES],
  ] as const;
  for (const [path, bytes] of expected) {
    const found = await stat(path).catch(() => undefined);
    if (found?.size !== bytes) return path;
  }
  return undefined;
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as unknown;
  } catch {
    return undefined;
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
