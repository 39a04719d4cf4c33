import type { Certificate, Client } from "./types.ts";

/** The registered clients, mirrored in memory. */
export class Clients {
  private readonly byId = new Map<string, Client>();

  all(): Client[] {
    return [...this.byId.values()];
  }

  get(id: string): Client | undefined {
    return this.byId.get(id);
  }

  /** For the store: takes over what the database has. */
  load(client: Client): void {
    this.byId.set(client.id, client);
  }
}

/** The certificates issued to clients, mirrored in memory. */
export class Certificates {
  private readonly byFingerprint = new Map<string, Certificate>();

  find(fingerprint: string): Certificate | undefined {
    return this.byFingerprint.get(fingerprint);
  }

  of(clientId: string): Certificate[] {
    return [...this.byFingerprint.values()].filter((certificate) => certificate.clientId === clientId);
  }

  /** For the store: takes over what the database has. */
  load(certificate: Certificate): void {
    this.byFingerprint.set(certificate.fingerprint, certificate);
  }
}
