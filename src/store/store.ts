import type { Labels } from "../metrics/labels.ts";
import type { QueryParams } from "../promql/grid.ts";
import type { Matcher } from "../promql/source.ts";
import type { Layout } from "../wire/layout.ts";
import { Certificates, Clients } from "./clients.ts";
import { type Connection, explain, openDatabase } from "./database.ts";
import { databasePath, prepareDataDir } from "./files.ts";
import { Head } from "./head/head.ts";
import { SeriesIndex } from "./index/series_index.ts";
import { Intake } from "./intake/intake.ts";
import { Layouts } from "./intake/layouts.ts";
import { Streams } from "./intake/streams.ts";
import { loadIndex, loadJournal, loadRecords, settleBucket } from "./load.ts";
import { DataDirLock } from "./lock.ts";
import { Maintenance } from "./maintenance.ts";
import { QueryPool } from "./query/pool.ts";
import { Selector } from "./selector.ts";
import { Sessions } from "./sessions.ts";
import { Tokens } from "./tokens.ts";
import type {
  AppendOutcome,
  DurableListener,
  Enrolment,
  EnrolmentOutcome,
  Frame,
  NewToken,
  OpenedStream,
  QueryOutcome,
  RegisteredLayout,
  StoreLimits,
  StoreOptions,
  StoreStats,
} from "./types.ts";
import { spawnWorker } from "./workers.ts";
import { WriterClient } from "./writer/client.ts";

const DEFAULT_BUCKET_MS = 30 * 60 * 1000;

const DEFAULT_STORE_LIMITS: StoreLimits = {
  querySamples: 50_000_000,
  querySeries: 50_000,
  queuedQueries: 200,
  pendingBytes: 64 * 1024 * 1024,
};

/** How long {@link Store.close} waits for what was taken in to reach the disk. */
const DRAIN_TIMEOUT_MS = 5000;

type MatcherSets = readonly (readonly Matcher[])[];

/** What the store is made of. */
interface Parts {
  readonly lock: DataDirLock;
  readonly writer: WriterClient;
  readonly writerOpened: Promise<void>;
  readonly index: SeriesIndex;
  readonly layouts: Layouts;
  readonly streams: Streams;
  readonly head: Head;
  readonly intake: Intake;
  readonly maintenance: Maintenance;
  readonly selector: Selector;
  readonly pool: QueryPool;
  readonly clients: Clients;
  readonly certificates: Certificates;
  readonly sessions: Sessions;
  readonly tokens: Tokens;
}

/**
 * Series, journal, chunks, clients: everything that is kept on disk, seen from the main thread. Reads of what is
 * mirrored in memory are synchronous; whatever touches the disk happens in workers.
 */
export class Store {
  readonly clients: Pick<Clients, "all" | "get">;
  readonly certificates: Pick<Certificates, "find" | "of">;
  readonly sessions: Pick<Sessions, "create" | "find" | "prolong" | "remove">;
  readonly tokens: Pick<Tokens, "knows">;

  private constructor(
    private readonly options: StoreOptions,
    private readonly parts: Parts,
  ) {
    this.clients = parts.clients;
    this.certificates = parts.certificates;
    this.sessions = parts.sessions;
    this.tokens = parts.tokens;
  }

  /**
   * Opens the data directory, and reads index and journal into memory before it resolves.
   * @throws Error that says what to do: directory in use, database damaged, newer or unreadable.
   */
  static async open(options: StoreOptions): Promise<Store> {
    prepareDataDir(options.dataDir);
    const lock = DataDirLock.acquire(options.dataDir);
    let parts: Parts | undefined;
    try {
      const connection = openDatabase(options.dataDir);
      try {
        settleBucket(connection, bucketOf(options));
        parts = assemble(options, lock);
        load(connection, parts, options);
      } finally {
        connection.close();
      }
      await Promise.all([parts.writerOpened, parts.pool.ready()]);
    } catch (error) {
      await parts?.pool.close();
      await parts?.writer.close();
      lock.release();
      throw explain(error, databasePath(options.dataDir));
    }
    parts.maintenance.start();
    return new Store(options, parts);
  }

  async createToken(token: NewToken): Promise<void> {
    await this.parts.writer.createToken(token);
    this.parts.tokens.load(token);
  }

  /** Consumes the token and records client and certificate in one transaction. */
  async enrol(enrolment: Enrolment): Promise<EnrolmentOutcome> {
    const { outcome, created } = await this.parts.writer.enrol(enrolment);
    if (created !== undefined) {
      const { client, fingerprint, notAfter } = created;
      this.parts.clients.load(client);
      this.parts.certificates.load({ fingerprint, clientId: client.id, notAfter, revoked: false });
    }
    return outcome;
  }

  /** Undefined when the owner has not announced such a layout. */
  layoutId(owner: number, hash: string): number | undefined {
    return this.parts.layouts.find(owner, hash)?.id;
  }

  /** What frames of a registered layout look like: their number of values, and the milliseconds between them. */
  layoutShape(id: number): { readonly width: number; readonly interval: number } {
    const layout = this.parts.layouts.get(id);
    if (layout === undefined) throw new Error(`Cannot describe layout ${id}: there is none`);
    return { width: layout.series.length, interval: layout.interval };
  }

  /** @param maxSeries that the owner may have: new ones beyond are refused, and the layout's others are taken. */
  registerLayout(owner: number, layout: Layout, hash: string, maxSeries?: number): RegisteredLayout {
    return this.parts.intake.registerLayout(owner, layout, hash, maxSeries);
  }

  openStream(owner: number, epoch: string): OpenedStream {
    return this.parts.intake.openStream(owner, epoch);
  }

  append(frame: Frame): AppendOutcome {
    return this.parts.intake.append(frame);
  }

  /** Never resolves; rejects when nothing can be stored until the process is started anew. */
  get failed(): Promise<never> {
    return this.parts.writer.failed;
  }

  onDurable(listener: DurableListener): void {
    this.parts.intake.onDurable(listener);
  }

  /** Stores values of the server's own series; one that is not finite counts as absent. */
  appendOwn(layout: Layout, timestamp: number, values: ArrayLike<number>): void {
    this.parts.intake.appendOwn(layout, timestamp, values);
  }

  query(query: string, params: QueryParams): Promise<QueryOutcome> {
    return this.parts.pool.query(query, params, this.options.clock.now() - this.options.retentionMs);
  }

  /** The label sets of the series that satisfy any of the sets of matchers. @throws QueryError */
  series(sets: MatcherSets): Promise<Labels[]> {
    return this.parts.selector.series(sets, this.parts.pool.test);
  }

  /** Ascending; without matchers, of all series. @throws QueryError */
  labelNames(sets: MatcherSets): Promise<string[]> {
    return this.parts.selector.labelNames(sets, this.parts.pool.test);
  }

  /** Ascending; without matchers, of all series. @throws QueryError */
  labelValues(name: string, sets: MatcherSets): Promise<string[]> {
    return this.parts.selector.labelValues(name, sets, this.parts.pool.test);
  }

  /** When the last accepted frame of an owner came, in milliseconds by the wall clock. */
  lastReceived(owner: number): number | undefined {
    return this.parts.intake.lastReceived.get(owner);
  }

  stats(): StoreStats {
    const { index, layouts, head, intake, maintenance, writer, pool } = this.parts;
    return {
      series: index.size,
      layouts: layouts.size,
      headBlocks: head.blockCount,
      headFrames: head.frames,
      headBytes: head.bytes,
      journalRows: intake.oldestPendingId - maintenance.trimmedBelow,
      pendingBytes: intake.pendingBytes,
      commits: intake.commits,
      commitErrors: writer.commitErrors,
      framesAppended: intake.frames,
      samplesAppended: intake.samples,
      framesRejected: { ...intake.rejected },
      seriesRefused: layouts.seriesRefused,
      blocksSealed: maintenance.blocksSealed,
      samplesMerged: maintenance.samplesMerged,
      queries: pool.queries,
      trouble: writer.trouble,
    };
  }

  /** Makes durable what was taken in, and ends the workers. What the disk does not take in time is given up. */
  async close(): Promise<void> {
    const { lock, writer, intake, maintenance, pool } = this.parts;
    maintenance.stop();
    await pool.close();
    if (writer.trouble === undefined) await atMost(DRAIN_TIMEOUT_MS, intake.drain());
    await writer.close();
    lock.release();
  }
}

/** Waits no longer than that. */
async function atMost(ms: number, work: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timeout = setTimeout(late.resolve, ms);
  await Promise.race([work, late.promise]);
  clearTimeout(timeout);
}

function bucketOf(options: StoreOptions): number {
  return options.bucketMs ?? DEFAULT_BUCKET_MS;
}

/** Starts the workers and joins the parts, still empty. */
function assemble(options: StoreOptions, lock: DataDirLock): Parts {
  const { dataDir, retentionMs, clock, log } = options;
  const bucketMs = bucketOf(options);
  const limits = { ...DEFAULT_STORE_LIMITS, ...options.limits };

  const writer = new WriterClient(spawnWorker("writer"), log);
  const writerOpened = writer.open({ dataDir, tracePhases: options.tracePhases ?? false });
  const index = new SeriesIndex();
  const layouts = new Layouts(index);
  const streams = new Streams();
  const head = new Head(bucketMs, (block) => maintenance.seal(block));
  const intakeOptions = { retentionMs, pendingBytes: limits.pendingBytes, clock };
  const intake = new Intake(intakeOptions, writer, head, layouts, streams);
  const clients = new Clients();
  const certificates = new Certificates();
  const sessions = new Sessions(writer, clock, log);
  const tokens = new Tokens(clock);
  const maintenanceOptions = { bucketMs, retentionMs, clock, log };
  const maintenance = new Maintenance(maintenanceOptions, writer, head, intake, streams, () => {
    sessions.expire();
    tokens.expire();
  });
  const selector = new Selector(index, head, limits.querySeries);
  const pool = new QueryPool(
    {
      workers: options.queryWorkers,
      spawn: () => spawnWorker("query"),
      dataDir,
      bucketMs,
      limits: {
        maxSamples: limits.querySamples,
        maxSeries: limits.querySeries,
        timeoutMs: options.queryTimeoutMs,
      },
      queued: limits.queuedQueries,
      log,
    },
    selector.resolve,
  );
  return {
    lock,
    writer,
    writerOpened,
    index,
    layouts,
    streams,
    head,
    intake,
    maintenance,
    selector,
    pool,
    clients,
    certificates,
    sessions,
    tokens,
  };
}

/** Fills the parts from the database, before the store is used. */
function load(connection: Connection, parts: Parts, options: StoreOptions): void {
  const { index, layouts, streams, intake, maintenance, clients, certificates, sessions, tokens } = parts;
  const oldest = options.clock.now() - options.retentionMs;
  loadIndex(connection, index, layouts);
  loadRecords(connection, clients, certificates, sessions, tokens);
  const firstRow = loadJournal(connection, streams, layouts, intake, bucketOf(options), oldest);
  maintenance.trimmedBelow = firstRow ?? intake.oldestPendingId;
}
