/** @file Clients that are slow on purpose: each holds a connection open with as little as it can. */
import { connect, type Socket } from "node:net";

export interface SlowClient {
  /** All the server said, and after how many seconds it had closed the connection. */
  readonly ended: Promise<{ readonly said: string; readonly seconds: number }>;
  leave(): void;
}

/** Sends `first`, then `drop` again and again, every `everyMs`. */
export function slowClient(
  port: number,
  first: string,
  drop: string,
  everyMs = 1000,
): SlowClient {
  const began = performance.now();
  const socket: Socket = connect(port, "127.0.0.1");
  let said = "";
  socket.on("data", (bytes) => (said += String(bytes)));
  socket.on("error", () => {});
  if (first) socket.write(first);
  const timer = setInterval(() => {
    if (drop && socket.writable) socket.write(drop);
  }, everyMs);
  const ended = new Promise<{ said: string; seconds: number }>((resolve) =>
    socket.once("close", () => {
      clearInterval(timer);
      resolve({ said, seconds: (performance.now() - began) / 1000 });
    }),
  );
  return { ended, leave: () => socket.destroy() };
}
