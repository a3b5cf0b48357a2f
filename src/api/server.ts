/** @file The listening server: its time limits, and its end, in which nothing in flight is broken off. */
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { Api } from "./api.ts";
import { createApp } from "./app.ts";
import { expectsContinue } from "./body.ts";
import { createMetrics } from "./metrics.ts";
import { problemDocument, Problem } from "./problems.ts";
import { clearSubmissions } from "./submission.ts";

export interface Server {
  /** Where it listens, such as `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly port: number;
  readonly api: Api;
  /**
   * Ends it: readiness fails, event streams end, no connection is taken any more, and what is in flight has `seconds`
   * to finish. Repeated calls are one.
   */
  drain(seconds: number): Promise<void>;
}

const headersMs = 15_000;
/** Longer than the idle time of usual proxies, so that it is they who close. */
const keepAliveMs = 65_000;
/** Time in which a load balancer can see that readiness fails, before connections are refused. */
const noticeSeconds = 1;

/** Starts to answer. The caller opens and closes the parts. */
export async function startServer(
  parts: Omit<Api, "metrics" | "draining">,
): Promise<Server> {
  const { config, log } = parts.service;
  const ending = new AbortController();
  const api: Api = {
    ...parts,
    metrics: createMetrics(parts),
    draining: ending.signal,
  };
  const app = createApp(api);
  const server = createServer({ headersTimeout: headersMs, keepAliveTimeout: keepAliveMs, requestTimeout: 0, connectionsCheckingInterval: headersMs / 3 }, app); // prettier-ignore
  // Bodies have limits of their own (body.ts, upload.ts): an upload of gigabytes takes its time.
  server.on("checkContinue", (req, res) => {
    expectsContinue(req);
    app(req, res);
  });
  server.on("clientError", refuse);
  await listen(server, config.port, config.host);
  clearSubmissions(parts.service).catch((error: unknown) =>
    log.warn({ err: error }, "submissions that were broken off stay for now"),
  );
  const { port } = server.address() as AddressInfo;
  const host = config.host.includes(":") ? `[${config.host}]` : config.host;
  let drained: Promise<void> | undefined;
  return {
    url: `http://${host}:${port}`,
    port,
    api,
    drain: (seconds) => (drained ??= drain(server, ending, seconds)),
  };
}

function listen(server: HttpServer, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function drain(
  server: HttpServer,
  ending: AbortController,
  seconds: number,
): Promise<void> {
  ending.abort(new Error("api: the server drains"));
  const notice = Math.min(noticeSeconds, seconds / 10);
  await sleep(notice * 1000);
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A connection that becomes idle after close() would be kept open otherwise.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  const deadline = setTimeout(() => server.closeAllConnections(), (seconds - notice) * 1000); // prettier-ignore
  await closed;
  clearInterval(sweep);
  clearTimeout(deadline);
}

/** What is no HTTP never reaches the app. */
function refuse(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy(); // prettier-ignore
  const slow = error.code === "ERR_HTTP_REQUEST_TIMEOUT";
  const problem = slow
    ? new Problem("timeout", `api: expected the headers within ${headersMs / 1000} s`) // prettier-ignore
    : new Problem("bad-request", "api: expected an HTTP request, got something else"); // prettier-ignore
  const body = JSON.stringify(problemDocument(problem, "none"));
  socket.end(
    `HTTP/1.1 ${slow ? "408 Request Timeout" : "400 Bad Request"}\r\nConnection: close\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
