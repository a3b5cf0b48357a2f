/** @file Every format gives back what was written, byte for byte the same each time, or leaves nothing. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { diskError } from "../../../src/unirep/tables/atomic-file.ts";
import { checkFreeDisk, tableBytes } from "../../../src/unirep/tables/disk.ts";
import {
  type Column,
  memoryTable,
  type Row,
  type Table,
  valueCount,
} from "../../../src/unirep/tables/table.ts";
import {
  tableFiles,
  tableFormat,
  tableFormats,
  writeTable,
} from "../../../src/unirep/tables/write-table.ts";
import {
  type Picture,
  readCsv,
  readH5,
  readJsonl,
  readNpyPair,
  readNpz,
  readParquet,
} from "./readers.ts";

const folder = mkdtempSync(join(tmpdir(), "unirep-tables-"));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const fresh = (extension: string) => join(folder, `t${files++}${extension}`);

const readers: Record<
  string,
  (path: string, names: string[]) => Picture | Promise<Picture>
> = {
  ".npz": readNpz,
  ".h5": readH5,
  ".parquet": readParquet,
  ".csv": readCsv,
  ".jsonl": readJsonl,
};

const wide: Column[] = [
  { kind: "scalar", name: "perplexity" },
  { kind: "vector", name: "h_avg", width: 3 },
  { kind: "list", name: "log_probs" },
  { kind: "vector", name: "c_final", width: 1 },
];
const vectors = wide.filter(({ kind }) => kind === "vector");
const ragged: Column[] = [{ kind: "ragged", name: "states", width: 2 }];

const float32 = fc.float({ noNaN: true, noDefaultInfinity: true });
const anyId = fc
  .string({ minLength: 1, unit: "grapheme" })
  .filter((id) => !/[\0\n\r]/.test(id));

function rowOf(columns: readonly Column[]): fc.Arbitrary<Row> {
  return fc.tuple(anyId, fc.nat(6)).chain(([id, length]) =>
    fc
      .tuple(
        ...columns.map((column): fc.Arbitrary<number | Float32Array> => {
          if (column.kind === "scalar")
            return fc.double({ noNaN: true, noDefaultInfinity: true });
          const count = valueCount(column, length);
          return fc
            .array(float32, { minLength: count, maxLength: count })
            .map((values) => Float32Array.from(values));
        }),
      )
      .map((values) => ({ id, length, values })),
  );
}

const tableOf = (columns: readonly Column[]) =>
  fc.tuple(
    fc.array(rowOf(columns), { maxLength: 5 }),
    fc.dictionary(fc.string(), fc.string()),
  );

/** What any reader should see. */
function picture(
  columns: readonly Column[],
  rows: readonly Row[],
  meta: unknown,
): Picture {
  return {
    ids: rows.map(({ id }) => id),
    meta,
    columns: Object.fromEntries(
      columns.map(({ name }, k) => [
        name,
        rows.map(({ values: { [k]: v } }) =>
          typeof v === "number" ? [v] : [...v],
        ),
      ]),
    ),
  };
}

const asFloat32 = (columns: Picture["columns"], scalars: ReadonlySet<string>) =>
  Object.fromEntries(
    Object.entries(columns).map(([name, rows]) => [
      name,
      scalars.has(name) ? rows : rows.map((row) => row.map(Math.fround)),
    ]),
  );

const scalarNames = new Set(["perplexity"]);
const cases: [extension: string, layout: string, columns: Column[]][] = [
  ...[".npz", ".h5", ".jsonl"].map((e): [string, string, Column[]] => [
    e,
    "every kind of column",
    [...wide, ...ragged],
  ]),
  ...[".parquet", ".csv"].map((e): [string, string, Column[]] => [
    e,
    "scalars, vectors and lists",
    wide,
  ]),
  ...[".parquet", ".csv"].map((e): [string, string, Column[]] => [
    e,
    "one ragged column",
    ragged,
  ]),
];

describe("writeTable", () => {
  test.each(cases)(
    "%s gives back %s bit for bit, whatever the ids and the metadata",
    async (extension, _, columns) => {
      await fc.assert(
        fc.asyncProperty(tableOf(columns), async ([rows, meta]) => {
          const path = fresh(extension);
          await writeTable(path, memoryTable(columns, rows, meta));
          const read = await readers[extension](
            path,
            columns.map(({ name }) => name),
          );
          const expected = picture(
            columns,
            rows,
            JSON.parse(JSON.stringify(meta)),
          );
          expect(read.ids).toEqual(expected.ids);
          expect(read.meta).toEqual(expected.meta);
          expect(asFloat32(read.columns, scalarNames)).toStrictEqual(
            expected.columns,
          );
          if ("lengths" in read)
            expect(read.lengths).toEqual(rows.map(({ length }) => length));
          rmSync(path);
        }),
        { numRuns: 40 },
      );
    },
  );

  test(".npy lays vector columns side by side, in order, with ids and lengths in the sidecar", async () => {
    await fc.assert(
      fc.asyncProperty(tableOf(vectors), async ([rows, meta]) => {
        const path = fresh(".npy");
        await writeTable(path, memoryTable(vectors, rows, meta));
        const { matrix, sidecar } = readNpyPair(path);
        expect(matrix.descr).toBe("<f4");
        expect(matrix.shape).toEqual([rows.length, 4]);
        expect(matrix.values).toStrictEqual(
          rows.flatMap(({ values }) =>
            values.flatMap((v) => [...(v as Float32Array)]),
          ),
        );
        const [ids, lengths] = [
          rows.map(({ id }) => id),
          rows.map(({ length }) => length),
        ];
        expect(sidecar).toEqual({
          ids,
          lengths,
          columns: vectors,
          meta: { ...meta },
        });
      }),
      { numRuns: 20 },
    );
  });

  test(".npy holds one ragged column with its offsets in the sidecar", async () => {
    const path = fresh(".npy");
    const rows = [2, 0].map((length, k) => ({
      id: `p${k}`,
      length,
      values: [new Float32Array(2 * (length + 1)).fill(k)],
    }));
    await writeTable(path, memoryTable(ragged, rows));
    const { matrix, sidecar } = readNpyPair(path);
    expect(matrix).toEqual({
      descr: "<f4",
      shape: [4, 2],
      values: [0, 0, 0, 0, 0, 0, 1, 1],
    });
    expect(sidecar.offsets).toEqual([0, 3, 4]);
  });

  const rows: Row[] = Array.from({ length: 200 }, (_, k) => ({
    id: `protein-${k}`,
    length: k % 7,
    values: [
      Float32Array.from({ length: 1900 }, (_, j) => Math.sin(k * 1900 + j)),
    ],
  }));
  const large = memoryTable(
    [{ kind: "vector", name: "h_avg", width: 1900 }],
    rows,
    { model: "1900" },
  );

  test("every format is the same bytes a second later in another time zone", async () => {
    const zone = process.env.TZ;
    const writeAll = async (tz: string) => {
      process.env.TZ = tz;
      const written: Record<string, string> = {};
      for (const extension of tableFormats) {
        const path = fresh(extension);
        await writeTable(path, large);
        for (const file of tableFiles(path)) {
          const digest = createHash("sha256")
            .update(readFileSync(file))
            .digest("hex");
          written[extname(file)] = digest;
        }
      }
      return written;
    };
    const first = await writeAll("UTC");
    await new Promise((resolve) => setTimeout(resolve, 1100));
    const second = await writeAll("Asia/Tokyo");
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
    expect(second).toEqual(first);
  });

  test.each(tableFormats)(
    "%s is no larger than tableBytes says, and not much smaller",
    async (extension) => {
      const path = fresh(extension);
      await writeTable(path, large);
      const bytes = tableFiles(path).reduce(
        (sum, file) => sum + statSync(file).size,
        0,
      );
      const estimate = tableBytes(extension, large);
      expect(bytes).toBeLessThanOrEqual(estimate);
      expect(bytes).toBeGreaterThan(0.8 * estimate);
    },
  );

  test.each(tableFormats)(
    "%s fails whole: a bad row in the middle leaves the old file and no temporary",
    async (extension) => {
      const own = mkdtempSync(join(folder, "bad-"));
      const path = join(own, `out${extension}`);
      const before = memoryTable(vectors, [
        {
          id: "a",
          length: 1,
          values: [new Float32Array(3), new Float32Array(1)],
        },
      ]);
      await writeTable(path, before);
      const [names, bytes] = [readdirSync(own), readFileSync(path)];
      const bad: Table = {
        ...large,
        async *rows(columns) {
          for await (const row of large.rows(columns)) {
            yield row.id === "protein-190"
              ? {
                  ...row,
                  length: 1e9,
                  values: row.values.map(() => new Float32Array(5)),
                }
              : row;
          }
        },
      };
      await expect(writeTable(path, bad)).rejects.toThrow(
        /^table: (record protein-190|expected 200 rows)/,
      );
      expect(readdirSync(own)).toEqual(names);
      expect(readFileSync(path).equals(bytes)).toBe(true);
    },
  );

  test.each(tableFormats)(
    "%s stops at an abort and leaves nothing",
    async (extension) => {
      const own = mkdtempSync(join(folder, "abort-"));
      const controller = new AbortController();
      const slow: Table = {
        ...large,
        async *rows(columns) {
          for await (const row of large.rows(columns)) {
            if (row.id === "protein-100" && row.values.length > 0) {
              controller.abort(new Error("stopped"));
              await new Promise((resolve) => setImmediate(resolve));
            }
            yield row;
          }
        },
      };
      await expect(
        writeTable(join(own, `out${extension}`), slow, controller),
      ).rejects.toThrow();
      expect(readdirSync(own)).toEqual([]);
    },
  );

  test.each([".npz", ".h5", ".parquet"])(
    "%s of 12 MB, in several blocks or row groups, keeps every value",
    async (extension) => {
      const blocks = Array.from({ length: 8 }, (_, b) =>
        rows.map((row) => ({ ...row, id: `${b}-${row.id}` })),
      ).flat();
      const path = fresh(extension);
      await writeTable(path, memoryTable(large.columns, blocks));
      const read = await readers[extension](path, ["h_avg"]);
      expect(read.ids).toEqual(blocks.map(({ id }) => id));
      const differing = read.columns.h_avg.filter((values, k) => {
        const expected = blocks[k].values[0] as Float32Array;
        return (
          values.length !== expected.length ||
          values.some((x, j) => x !== expected[j])
        );
      });
      expect(differing).toEqual([]);
    },
  );

  test.each<[string, Column[], string]>([
    [
      ".csv",
      [...wide, ...ragged],
      ".csv cannot hold the per-residue column states beside other columns",
    ],
    [
      ".parquet",
      [...ragged, ...vectors],
      ".parquet cannot hold the per-residue column states beside other columns",
    ],
    [
      ".npy",
      wide,
      ".npy holds vector columns or one ragged column, got scalar perplexity",
    ],
    [
      ".txt",
      wide,
      "must be one of .npz, .npy, .h5, .parquet, .csv, .jsonl, got .txt",
    ],
    [
      "",
      wide,
      "must be one of .npz, .npy, .h5, .parquet, .csv, .jsonl, got none",
    ],
    [".npz", [{ kind: "scalar", name: "ids" }], 'not reserved, got "ids"'],
    [
      ".npz",
      [{ kind: "vector", name: "h", width: 0 }],
      "column h must have a positive integer width, got 0",
    ],
  ])(
    "an output ending in %j refuses columns it cannot hold (%#)",
    async (extension, columns, message) => {
      const table: Table = { ...memoryTable([], []), columns };
      await expect(writeTable(fresh(extension), table)).rejects.toThrow(
        message,
      );
    },
  );

  test("jsonl refuses NaN, naming record and column, instead of writing null", async () => {
    const row = {
      id: "p",
      length: 0,
      values: [Float32Array.of(1, NaN, 0), new Float32Array(1)],
    };
    const message =
      ".jsonl cannot hold NaN (record p, column h_avg): write another format";
    await expect(
      writeTable(fresh(".jsonl"), memoryTable(vectors, [row])),
    ).rejects.toThrow(message);
  });

  test.each(tableFormats)(
    "%s into a folder that does not exist is one sentence naming the file",
    async (extension) => {
      const path = join(folder, "none", `x${extension}`);
      await expect(writeTable(path, large)).rejects.toThrow(
        `cannot write ${path}: its folder does not exist (ENOENT)`,
      );
    },
  );

  // A file-size limit stands in for a full disk, which a test cannot make.
  test.runIf(process.platform === "linux")(
    "a write that the system cuts short is one sentence and leaves nothing",
    () => {
      const own = mkdtempSync(join(folder, "limit-"));
      const child = join(import.meta.dirname, "limited-child.ts");
      const command = `ulimit -f 1024; exec "${process.execPath}" --import tsx "${child}" "${own}"`;
      const output = execFileSync("bash", ["-c", command], {
        encoding: "utf8",
      });
      const lines = tableFormats.map(
        (e) =>
          `cannot write ${join(own, `x${e}`)}: the file would exceed the size limit of the disk or the process (EFBIG)`,
      );
      expect(output.trim().split("\n")).toEqual(lines);
      expect(readdirSync(own)).toEqual([]);
    },
  );

  test("a format is chosen by extension in any case", () => {
    expect(tableFormat("a/b.NPZ")).toBe(".npz");
  });
});

describe("disk", () => {
  test.each([
    ["ENOSPC", "cannot write out.h5: the disk is full (ENOSPC)"],
    ["EACCES", "cannot write out.h5: permission denied (EACCES)"],
    ["EISDIR", "cannot write out.h5: it is a folder (EISDIR)"],
  ])("%s becomes one sentence that names the file", (code, message) => {
    expect(
      String(diskError(Object.assign(new Error("x"), { code }), "out.h5")),
    ).toBe(`Error: ${message}`);
  });

  test("an output that is a folder is refused", async () => {
    const path = mkdtempSync(join(folder, "folder-")) + ".npz";
    execFileSync("mkdir", [path]);
    writeFileSync(join(path, "x"), "");
    await expect(writeTable(path, memoryTable([], []))).rejects.toThrow(
      `cannot write ${path}: it is a folder (EISDIR)`,
    );
  });

  test("checkFreeDisk passes what fits and names both sizes of what does not", async () => {
    const path = join(folder, "x.npz");
    await checkFreeDisk(path, 1000);
    await expect(checkFreeDisk(path, 4.5e18)).rejects.toThrow(
      /^not enough disk: need 4500 PB, have [\d.]+ [kMGTP]?B on \S+$/,
    );
  });
});
