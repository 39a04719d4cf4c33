import type { Matcher } from "../../promql/source.ts";
import type { RegexTester } from "../index/regex_matches.ts";
import type { QueryFailure } from "../types.ts";
import { errorOf, failureOf } from "./failure.ts";
import type { JobReply, QueryReply, QueryRequest, Selection, WorkerLimits } from "./protocol.ts";

/** A query's own limit stops it first, with a better message; the worker is ended this much later. */
const GRACE_MS = 1000;
const CLOSE_TIMEOUT_MS = 1000;

/**
 * Resolves a selector on the main thread.
 * @param test for regular expressions; runs in the worker that asks.
 * @throws QueryError.
 */
export type Resolver = (
  matchers: readonly Matcher[],
  start: number,
  end: number,
  test: RegexTester,
) => Promise<Selection>;

export interface Job {
  readonly request: Extract<QueryRequest, { kind: "query" | "test" }>;
  readonly settle: (reply: JobReply) => void;
}

interface MemberOptions {
  readonly dataDir: string;
  readonly bucketMs: number;
  readonly limits: WorkerLimits;
  readonly resolver: Resolver;
  readonly onIdle: () => void;
  /** The worker is gone: it failed, or overran its time. */
  readonly onEnd: (error: QueryFailure) => void;
}

/** The main thread's end of one query worker, which has one job at a time. */
export class Member {
  /** Resolves when the worker can read the database, rejects when it cannot. */
  readonly opened: Promise<void>;
  private readonly opening = Promise.withResolvers<void>();
  private readonly closed = Promise.withResolvers<void>();
  private ended = false;
  private job: Job | undefined;
  private deadline: Timer | undefined;
  /** A regular expression that the worker tests for its own query. */
  private testing: PromiseWithResolvers<Uint8Array> | undefined;

  constructor(
    private readonly worker: Worker,
    private readonly options: MemberOptions,
  ) {
    this.opened = this.opening.promise;
    worker.onmessage = ({ data }: MessageEvent<QueryReply>) => this.receive(data);
    worker.onerror = (event) =>
      this.end({ kind: "execution", message: `the query worker stopped: ${event.message}` });
    const { dataDir, bucketMs, limits } = options;
    this.send({ kind: "open", dataDir, bucketMs, limits });
  }

  get idle(): boolean {
    return this.job === undefined && !this.ended;
  }

  start(job: Job): void {
    this.job = job;
    const { timeoutMs } = this.options.limits;
    this.deadline = setTimeout(
      () =>
        this.end({ kind: "timeout", message: `query timed out: at most ${timeoutMs / 1000} s are allowed` }),
      timeoutMs + GRACE_MS,
    );
    this.send(job.request);
  }

  /** Lets an idle worker close its connection, and ends it. */
  async close(error: QueryFailure): Promise<void> {
    if (this.idle) {
      this.send({ kind: "close" });
      await Promise.race([this.closed.promise, Bun.sleep(CLOSE_TIMEOUT_MS)]);
    }
    this.end(error);
  }

  /** Ends the worker, whatever it does, and its job with this error. */
  end(error: QueryFailure): void {
    if (this.ended) return;
    this.ended = true;
    this.worker.terminate();
    this.opening.reject(errorOf(error));
    this.testing?.reject(errorOf(error));
    this.settle({ kind: "failed", error });
    this.options.onEnd(error);
  }

  private receive(reply: QueryReply): void {
    if (this.ended) return;
    switch (reply.kind) {
      case "opened":
        this.opening.resolve();
        this.options.onIdle();
        break;
      case "closed":
        this.closed.resolve();
        break;
      case "select":
        void this.select(reply.matchers, reply.start, reply.end);
        break;
      case "answered":
      case "tested":
      case "failed":
        if (this.testing !== undefined) this.tested(this.testing, reply);
        else {
          this.settle(reply);
          this.options.onIdle();
        }
        break;
      default:
        reply satisfies never;
    }
  }

  private async select(matchers: readonly Matcher[], start: number, end: number): Promise<void> {
    const test: RegexTester = (pattern, values) => this.test(pattern, values);
    try {
      const selection = await this.options.resolver(matchers, start, end, test);
      this.send({ kind: "selection", selection });
    } catch (error) {
      this.send({ kind: "selectionFailed", error: failureOf(error) });
    }
  }

  private test(pattern: string, values: readonly string[]): Promise<Uint8Array> {
    this.testing = Promise.withResolvers();
    this.send({ kind: "test", pattern, values });
    return this.testing.promise;
  }

  private tested(testing: PromiseWithResolvers<Uint8Array>, reply: JobReply): void {
    this.testing = undefined;
    if (reply.kind === "tested") testing.resolve(reply.hits);
    else if (reply.kind === "failed") testing.reject(errorOf(reply.error));
  }

  private settle(reply: JobReply): void {
    clearTimeout(this.deadline);
    const { job } = this;
    this.job = undefined;
    job?.settle(reply);
  }

  private send(request: QueryRequest): void {
    if (!this.ended) this.worker.postMessage(request);
  }
}
