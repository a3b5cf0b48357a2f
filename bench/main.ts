/** @file `npm run bench -- NAME [options]`: runs one benchmark and prints its figures. */
import { fileURLToPath } from "node:url";
import { readdirSync } from "node:fs";

interface Bench {
  run(argv: readonly string[]): Promise<void>;
}

const [name, ...argv] = process.argv.slice(2);
const names = readdirSync(fileURLToPath(new URL(".", import.meta.url)), {
  withFileTypes: true,
})
  .filter(
    (entry) =>
      entry.isFile() && entry.name !== "main.ts" && entry.name.endsWith(".ts"),
  )
  .map((entry) => entry.name.slice(0, -3));
if (name === undefined || !names.includes(name)) {
  console.error(
    `bench: expected one of ${names.join(", ")}, got ${name ?? "nothing"}`,
  );
  process.exit(2);
}
const bench = (await import(`./${name}.ts`)) as Bench;
await bench.run(argv);
