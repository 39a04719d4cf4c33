import type { Labels } from "../../metrics/labels.ts";
import type { BlockSnapshot } from "../head/block.ts";
import type { Client, Enrolment, EnrolmentOutcome, NewToken } from "../types.ts";

/** What the main thread asks of the writer. Requests with an `id` are answered with the same id. */
export type WriterRequest =
  | { readonly kind: "open"; readonly dataDir: string; readonly tracePhases: boolean }
  | { readonly kind: "commit"; readonly id: number; readonly batch: CommitBatch }
  | { readonly kind: "seal"; readonly id: number; readonly block: BlockSnapshot }
  | { readonly kind: "trim"; readonly id: number; readonly trim: Trim }
  | { readonly kind: "retain"; readonly id: number; readonly oldestBucket: number; readonly now: number }
  | { readonly kind: "record"; readonly id: number; readonly record: RecordRequest }
  | { readonly kind: "close" };

/** What belongs to people and machines rather than to samples: one transaction each. */
export type RecordRequest =
  | { readonly kind: "token"; readonly token: NewToken }
  | { readonly kind: "enrol"; readonly enrolment: Enrolment }
  | { readonly kind: "session"; readonly hash: string; readonly expiresAt: number }
  | { readonly kind: "endSession"; readonly hash: string };

export type WriterReply =
  | { readonly kind: "opened" }
  | { readonly kind: "done"; readonly id: number; readonly result: WriterResult }
  | { readonly kind: "failed"; readonly id: number; readonly message: string }
  /** Why commits do not succeed at present; undefined: they do again. */
  | { readonly kind: "trouble"; readonly message: string | undefined; readonly commitErrors: number }
  | { readonly kind: "closed" };

export type WriterResult = undefined | SealResult | EnrolmentResult;

export interface SealResult {
  /** Samples that were stored already under the same series and timestamp. */
  readonly merged: number;
  /** Chunks that could not be decoded and were replaced. */
  readonly damaged: number;
}

export interface EnrolmentResult {
  readonly outcome: EnrolmentOutcome;
  /** Present when this enrolment made them. */
  readonly created?: { readonly client: Client; readonly fingerprint: string; readonly notAfter: number };
}

/** What one transaction makes durable. Written twice, it changes nothing more. */
export interface CommitBatch {
  readonly series: readonly NewSeries[];
  readonly layouts: readonly NewLayout[];
  readonly streams: readonly NewStream[];
  /** Journal rows, {@link ROW_FIELDS} numbers each. */
  readonly rows: Float64Array<SharedArrayBuffer>;
  readonly rowCount: number;
  /** The rows' payloads. */
  readonly payloads: Uint8Array<SharedArrayBuffer>;
}

/** Offsets in a row of {@link CommitBatch.rows}. */
export const ROW_ID = 0;
export const ROW_STREAM = 1;
export const ROW_LAYOUT = 2;
export const ROW_SEQUENCE = 3;
export const ROW_TIMESTAMP = 4;
export const ROW_RECEIVED = 5;
export const ROW_OFFSET = 6;
export const ROW_LENGTH = 7;
export const ROW_FIELDS = 8;

export interface NewSeries {
  readonly id: number;
  readonly owner: number;
  readonly labels: Labels;
}

export interface NewLayout {
  readonly id: number;
  readonly owner: number;
  readonly hash: string;
  readonly exporter: string;
  readonly interval: number;
  readonly series: Uint32Array;
}

export interface NewStream {
  readonly id: number;
  readonly owner: number;
  readonly epoch: string;
}

/** What of the journal is in chunks. */
export interface Trim {
  /** The first row that stays. */
  readonly below: number;
  /** What the rows said of their streams until now. */
  readonly positions: readonly StreamPosition[];
  /** Streams that nobody asks for any more. */
  readonly forgotten: readonly number[];
}

export interface StreamPosition {
  readonly stream: number;
  readonly sequence: number;
  readonly received: number;
}
