/** @file `unirep serve`: the REST API, with workers in the same process tree. */
import type { Command } from "commander";
import type { ServiceConfig } from "../workers/index.ts";
import { runUntilStopped, serviceCommand } from "./service-command.ts";

export function serveCommand(): Command {
  return serviceCommand(
    "serve",
    "run the service: REST API, web page and workers",
    () => true,
    [
      "unirep serve",
      "unirep serve --port 8080 --data-dir /srv/unirep",
      "REDIS_URL=redis://queue:6379 unirep serve --queues none",
      "unirep serve --print-config",
    ],
    serve,
  );
}

async function serve(config: ServiceConfig): Promise<void> {
  const api = await import("../api/index.ts");
  await runUntilStopped(
    config,
    () => api.serve(config),
    ({ url, adminKey }) => {
      const page = browserUrl(url);
      const lines = [`unirep service at ${url} (API documents: ${page}/docs)`];
      // After `#` it is never sent to a server, nor logged by one.
      if (adminKey !== null)
        lines.push(
          `admin key, shown only this once: ${adminKey}`,
          `page with this key: ${page}/#key=${adminKey}`,
        );
      process.stdout.write(`${lines.join("\n")}\n`);
    },
  );
}

/** Where a browser of this machine finds a server that listens on all addresses. */
function browserUrl(url: string): string {
  return url.replace(/\/\/(0\.0\.0\.0|\[::\])/, "//localhost");
}
