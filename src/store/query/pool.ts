import type { Logger } from "../../lib/log.ts";
import type { QueryParams } from "../../promql/grid.ts";
import type { RegexTester } from "../index/regex_matches.ts";
import type { QueryFailure, QueryOutcome } from "../types.ts";
import { hasRoomForWorker } from "../workers.ts";
import { errorOf } from "./failure.ts";
import { type Job, Member, type Resolver } from "./member.ts";
import type { JobReply, WorkerLimits } from "./protocol.ts";

/** Before a worker that ended is replaced, so that one that cannot start does not spin. */
const REPLACE_AFTER_MS = 100;

interface QueryPoolOptions {
  readonly workers: number;
  readonly spawn: () => Worker;
  readonly dataDir: string;
  readonly bucketMs: number;
  readonly limits: WorkerLimits;
  /** Jobs that may wait for a worker. */
  readonly queued: number;
  readonly log: Logger;
}

/** Query workers and the jobs that wait for one. A worker that overruns its time is ended and replaced. */
export class QueryPool {
  queries = 0;
  private readonly members = new Set<Member>();
  private readonly queue: Job[] = [];
  private closed = false;

  constructor(
    private readonly options: QueryPoolOptions,
    private readonly resolver: Resolver,
  ) {
    for (let i = 0; i < options.workers; i++) this.addMember();
  }

  /** Resolves when every worker can read the database. */
  async ready(): Promise<void> {
    await Promise.all([...this.members].map((member) => member.opened));
  }

  /** @param oldest milliseconds; nothing older is read. */
  async query(query: string, params: QueryParams, oldest: number): Promise<QueryOutcome> {
    this.queries++;
    const reply = await this.run({ kind: "query", query, params, oldest });
    if (reply.kind === "answered") return { ok: true, json: reply.json };
    return { ok: false, error: errorIn(reply) };
  }

  /** Tests a regular expression outside of any query. @throws QueryError */
  readonly test: RegexTester = async (pattern, values) => {
    const reply = await this.run({ kind: "test", pattern, values });
    if (reply.kind === "tested") return reply.hits;
    throw errorOf(errorIn(reply));
  };

  /** Fails what runs or waits, and ends the workers. */
  async close(): Promise<void> {
    this.closed = true;
    for (const job of this.queue.splice(0)) job.settle({ kind: "failed", error: SHUTTING_DOWN });
    await Promise.all([...this.members].map((member) => member.close(SHUTTING_DOWN)));
  }

  private run(request: Job["request"]): Promise<JobReply> {
    const refusal = this.closed
      ? SHUTTING_DOWN
      : this.queue.length >= this.options.queued
        ? TOO_MANY
        : undefined;
    if (refusal !== undefined) return Promise.resolve({ kind: "failed", error: refusal });
    const { promise, resolve } = Promise.withResolvers<JobReply>();
    this.queue.push({ request, settle: resolve });
    this.startWaiting();
    return promise;
  }

  private startWaiting(): void {
    for (const member of this.members) {
      if (this.queue.length === 0) return;
      if (member.idle) member.start(this.queue.shift()!);
    }
  }

  private addMember(): void {
    const { dataDir, bucketMs, limits, spawn } = this.options;
    const member: Member = new Member(spawn(), {
      dataDir,
      bucketMs,
      limits,
      resolver: this.resolver,
      onIdle: () => this.startWaiting(),
      onEnd: (error) => this.replace(member, error),
    });
    // Whoever waits for `opened` sees the failure; here it is logged when the member ends.
    member.opened.catch(() => {});
    this.members.add(member);
    this.startWaiting();
  }

  private replace(member: Member, error: QueryFailure): void {
    this.members.delete(member);
    if (this.closed) return;
    this.options.log.warn("a query worker was ended and will be replaced", { reason: error.message });
    this.replaceSoon();
  }

  private replaceSoon(): void {
    setTimeout(() => {
      if (this.closed) return;
      if (hasRoomForWorker()) this.addMember();
      else this.replaceSoon();
    }, REPLACE_AFTER_MS);
  }
}

const SHUTTING_DOWN: QueryFailure = { kind: "execution", message: "the server is shutting down" };
const TOO_MANY: QueryFailure = {
  kind: "limit",
  message: "too many queries are waiting. Try again in a moment",
};

function errorIn(reply: JobReply): QueryFailure {
  if (reply.kind === "failed") return reply.error;
  throw new Error(`Cannot understand a query worker's reply of kind "${reply.kind}"`);
}
