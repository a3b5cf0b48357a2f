/** @file Clients of the service: many at the same time over kept connections, each with its next request from one list. */
import { Agent, request as httpRequest } from "node:http";
import type { BenchService } from "./serve-process.ts";

export interface Answered {
  readonly status: number;
  readonly text: string;
  readonly milliseconds: number;
}

export interface Clients {
  /** Sends one request as JSON. */
  post(path: string, body: string): Promise<Answered>;
  get(path: string): Promise<Answered>;
  /** Sends all of them, `count` at the same time; rejects where one is refused. Resolves with the seconds it took. */
  postAll(path: string, bodies: readonly string[]): Promise<number>;
  close(): void;
}

export function openClients(
  { url, headers }: BenchService,
  count: number,
): Clients {
  const agent = new Agent({ keepAlive: true, maxSockets: count });
  const { hostname, port } = new URL(url);

  const send = (method: string, path: string, body = "") =>
    new Promise<Answered>((resolve, reject) => {
      const began = performance.now();
      const type = body ? { "content-type": "application/json", "content-length": Buffer.byteLength(body) } : {}; // prettier-ignore
      const request = httpRequest({ agent, hostname, port, method, path, headers: { ...headers, ...type } }); // prettier-ignore
      request.once("error", reject);
      request.once("response", (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.once("error", reject);
        response.once("end", () => {
          const milliseconds = performance.now() - began;
          const text = String(Buffer.concat(chunks));
          resolve({ status: response.statusCode ?? 0, text, milliseconds });
        });
      });
      request.end(body);
    });
  const accepted = async (path: string, body: string) => {
    const answer = await send("POST", path, body);
    if (answer.status < 300) return answer;
    throw new Error(`bench: expected ${path} to be accepted, got ${answer.status} ${answer.text.slice(0, 300)}`); // prettier-ignore
  };

  return {
    post: accepted,
    get: (path) => send("GET", path),
    async postAll(path, bodies) {
      let next = 0;
      const client = async () => {
        while (next < bodies.length) await accepted(path, bodies[next++]);
      };
      const began = performance.now();
      await Promise.all(Array.from({ length: count }, client));
      return (performance.now() - began) / 1000;
    },
    close: () => agent.destroy(),
  };
}
