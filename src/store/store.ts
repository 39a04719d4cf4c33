import type { Labels } from "../metrics/labels.ts";
import type { Matcher } from "../promql/source.ts";
import type { Layout } from "../wire/layout.ts";
import type {
  AppendOutcome,
  Certificate,
  Client,
  DurableListener,
  Enrolment,
  EnrolmentOutcome,
  Frame,
  NewToken,
  OpenedStream,
  QueryOutcome,
  RegisteredLayout,
  StoreOptions,
  StoreStats,
} from "./types.ts";

export type QueryParams =
  | { kind: "instant"; time: number }
  | { kind: "range"; start: number; end: number; step: number };

export declare class Store {
  static open(options: StoreOptions): Promise<Store>;
  readonly clients: { all(): Client[]; get(id: string): Client | undefined };
  readonly certificates: {
    find(fingerprint: string): Certificate | undefined;
    of(clientId: string): Certificate[];
  };
  readonly sessions: {
    create(hash: string, expiresAt: number): Promise<void>;
    /** Undefined when there is none or it has expired. */
    find(hash: string): { expiresAt: number } | undefined;
    remove(hash: string): Promise<void>;
  };
  createToken(token: NewToken): Promise<void>;
  enrol(enrolment: Enrolment): Promise<EnrolmentOutcome>;
  layoutId(owner: number, hash: string): number | undefined;
  registerLayout(owner: number, layout: Layout, hash: string): RegisteredLayout;
  openStream(owner: number, epoch: string): OpenedStream;
  append(frame: Frame): AppendOutcome;
  onDurable(listener: DurableListener): void;
  appendOwn(layout: Layout, timestamp: number, values: ArrayLike<number>): void;
  query(query: string, params: QueryParams): Promise<QueryOutcome>;
  series(matcherSets: readonly (readonly Matcher[])[]): Promise<Labels[]>;
  labelNames(matcherSets: readonly (readonly Matcher[])[]): Promise<string[]>;
  labelValues(name: string, matcherSets: readonly (readonly Matcher[])[]): Promise<string[]>;
  lastReceived(owner: number): number | undefined;
  stats(): StoreStats;
  close(): Promise<void>;
}
