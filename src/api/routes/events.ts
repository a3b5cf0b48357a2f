/** @file GET /v1/jobs/{id}/events: a job's log as server-sent events, from its beginning or where a client left off. */
import { compareEventIds, isEnded, type JobEvent, type JobRecord } from "../../workers/index.ts"; // prettier-ignore
import type { Api, Routes } from "../api.ts";
import { createEventHub, type EventHub } from "../event-hub.ts";
import { Problem } from "../problems.ts";
import { notFound, route } from "../route.ts";
import { jobId } from "../schemas/common.ts";
import { eventData } from "../schemas/events.ts";
import { jobResource } from "../schemas/jobs.ts";
import { openEventStream, type EventStream } from "../sse.ts";
import { toWire } from "../wire.ts";

/** Streams of one key at the same time. */
const streamsPerKey = 32;

export const eventRoutes: Routes = (api) => {
  const hub = createEventHub(api.jobs, api.service.log);
  const open = new Map<string, number>();
  const streams = new Set<EventStream>();
  // A client that comes back finds another server, or this one begun anew.
  api.draining.addEventListener("abort", () => {
    for (const stream of streams) stream.end();
  });
  return [
    route({
      method: "get",
      path: "/v1/jobs/{id}/events",
      tag: "Jobs",
      summary: "Events of a job as they happen",
      description: `Server-sent events: first \`snapshot\` (the job as it is), then its log from the oldest event kept: \`state\`, \`progress\`, \`step\`, \`validation\`, \`trial\`, \`checkpoint\`, \`accepted\`, each with an id; a last \`snapshot\` after the job has ended, then the end. With Last-Event-ID only what came after that event; 204 where nothing can come any more.`,
      scope: "jobs",
      params: jobId,
      responses: {
        200: {
          description: "Events; the data of each is JSON",
          events: eventData,
        },
        204: { description: "The job has ended, and all its events were had" },
      },
      problems: ["bad-request", "not-found"],
      async handle({ req, res, params, caller }) {
        const job = await api.jobs.get(params.id, caller.owner);
        if (!job) throw notFound();
        const after = lastEventId(req.get("Last-Event-ID"));
        const resumes = await resumable(api, job.id, after);
        if (resumes && (await isOver(api, job, after))) return { status: 204 };
        if (req.method === "HEAD") return { status: 200 };
        const release = takeStream(open, caller.keyId);
        const stream = openEventStream(res);
        streams.add(stream);
        if (!resumes) stream.send("snapshot", jobResource(job));
        const stop = follow(hub, stream, job, resumes ? after : null);
        if (api.draining.aborted) stream.end();
        res.once("close", () => {
          stop();
          streams.delete(stream);
          release();
        });
      },
    }),
  ];
};

/** Tells the stream what comes, until the job ends or the returned function is called. */
function follow(
  hub: EventHub,
  stream: EventStream,
  job: JobRecord,
  after: string | null,
): () => void {
  return hub.watch({
    job: job.id,
    owner: job.owner,
    after,
    send(events) {
      for (const { id, event } of events)
        stream.send((event as JobEvent).type, toWire(event), id);
    },
    busy: stream.busy,
    end(record) {
      if (record) stream.send("snapshot", jobResource(record));
      stream.end();
    },
  });
}

function lastEventId(header: string | undefined): string | null {
  if (header === undefined || header === "") return null;
  try {
    compareEventIds(header, header);
    return header;
  } catch {
    throw new Problem("bad-request", "api: expected a Last-Event-ID that this stream gave, got another"); // prettier-ignore
  }
}

/** False where events after `after` may have been dropped from the log: the client begins anew. */
async function resumable(
  api: Api,
  id: string,
  after: string | null,
): Promise<boolean> {
  if (after === null) return false;
  const [oldest] = await api.jobs.events(id, null, 1);
  return oldest !== undefined && compareEventIds(oldest.id, after) <= 0;
}

async function isOver(
  api: Api,
  { id, state }: JobRecord,
  after: string | null,
): Promise<boolean> {
  return isEnded(state) && (await api.jobs.events(id, after, 1)).length === 0;
}

function takeStream(open: Map<string, number>, keyId: string): () => void {
  const count = open.get(keyId) ?? 0;
  if (count >= streamsPerKey)
    throw new Problem("rate-limited", `api: expected at most ${streamsPerKey} event streams of one key, got another`, { retryAfter: 10 }); // prettier-ignore
  open.set(keyId, count + 1);
  return () => {
    const left = (open.get(keyId) as number) - 1;
    if (left > 0) open.set(keyId, left);
    else open.delete(keyId);
  };
}
