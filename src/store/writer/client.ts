import type { Logger } from "../../lib/log.ts";
import type { BlockSnapshot } from "../head/block.ts";
import type { Enrolment, NewToken } from "../types.ts";
import type {
  CommitBatch,
  EnrolmentResult,
  RecordRequest,
  SealResult,
  Trim,
  WriterReply,
  WriterRequest,
  WriterResult,
} from "./protocol.ts";

/** How long {@link WriterClient.close} waits for the writer to finish: a full disk must not keep a process alive. */
const CLOSE_TIMEOUT_MS = 5000;

interface Waiting {
  readonly resolve: (result: WriterResult) => void;
  readonly reject: (error: Error) => void;
}

type RequestWithId = Extract<WriterRequest, { id: number }>;
type WithoutId<R> = R extends unknown ? Omit<R, "id"> : never;

/** The main thread's end of the writer. Every method resolves when its effect is on disk. */
export class WriterClient {
  commitErrors = 0;
  /** Why nothing can be committed at present, in words. */
  trouble: string | undefined;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;
  private readonly opened = Promise.withResolvers<void>();
  private readonly closed = Promise.withResolvers<void>();
  private readonly failing = Promise.withResolvers<never>();
  private failure: Error | undefined;

  constructor(
    private readonly worker: Worker,
    private readonly log: Logger,
  ) {
    // Whoever does not look at it is told by every request.
    this.failing.promise.catch(() => {});
    worker.onmessage = ({ data }: MessageEvent<WriterReply>) => this.receive(data);
    worker.onerror = (event) => this.stopped(reasonIn(event.message));
  }

  /** Never resolves; rejects when the writer's thread has ended though nobody closed it: nothing can be stored then. */
  get failed(): Promise<never> {
    return this.failing.promise;
  }

  /** To be called first. @throws Error when the writer cannot open the database. */
  async open(options: { dataDir: string; tracePhases: boolean }): Promise<void> {
    this.send({ kind: "open", ...options });
    await this.opened.promise;
  }

  async commit(batch: CommitBatch): Promise<void> {
    await this.request({ kind: "commit", batch });
  }

  async seal(block: BlockSnapshot): Promise<SealResult> {
    return (await this.request({ kind: "seal", block })) as SealResult;
  }

  async trim(trim: Trim): Promise<void> {
    await this.request({ kind: "trim", trim });
  }

  async retain(oldestBucket: number, now: number): Promise<void> {
    await this.request({ kind: "retain", oldestBucket, now });
  }

  async createToken(token: NewToken): Promise<void> {
    await this.record({ kind: "token", token });
  }

  async enrol(enrolment: Enrolment): Promise<EnrolmentResult> {
    return (await this.record({ kind: "enrol", enrolment })) as EnrolmentResult;
  }

  async createSession(hash: string, expiresAt: number): Promise<void> {
    await this.record({ kind: "session", hash, expiresAt });
  }

  async endSession(hash: string): Promise<void> {
    await this.record({ kind: "endSession", hash });
  }

  /** Closes the database and ends the thread. What was not durable until now is given up. */
  async close(): Promise<void> {
    this.send({ kind: "close" });
    const timeout = setTimeout(() => {
      this.log.warn("the store's writer did not finish in time", { trouble: this.trouble });
      this.closed.resolve();
    }, CLOSE_TIMEOUT_MS);
    await this.closed.promise;
    clearTimeout(timeout);
    this.worker.terminate();
    this.rejectAll(new Error("Cannot write: the store is closed"));
  }

  private record(record: RecordRequest): Promise<WriterResult> {
    return this.request({ kind: "record", record });
  }

  private request(request: WithoutId<RequestWithId>): Promise<WriterResult> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const id = this.nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<WriterResult>();
    this.waiting.set(id, { resolve, reject });
    this.send({ ...request, id } as WriterRequest);
    return promise;
  }

  private send(request: WriterRequest): void {
    this.worker.postMessage(request);
  }

  private receive(reply: WriterReply): void {
    switch (reply.kind) {
      case "opened":
        this.opened.resolve();
        break;
      case "done":
        this.take(reply.id)?.resolve(reply.result);
        break;
      case "failed":
        this.take(reply.id)?.reject(new Error(reply.message));
        break;
      case "trouble":
        this.commitErrors = reply.commitErrors;
        if (reply.message === undefined) this.log.info("the store writes again");
        else if (reply.message !== this.trouble)
          this.log.error("the store cannot write", { reason: reply.message });
        this.trouble = reply.message;
        break;
      case "closed":
        this.closed.resolve();
        break;
      default:
        reply satisfies never;
    }
  }

  private take(id: number): Waiting | undefined {
    const waiting = this.waiting.get(id);
    this.waiting.delete(id);
    return waiting;
  }

  private stopped(reason: string): void {
    const error = new Error(
      `Cannot store anything more: the writer's thread ended (${reason}). Restart dcmon.`,
    );
    this.failure = error;
    this.trouble = error.message;
    this.failing.reject(error);
    this.opened.reject(error);
    this.closed.resolve();
    this.rejectAll(error);
  }

  private rejectAll(error: Error): void {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}

/** Bun reports an error of another thread as it prints it: with source lines above and the stack below. */
function reasonIn(report: string): string {
  return /^\w*error: .*$/im.exec(report)?.[0] ?? report.trim().replaceAll(/\s+/g, " ");
}
