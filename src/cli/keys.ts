/** @file `unirep keys`: makes, lists and revokes the API keys of a running service. */
import { Command, InvalidArgumentError } from "commander";
import { interruptible } from "./interruptible.ts";
import { report } from "./report.ts";
import { callService } from "./service-call.ts";

interface SharedOptions {
  readonly url: string;
  readonly json?: boolean;
}
interface CreateOptions extends SharedOptions {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly owner?: string;
  readonly expires?: string;
}

/** A key as the service shows it. */
interface Key {
  readonly id: string;
  readonly name: string;
  readonly owner: string;
  readonly scopes: readonly string[];
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
  readonly last_used_at: string | null;
}

export function keysCommand(): Command {
  const command = new Command("keys")
    .description("make, list and revoke the API keys of a running service")
    .addHelpText(
      "after",
      "\nExamples:\n  export UNIREP_URL=http://127.0.0.1:3000 UNIREP_API_KEY=ur_...\n  unirep keys create --name lab --scopes embed,jobs,models\n  unirep keys list\n  unirep keys revoke 0123456789abcdef",
    );
  subcommand(command, "create", "make a key and print it: it is shown only once") // prettier-ignore
    .requiredOption("--name <text>", "what it is for")
    .option(
      "--scopes <names>",
      "what it may do, with commas: embed, jobs, models, admin",
      (text) => text.split(","),
      ["embed", "jobs", "models"],
    )
    .option("--owner <name>", "keys of one owner share jobs and models (default: its own)") // prettier-ignore
    .option("--expires <date>", "ISO 8601, such as 2030-01-31 (default: never)", instant) // prettier-ignore
    .action((options: CreateOptions) => interruptible((signal) => create(options, signal))); // prettier-ignore
  subcommand(command, "list", "show all keys, newest first").action(
    (options: SharedOptions) =>
      interruptible((signal) => list(options, signal)),
  );
  subcommand(command, "revoke", "end a key for ever; its jobs and models stay")
    .argument("<id>", "id of the key, as list shows it")
    .action((id: string, options: SharedOptions) =>
      interruptible((signal) => revoke(id, options, signal)),
    );
  return command;
}

function subcommand(parent: Command, name: string, description: string): Command {
  return parent
    .command(name)
    .description(description)
    .option("--url <url>", "the service (UNIREP_URL)", process.env.UNIREP_URL || "http://127.0.0.1:3000")
    .option("--json", "print one JSON object on standard output, nothing else");
} // prettier-ignore

function instant(text: string): string {
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw new InvalidArgumentError("Expected a date in ISO 8601.");
  return new Date(time).toISOString();
}

async function create(
  { url, json, name, scopes, owner, expires }: CreateOptions,
  signal: AbortSignal,
): Promise<void> {
  const body = {
    name,
    scopes,
    ...(owner !== undefined && { owner }),
    ...(expires !== undefined && { expires_at: expires }),
  };
  const made = await callService<Key & { readonly key: string }>(url, { method: "POST", path: "/v1/keys", body, signal }); // prettier-ignore
  report(json, made, [
    `key ${made.id} (${made.scopes.join(", ")}), shown only this once:`,
    made.key,
  ]);
}

async function list(
  { url, json }: SharedOptions,
  signal: AbortSignal,
): Promise<void> {
  const keys: Key[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ limit: "100", ...(cursor !== null && { cursor }) }); // prettier-ignore
    const page: { items: Key[]; next: string | null } = await callService(url, { method: "GET", path: `/v1/keys?${query.toString()}`, signal }); // prettier-ignore
    keys.push(...page.items);
    cursor = page.next;
  } while (cursor !== null);
  report(json, { keys }, keys.map(line));
}

async function revoke(
  id: string,
  { url, json }: SharedOptions,
  signal: AbortSignal,
): Promise<void> {
  const path = `/v1/keys/${encodeURIComponent(id)}`;
  const key = await callService<Key>(url, { method: "DELETE", path, signal });
  report(json, key, [line(key)]);
}

function line({ id, name, owner, scopes, ...times }: Key): string {
  const day = (at: string) => at.slice(0, 10);
  const state =
    times.revoked_at !== null
      ? `revoked ${day(times.revoked_at)}`
      : times.expires_at !== null
        ? `until ${day(times.expires_at)}`
        : "no end";
  const used = times.last_used_at === null ? "never used" : `used ${day(times.last_used_at)}`; // prettier-ignore
  return `${id}  ${scopes.join(",").padEnd(24)}  made ${day(times.created_at)}, ${used}, ${state}  ${name}${owner === id ? "" : ` (owner ${owner})`}`;
}
