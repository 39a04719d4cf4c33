import type { QueryParams } from "../../promql/grid.ts";
import type { Matcher } from "../../promql/source.ts";
import type { BlockSnapshot } from "../head/block.ts";
import type { QueryFailure } from "../types.ts";

export interface WorkerLimits {
  readonly maxSamples: number;
  readonly maxSeries: number;
  readonly timeoutMs: number;
}

/** What main says to a query worker. A worker has one job at a time: a query or a test. */
export type QueryRequest =
  | {
      readonly kind: "open";
      readonly dataDir: string;
      readonly bucketMs: number;
      readonly limits: WorkerLimits;
    }
  | {
      readonly kind: "query";
      readonly query: string;
      readonly params: QueryParams;
      /** Nothing older is read: it has expired, though it may not be deleted yet. */
      readonly oldest: number;
    }
  /** Also within a query, while that waits for a selection. */
  | { readonly kind: "test"; readonly pattern: string; readonly values: readonly string[] }
  | { readonly kind: "selection"; readonly selection: Selection }
  | { readonly kind: "selectionFailed"; readonly error: QueryFailure }
  | { readonly kind: "close" };

/** What a selector selects. */
export interface Selection {
  /** Series, ascending. */
  readonly ids: Uint32Array;
  /** The head's part of the span, older rows first; the worker reads the rest from the database. */
  readonly blocks: readonly BlockSnapshot[];
}

export type QueryReply =
  | { readonly kind: "opened" }
  | { readonly kind: "closed" }
  /** Asked within a query; answered by "selection" or "selectionFailed". */
  | {
      readonly kind: "select";
      readonly matchers: readonly Matcher[];
      readonly start: number;
      readonly end: number;
    }
  | JobReply;

/** The end of a job, or of a test within a query. */
export type JobReply =
  | { readonly kind: "answered"; readonly json: Uint8Array }
  /** 1 where the expression matches. */
  | { readonly kind: "tested"; readonly hits: Uint8Array }
  | { readonly kind: "failed"; readonly error: QueryFailure };
