import type { X509Certificate } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../src/lib/clock.ts";
import type { Logger, LogLevel } from "../../src/lib/log.ts";
import { decodePem, encodePem } from "../../src/pki/pem.ts";
import { X509Certificate as ParsedCertificate } from "../../src/pki/x509.ts";

export const DAY_MS = 86_400_000;
export const NOW = Date.UTC(2026, 10, 21, 12);

/** A clock that stands still until it is moved. */
export class HeldClock implements Clock {
  time = NOW;
  elapsed = 0;
  now = () => this.time;
  monotonic = () => this.elapsed;
  advance(ms: number): void {
    this.time += ms;
    this.elapsed += ms;
  }
}

export interface LogLine {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A logger that keeps its lines for the test to look at. */
export function recordingLog(lines: LogLine[] = [], bound: object = {}): Logger & { lines: LogLine[] } {
  const at = (level: LogLevel) => (message: string, fields?: object) =>
    void lines.push({ level, message, fields: { ...bound, ...fields } });
  return {
    lines,
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => recordingLog(lines, { ...bound, ...fields }),
  };
}

export function temporaryFolder(): { path: string; [Symbol.dispose](): void } {
  const path = mkdtempSync(join(tmpdir(), "dcmon-test-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export function pemOf(certificate: X509Certificate): string {
  return encodePem(certificate.raw, "CERTIFICATE");
}

/** As the library reads it that has issued it, and the code under test does not. */
export function parsed(pem: string): ParsedCertificate {
  return new ParsedCertificate(decodePem(pem, "CERTIFICATE")!);
}
