/** @file An HTTP server: its time limits, and its end, in which nothing in flight is broken off. */
import { createServer, type RequestListener, type Server as HttpServer } from "node:http"; // prettier-ignore
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { expectsContinue } from "./body.ts";
import { problemDocument, Problem } from "./problems.ts";

export interface Listening {
  /** Where it listens, such as `http://127.0.0.1:3000`. */
  readonly url: string;
  readonly port: number;
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

/** Listens; `ending` is aborted when the server begins to drain. Rejects where it cannot. */
export async function listen(
  app: RequestListener,
  { port, host }: { readonly port: number; readonly host: string },
  ending: AbortController,
): Promise<Listening> {
  const server = createServer({ headersTimeout: headersMs, keepAliveTimeout: keepAliveMs, requestTimeout: 0, connectionsCheckingInterval: headersMs / 3 }, app); // prettier-ignore
  // Bodies have limits of their own (body.ts, upload.ts): an upload of gigabytes takes its time.
  server.on("checkContinue", (req, res) => {
    expectsContinue(req);
    app(req, res);
  });
  server.on("clientError", refuse);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const taken = (server.address() as AddressInfo).port;
  let drained: Promise<void> | undefined;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${taken}`,
    port: taken,
    drain: (seconds) => (drained ??= drain(server, ending, seconds)),
  };
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
