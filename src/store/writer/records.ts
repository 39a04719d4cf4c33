import type { Statement } from "bun:sqlite";
import type { Connection } from "../database.ts";
import { KEEP_TOKENS_MS } from "../tokens.ts";
import type { Client, Enrolment } from "../types.ts";
import type { EnrolmentResult, RecordRequest } from "./protocol.ts";

/** Tokens, clients, certificates and sessions. Runs inside the caller's transactions. */
export class RecordTables {
  private readonly insertToken: Statement;
  private readonly findToken: Statement;
  private readonly useToken: Statement;
  private readonly deleteTokens: Statement;
  private readonly findAnswer: Statement;
  private readonly insertClient: Statement;
  private readonly findInstance: Statement;
  private readonly insertCertificate: Statement;
  private readonly insertSession: Statement;
  private readonly deleteSession: Statement;
  private readonly deleteSessions: Statement;

  constructor(connection: Connection) {
    this.insertToken = connection.prepare(
      "INSERT INTO enrolment_token (id, secret_hash, expires_at, uses_left) VALUES (?, ?, ?, ?)",
    );
    this.findToken = connection.prepare(
      "SELECT secret_hash, expires_at, uses_left FROM enrolment_token WHERE id = ?",
    );
    this.useToken = connection.prepare("UPDATE enrolment_token SET uses_left = uses_left - 1 WHERE id = ?");
    this.deleteTokens = connection.prepare("DELETE FROM enrolment_token WHERE expires_at < ?");
    this.findAnswer = connection.prepare(
      `SELECT certificate.pem AS pem, client.* FROM certificate JOIN client USING (owner)
       WHERE token = ? AND csr_hash = ?`,
    );
    this.insertClient = connection.prepare(
      "INSERT INTO client (id, name, instance, machine_id, created_at) VALUES (?, ?, ?, ?, ?) RETURNING *",
    );
    this.findInstance = connection.prepare("SELECT 1 FROM client WHERE instance = ?");
    this.insertCertificate = connection.prepare(
      "INSERT INTO certificate (fingerprint, owner, pem, not_after, token, csr_hash) VALUES (?, ?, ?, ?, ?, ?)",
    );
    this.insertSession = connection.prepare(
      "INSERT OR REPLACE INTO session (hash, expires_at) VALUES (?, ?)",
    );
    this.deleteSession = connection.prepare("DELETE FROM session WHERE hash = ?");
    this.deleteSessions = connection.prepare("DELETE FROM session WHERE expires_at < ?");
  }

  handle(request: RecordRequest): EnrolmentResult | undefined {
    switch (request.kind) {
      case "token": {
        const { id, secretHash, expiresAt, uses } = request.token;
        this.insertToken.run(id, secretHash, expiresAt, uses);
        return undefined;
      }
      case "enrol":
        return this.enrol(request.enrolment);
      case "session":
        this.insertSession.run(request.hash, request.expiresAt);
        return undefined;
      case "endSession":
        this.deleteSession.run(request.hash);
        return undefined;
      default:
        request satisfies never;
        throw new Error("Cannot write a record of unknown kind");
    }
  }

  expire(now: number): void {
    this.deleteTokens.run(now - KEEP_TOKENS_MS);
    this.deleteSessions.run(now);
  }

  /** Consumes one use of the token and records client and certificate: all of it or nothing. */
  private enrol(request: Enrolment): EnrolmentResult {
    const token = this.findToken.get(request.tokenId) as TokenRow | null;
    if (token === null || token.secret_hash !== request.secretHash) return refused("unknown");
    const answer = this.findAnswer.get(request.tokenId, request.csrHash) as AnswerRow | null;
    if (answer !== null)
      return { outcome: { outcome: "repeated", client: clientOf(answer), pem: answer.pem } };
    if (token.uses_left <= 0) return refused("used");
    if (token.expires_at <= request.now) return refused("expired");

    this.useToken.run(request.tokenId);
    const { id, name, machineId } = request.client;
    const instance = this.freeInstance(request.client.instance);
    const client = clientOf(this.insertClient.get(id, name, instance, machineId, request.now) as ClientRow);
    const { fingerprint, pem, notAfter } = request.certificate;
    this.insertCertificate.run(fingerprint, client.owner, pem, notAfter, request.tokenId, request.csrHash);
    return { outcome: { outcome: "enrolled", client, pem }, created: { client, fingerprint, notAfter } };
  }

  private freeInstance(wished: string): string {
    let instance = wished;
    for (let n = 2; this.findInstance.get(instance) !== null; n++) instance = `${wished}-${n}`;
    return instance;
  }
}

export interface ClientRow {
  owner: number;
  id: string;
  name: string;
  instance: string;
  machine_id: string;
  created_at: number;
  revoked: number;
  labels: string;
}

export function clientOf(row: ClientRow): Client {
  return {
    id: row.id,
    owner: row.owner,
    name: row.name,
    instance: row.instance,
    machineId: row.machine_id,
    createdAt: row.created_at,
    revoked: row.revoked !== 0,
    labels: JSON.parse(row.labels) as Record<string, string>,
  };
}

interface TokenRow {
  secret_hash: string;
  expires_at: number;
  uses_left: number;
}

type AnswerRow = ClientRow & { pem: string };

function refused(reason: "unknown" | "expired" | "used"): EnrolmentResult {
  return { outcome: { outcome: "refused", reason } };
}
