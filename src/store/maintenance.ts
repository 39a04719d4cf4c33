import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import type { Block } from "./head/block.ts";
import type { Head } from "./head/head.ts";
import type { Intake } from "./intake/intake.ts";
import type { Streams } from "./intake/streams.ts";
import type { WriterClient } from "./writer/client.ts";

const FIRST_RETENTION_MS = 1000;
const LONGEST_CHECK_MS = 10_000;
const LONGEST_RETENTION_PERIOD_MS = 60_000;
/** Blocks that the writer may hold at once: enough to fill its transactions, few enough to answer to a shutdown. */
const SEALS_IN_FLIGHT = 32;

interface MaintenanceOptions {
  readonly bucketMs: number;
  readonly retentionMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Moves blocks from head and journal into chunks, and deletes what is older than the retention. */
export class Maintenance {
  blocksSealed = 0;
  samplesMerged = 0;
  /** Journal rows below this id are deleted, or about to be. */
  trimmedBelow = 1;
  private readonly queue: Block[] = [];
  private inFlight = 0;
  private trimming = false;
  private stopped = false;
  private readonly timers: Timer[] = [];

  constructor(
    private readonly options: MaintenanceOptions,
    private readonly writer: WriterClient,
    private readonly head: Head,
    private readonly intake: Intake,
    private readonly streams: Streams,
    /** Called with every round of retention, to drop what has expired in memory. */
    private readonly onRetention: () => void,
  ) {}

  start(): void {
    const { bucketMs, clock } = this.options;
    const every = (ms: number, work: () => void) => this.timers.push(setInterval(work, ms));
    every(Math.min(LONGEST_CHECK_MS, bucketMs), () => this.head.closeDue(clock.now()));
    every(Math.min(LONGEST_RETENTION_PERIOD_MS, bucketMs), () => this.retain());
    this.timers.push(setTimeout(() => this.retain(), FIRST_RETENTION_MS));
  }

  /** No new work from now on; what the writer has is finished by it or done again after the next start. */
  stop(): void {
    this.stopped = true;
    for (const timer of this.timers) clearTimeout(timer);
  }

  /** To be told of every block that takes no more rows. */
  seal(block: Block): void {
    this.queue.push(block);
    this.sealNext();
  }

  private sealNext(): void {
    while (!this.stopped && this.inFlight < SEALS_IN_FLIGHT) {
      const block = this.queue.shift();
      if (block === undefined) return;
      this.inFlight++;
      this.writer.seal(block.snapshot()).then(
        (result) => {
          this.inFlight--;
          this.head.drop(block);
          this.blocksSealed++;
          this.samplesMerged += result.merged;
          if (result.damaged > 0)
            this.options.log.error("damaged chunks were replaced: what they held is lost", {
              chunks: result.damaged,
            });
          this.sealNext();
          if (this.inFlight === 0) this.trim();
        },
        (error: Error) => this.failed("seal a block", error),
      );
    }
  }

  /** Deletes the journal rows that are all in chunks, once every queued block is. */
  private trim(): void {
    const below = Math.min(this.head.oldestId() ?? Number.POSITIVE_INFINITY, this.intake.oldestPendingId);
    if (this.stopped || this.trimming || below <= this.trimmedBelow) return;
    this.trimming = true;
    this.trimmedBelow = below;
    const forgotten = this.streams.forgetBelow(below);
    const positions = this.intake.positions();
    this.writer.trim({ below, positions, forgotten }).then(
      () => {
        this.trimming = false;
        this.streams.persisted(positions);
      },
      (error: Error) => this.failed("trim the journal", error),
    );
  }

  private retain(): void {
    const { bucketMs, retentionMs, clock } = this.options;
    const oldest = clock.now() - retentionMs;
    this.head.dropBefore(oldest);
    this.onRetention();
    this.writer
      .retain(Math.floor(oldest / bucketMs), clock.now())
      .catch((error: Error) => this.failed("expire", error));
    this.trim();
  }

  /** The writer tries again by itself; it only fails for good when it ends. */
  private failed(what: string, error: Error): void {
    if (!this.stopped) this.options.log.error(`could not ${what}`, { reason: error.message });
  }
}
