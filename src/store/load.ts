import type { Labels } from "../metrics/labels.ts";
import type { Certificates, Clients } from "./clients.ts";
import type { Connection } from "./database.ts";
import { sharedSeries } from "./head/layout.ts";
import type { SeriesIndex } from "./index/series_index.ts";
import type { Intake } from "./intake/intake.ts";
import type { Layouts } from "./intake/layouts.ts";
import type { Streams } from "./intake/streams.ts";
import type { Sessions } from "./sessions.ts";
import type { Tokens } from "./tokens.ts";
import { type ClientRow, clientOf } from "./writer/records.ts";

/** A chunk's key has 32 signed bits for its bucket: seconds last until 2038, half hours for 120,000 years. */
const SHORTEST_BUCKET_MS = 1000;

/**
 * Settles the bucket width of a database: the one that it was made with.
 * @throws Error when another one is asked for, since chunks are named by their bucket's number; or one below a second.
 */
export function settleBucket(connection: Connection, bucketMs: number): void {
  if (!(bucketMs >= SHORTEST_BUCKET_MS))
    throw new Error(
      `Cannot open the store with buckets of ${bucketMs} ms: at least ${SHORTEST_BUCKET_MS} ms are needed.`,
    );
  connection
    .prepare("INSERT INTO meta (key, value) VALUES ('bucket_ms', ?) ON CONFLICT DO NOTHING")
    .run(String(bucketMs));
  const { value } = connection.prepare("SELECT value FROM meta WHERE key = 'bucket_ms'").get() as {
    value: string;
  };
  if (Number(value) !== bucketMs)
    throw new Error(
      `Cannot open the store with buckets of ${bucketMs} ms: it was made with ${value} ms, which cannot change.`,
    );
}

export function loadIndex(connection: Connection, index: SeriesIndex, layouts: Layouts): void {
  for (const row of iterate<SeriesRow>(connection, "SELECT id, owner, labels FROM series ORDER BY id"))
    index.load(row.id, JSON.parse(row.labels) as Labels, row.owner);
  for (const row of iterate<LayoutRow>(connection, "SELECT * FROM layout ORDER BY id"))
    layouts.load({ ...row, series: sharedSeries(new Uint32Array(row.series.slice().buffer)) });
}

export function loadRecords(
  connection: Connection,
  clients: Clients,
  certificates: Certificates,
  sessions: Sessions,
  tokens: Tokens,
): void {
  for (const row of iterate<ClientRow>(connection, "SELECT * FROM client ORDER BY owner"))
    clients.load(clientOf(row));
  const certificateQuery =
    "SELECT fingerprint, client.id AS client, not_after, certificate.revoked FROM certificate JOIN client USING (owner)";
  for (const row of iterate<CertificateRow>(connection, certificateQuery))
    certificates.load({
      fingerprint: row.fingerprint,
      clientId: row.client,
      notAfter: row.not_after,
      revoked: row.revoked !== 0,
    });
  for (const row of iterate<{ hash: string; expires_at: number }>(connection, "SELECT * FROM session"))
    sessions.load(row.hash, row.expires_at);
  for (const row of iterate<TokenRow>(connection, "SELECT id, secret_hash, expires_at FROM enrolment_token"))
    tokens.load({ id: row.id, secretHash: row.secret_hash, expiresAt: row.expires_at });
}

/**
 * Rebuilds streams and head from the journal, without the rows that are in chunks.
 * @param oldest rows with an earlier timestamp have expired.
 * @returns the id of the journal's first row, undefined when it is empty.
 */
export function loadJournal(
  connection: Connection,
  streams: Streams,
  layouts: Layouts,
  intake: Intake,
  bucketMs: number,
  oldest: number,
): number | undefined {
  for (const row of iterate<StreamRow>(connection, "SELECT * FROM stream")) {
    streams.load(row.id, row.owner, row.epoch, row.sequence);
    intake.receivedBefore(row.owner, row.received);
  }
  const sealedThrough = new Map<string, number>();
  for (const row of iterate<MarkRow>(connection, "SELECT * FROM sealed")) {
    sealedThrough.set(`${row.layout} ${row.bucket}`, row.through_id);
    intake.skipRowIds(row.through_id);
  }
  let first: number | undefined;
  for (const row of iterate<JournalRow>(connection, "SELECT * FROM journal ORDER BY id")) {
    first ??= row.id;
    intake.skipRowIds(row.id);
    streams.advance(row.stream, row.sequence, row.id);
    const bucket = Math.floor(row.timestamp / bucketMs);
    const sealed = row.id <= (sealedThrough.get(`${row.layout} ${bucket}`) ?? 0);
    if (!sealed && row.timestamp >= oldest) intake.replay(row, layouts.get(row.layout)!);
  }
  return first;
}

interface SeriesRow {
  id: number;
  owner: number;
  labels: string;
}

interface LayoutRow {
  id: number;
  owner: number;
  hash: string;
  exporter: string;
  interval: number;
  series: Uint8Array;
}

interface CertificateRow {
  fingerprint: string;
  client: string;
  not_after: number;
  revoked: number;
}

interface TokenRow {
  id: string;
  secret_hash: string;
  expires_at: number;
}

interface StreamRow {
  id: number;
  owner: number;
  epoch: string;
  sequence: number;
  received: number;
}

interface MarkRow {
  layout: number;
  bucket: number;
  through_id: number;
}

interface JournalRow {
  id: number;
  stream: number;
  layout: number;
  sequence: number;
  timestamp: number;
  received: number;
  payload: Uint8Array;
}

function iterate<Row>(connection: Connection, sql: string): IterableIterator<Row> {
  return connection.prepare(sql).iterate() as IterableIterator<Row>;
}
