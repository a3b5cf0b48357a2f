/** @file One request to a running service, with the key of the environment; whatever goes wrong is one sentence. */

interface ServiceRequest {
  readonly method: "GET" | "POST" | "DELETE";
  /** With its query. */
  readonly path: string;
  readonly body?: object;
  readonly signal: AbortSignal;
}

/** Milliseconds a service may take to answer. */
const PATIENCE = 30_000;

/** The JSON that the service at `url` answers. The key comes from UNIREP_API_KEY alone: arguments are seen by everyone on a machine. */
export async function callService<T>(
  url: string,
  { method, path, body, signal }: ServiceRequest,
): Promise<T> {
  const key = process.env.UNIREP_API_KEY;
  if (!key)
    throw new Error(
      "keys: expected an admin key in UNIREP_API_KEY, got none; the service prints one at its first start",
    );
  const response = await send(addressOf(url, path), {
    method,
    headers: {
      Authorization: `Bearer ${key}`,
      Accept: "application/json",
      ...(body && { "Content-Type": "application/json" }),
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]),
  });
  const answer: unknown = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer as T;
  throw new Error(
    problemText(answer) ??
      `keys: expected the answer of a unirep service from ${url}, got status ${response.status}`,
  );
}

function addressOf(url: string, path: string): URL {
  try {
    return new URL(`${url.replace(/\/+$/, "")}${path}`);
  } catch {
    throw new Error(
      `keys: expected the URL of a service, got ${JSON.stringify(url)}`,
    );
  }
}

async function send(address: URL, request: RequestInit): Promise<Response> {
  try {
    return await fetch(address, request);
  } catch (error) {
    const { name, message, cause } = error as Error;
    if (name === "AbortError") throw error;
    const reason = (cause as NodeJS.ErrnoException | undefined)?.code ?? message; // prettier-ignore
    throw new Error(
      `keys: expected a unirep service at ${address.origin}, got ${reason}`,
      { cause: error },
    );
  }
}

/** The sentence of a problem document (RFC 9457), with what is wrong with the fields; null for any other answer. */
function problemText(answer: unknown): string | null {
  if (typeof answer !== "object" || answer === null || !("detail" in answer))
    return null;
  const { detail, errors = [] } = answer as {
    readonly detail: string;
    readonly errors?: readonly { readonly pointer: string; readonly detail: string }[]; // prettier-ignore
  };
  const fields = errors.map((field) => `${field.pointer}: ${field.detail}`);
  return [detail, ...fields].join("; ");
}
