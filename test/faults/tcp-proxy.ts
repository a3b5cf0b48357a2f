/** @file A TCP proxy that breaks connections as networks do: cut, silent, or slow. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/**
 * - open: bytes pass.
 * - cut: every connection is reset, new ones too.
 * - half-open: connections stay, and are taken, but no byte passes and none is refused: as after a pulled cable.
 * - slow: every block waits for 200 ms.
 */
export type ProxyMode = "open" | "cut" | "half-open" | "slow";

export interface TcpProxy {
  readonly port: number;
  /** Applies at once. What went silent comes back with "open", in order, as TCP does when the cable is back in time. */
  set(mode: ProxyMode): void;
  /** Connections it has taken since it began. */
  readonly taken: number;
  close(): Promise<void>;
}

const slowMs = 200;

interface Pair {
  readonly ends: readonly [Socket, Socket];
  /** Looks at the mode again. */
  pump(): void;
}

/** In front of `port` of this machine. */
export async function openProxy(port: number): Promise<TcpProxy> {
  let mode: ProxyMode = "open";
  let taken = 0;
  const pairs = new Set<Pair>();
  const reset = ({ ends }: Pair) =>
    ends.forEach((end) => end.resetAndDestroy());
  const server = createServer((near) => {
    taken++;
    if (mode === "cut") return void near.resetAndDestroy();
    const far = connect(port, "127.0.0.1");
    const pumps = [
      pumpOf(near, far, () => mode),
      pumpOf(far, near, () => mode),
    ];
    const pair: Pair = {
      ends: [near, far],
      pump: () => pumps.forEach((pump) => pump()),
    };
    pairs.add(pair);
    for (const [end, other] of [[near, far], [far, near]] as const) {
      end.on("error", () => {});
      end.once("close", () => {
        pairs.delete(pair);
        // A silent network tells neither end that the other has gone.
        if (mode !== "half-open") other.destroy();
      });
    } // prettier-ignore
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    get taken() {
      return taken;
    },
    set(next) {
      mode = next;
      for (const pair of pairs) {
        if (mode === "cut") reset(pair);
        else pair.pump();
      }
    },
    close() {
      const closed = new Promise<void>((resolve) =>
        server.close(() => resolve()),
      );
      pairs.forEach(reset);
      return closed;
    },
  };
}

/** Bytes from one socket to another, held back as the mode says. */
function pumpOf(from: Socket, to: Socket, mode: () => ProxyMode): () => void {
  const held: Buffer[] = [];
  let passing = false;
  const pass = async () => {
    if (passing) return;
    passing = true;
    while (held.length > 0 && mode() !== "half-open") {
      if (mode() === "slow")
        await new Promise((resolve) => setTimeout(resolve, slowMs));
      const block = held.shift();
      if (block && !to.destroyed) to.write(block);
    }
    passing = false;
  };
  from.on("data", (block: Buffer) => {
    held.push(block);
    void pass();
  });
  return () => void pass();
}
