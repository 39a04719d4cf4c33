import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import type { Layout } from "../wire/layout.ts";

export interface StoreOptions {
  /** Created with mode 0700 when it does not exist. */
  readonly dataDir: string;
  /** The span of one chunk, in milliseconds. Fixed for the life of a database. Default: 30 minutes. */
  readonly bucketMs?: number;
  /** Samples older than this, in milliseconds, are neither accepted nor returned, and are deleted. */
  readonly retentionMs: number;
  readonly queryWorkers: number;
  readonly queryTimeoutMs: number;
  readonly limits?: Partial<StoreLimits>;
  /** Writes "commit begin", "seal end", … to stderr from the writer, before the work starts. */
  readonly tracePhases?: boolean;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface StoreLimits {
  /** Samples and series that one query may read. */
  readonly querySamples: number;
  readonly querySeries: number;
  /** Queries that may wait for a worker; one more is refused. */
  readonly queuedQueries: number;
  /** Bytes of frames that may wait for the disk before `append` answers "busy". */
  readonly pendingBytes: number;
}

/** A node's registered identity. */
export interface Client {
  /** 16 hex digits. */
  readonly id: string;
  /** The integer that marks its series; the server itself is 0. */
  readonly owner: number;
  readonly name: string;
  /** Unique among clients; the `instance` label of everything that it may write. */
  readonly instance: string;
  readonly machineId: string;
  readonly createdAt: number;
  readonly revoked: boolean;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Certificate {
  /** As the caller of `enrol` gave it. */
  readonly fingerprint: string;
  readonly clientId: string;
  readonly notAfter: number;
  readonly revoked: boolean;
}

export interface NewToken {
  readonly id: string;
  readonly secretHash: string;
  readonly expiresAt: number;
  readonly uses: number;
}

export interface Enrolment {
  readonly tokenId: string;
  readonly secretHash: string;
  readonly now: number;
  /** Names the request: the same token with the same `csrHash` gets the same answer again. */
  readonly csrHash: string;
  readonly client: {
    readonly id: string;
    readonly name: string;
    /** Wished for; `-2`, `-3`, … is appended when another client has it. */
    readonly instance: string;
    readonly machineId: string;
  };
  readonly certificate: { readonly fingerprint: string; readonly pem: string; readonly notAfter: number };
}

export type EnrolmentOutcome =
  | { readonly outcome: "enrolled" | "repeated"; readonly client: Client; readonly pem: string }
  | { readonly outcome: "refused"; readonly reason: "unknown" | "expired" | "used" };

/** One frame of a client, its header checked and its payload passed by `valuesFault`. */
export interface Frame {
  readonly stream: number;
  readonly owner: number;
  readonly layout: number;
  /** ≥ 1, strictly increasing in the stream. */
  readonly sequence: number;
  readonly timestamp: number;
  /** Copied before `append` returns. */
  readonly payload: Uint8Array;
}

/**
 * What became of a frame. Every outcome but "busy" is acknowledged through `onDurable`, in the stream's order:
 * - "accepted": will be committed
 * - "duplicate": its sequence was accepted before
 * - "future", "too_old": its timestamp is out of bounds; counted and dropped
 * - "busy": too much waits for the disk; not taken, close the connection so that the client backs off
 */
export type AppendOutcome = "accepted" | "duplicate" | "future" | "too_old" | "busy";

/** Called once per stream and commit, with the highest sequence that is on disk. */
export type DurableListener = (stream: number, sequence: number) => void;

export interface RegisteredLayout {
  readonly id: number;
  /** Series of it that another owner writes; their columns are ignored. 0 for a layout that was known. */
  readonly othersSeries: number;
  /** New series of it beyond the owner's limit; their columns are ignored. 0 for a layout that was known. */
  readonly seriesOverLimit: number;
}

export interface OpenedStream {
  readonly stream: number;
  /** The highest durable sequence, 0 for a new stream. */
  readonly sequence: number;
}

export type QueryOutcome =
  | {
      readonly ok: true /** The `data` member of Prometheus's answer, as JSON in UTF-8. */;
      readonly json: Uint8Array;
    }
  | { readonly ok: false; readonly error: QueryFailure };

export interface QueryFailure {
  readonly kind: "bad_data" | "execution" | "timeout" | "limit";
  readonly message: string;
  readonly position?: { readonly line: number; readonly column: number };
}

export interface StoreStats {
  readonly series: number;
  readonly layouts: number;
  readonly headBlocks: number;
  readonly headFrames: number;
  readonly headBytes: number;
  readonly journalRows: number;
  readonly pendingBytes: number;
  readonly commits: number;
  readonly commitErrors: number;
  readonly framesAppended: number;
  readonly samplesAppended: number;
  /** Frames that were not stored, by reason. */
  readonly framesRejected: Readonly<Record<"duplicate" | "future" | "too_old" | "busy", number>>;
  /** Label sets whose columns are ignored: announced by a second owner, or beyond their owner's limit. */
  readonly seriesRefused: number;
  readonly blocksSealed: number;
  /** Samples that a seal found already stored at the same (series, timestamp). */
  readonly samplesMerged: number;
  readonly queries: number;
  /** Why nothing can be committed now, in words; undefined when all is well. */
  readonly trouble: string | undefined;
}

export type { Layout };
