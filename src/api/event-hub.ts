/** @file One poller a process for the logs of all jobs that somebody watches. */
import {
  compareEventIds,
  isEnded,
  type JobRecord,
  type Jobs,
  type Log,
  type StoredEvent,
} from "../workers/index.ts";

export interface Watch {
  readonly job: string;
  readonly owner: string;
  /** Id of the last event the watcher has, or null. */
  readonly after: string | null;
  /** Events that came, oldest first. */
  send(events: readonly StoredEvent[]): void;
  /** Whether it can take nothing at the moment; what it misses then comes later. */
  busy(): boolean;
  /** The job has ended and all its events were sent; null where it exists no more. No call comes after this one. */
  end(job: JobRecord | null): void;
}

export interface EventHub {
  /** Watches until the job ends or the returned function is called. */
  watch(watch: Watch): () => void;
}

interface Watching {
  readonly watch: Watch;
  position: string | null;
}

/** Between the end of one round and the next. */
const roundMs = 300;
/** Rounds without an event after which the record is asked: a log may have lost its last event to a crash. */
const quietRounds = 7;
const pageSize = 500;
/** After a round in which the backend was away. */
const awayMs = 2_000;

export function createEventHub(
  jobs: Pick<Jobs, "events" | "get">,
  log: Log,
): EventHub {
  const watching = new Set<Watching>();
  const quiet = new Map<string, number>();
  let running = false;
  let timer: NodeJS.Timeout | null = null;

  async function round(): Promise<void> {
    timer = null;
    running = true;
    const byJob = new Map<string, Watching[]>();
    for (const one of watching)
      if (!one.watch.busy())
        byJob.set(one.watch.job, [...(byJob.get(one.watch.job) ?? []), one]);
    const waits = await Promise.all([...byJob].map(([id, group]) => look(id, group))); // prettier-ignore
    running = false;
    plan(waits.includes(0) ? 0 : Math.max(roundMs, ...waits));
  }

  /** Milliseconds until the next look: none where more events are there. */
  async function look(id: string, group: readonly Watching[]) {
    try {
      const events = await jobs.events(id, earliest(group), pageSize);
      for (const one of group) deliver(one, events);
      if (events.length > 0) quiet.delete(id);
      else await askRecord(id, group);
      return events.length === pageSize ? 0 : roundMs;
    } catch (error) {
      // Watchers stay: the backend comes back, and no event is lost by then.
      log.warn({ job: id, err: error }, "events of a job could not be read");
      return awayMs;
    }
  }

  function deliver(one: Watching, events: readonly StoredEvent[]): void {
    const { position, watch } = one;
    const fresh = events.filter(({ id }) => position === null || compareEventIds(id, position) > 0); // prettier-ignore
    if (fresh.length === 0 || !watching.has(one)) return;
    one.position = fresh[fresh.length - 1].id;
    watch.send(fresh);
  }

  async function askRecord(id: string, group: readonly Watching[]) {
    const rounds = (quiet.get(id) ?? 0) + 1;
    quiet.set(id, rounds % quietRounds);
    if (rounds % quietRounds !== 1) return;
    const job = await jobs.get(id, group[0].watch.owner);
    if (job && !isEnded(job.state)) return;
    // What was told between the two looks belongs before the end.
    const last = await jobs.events(id, earliest(group), pageSize);
    for (const one of group) deliver(one, last);
    if (last.length === pageSize) return;
    for (const one of group) if (watching.delete(one)) one.watch.end(job);
    quiet.delete(id);
  }

  function plan(ms: number): void {
    if (running || watching.size === 0) return;
    if (timer) clearTimeout(timer);
    timer = setTimeout(() => void round(), ms);
  }

  return {
    watch(watch) {
      const one: Watching = { watch, position: watch.after };
      watching.add(one);
      quiet.delete(watch.job);
      plan(0);
      return () => {
        watching.delete(one);
        quiet.delete(watch.job);
        if (watching.size > 0 || !timer) return;
        clearTimeout(timer);
        timer = null;
      };
    },
  };
}

/** The position that has seen least: later ones leave out what they have. */
function earliest(group: readonly Watching[]): string | null {
  const positions = group.map(({ position }) => position);
  if (positions.includes(null)) return null;
  return (positions as string[]).reduce((a, b) => compareEventIds(a, b) <= 0 ? a : b); // prettier-ignore
}
