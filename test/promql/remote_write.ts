import type { SeriesSamples } from "../../src/promql/source.ts";

const STALE_MARKER = 0x7ff0000000000002n;

/**
 * A remote write 1.0 request: protobuf `WriteRequest { timeseries = 1 { labels = 1 { name = 1, value = 2 },
 * samples = 2 { value = 1, timestamp = 2 } } }` in a snappy block that is one literal, i.e. not compressed.
 */
export function remoteWriteBody(series: readonly SeriesSamples[]): Uint8Array<ArrayBuffer> {
  return snappyLiteral(concat(series.map((one) => field(1, timeSeries(one)))));
}

function timeSeries({ labels, timestamps, values }: SeriesSamples): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let i = 0; i < labels.length; i += 2)
    parts.push(field(1, concat([field(1, utf8(labels[i]!)), field(2, utf8(labels[i + 1]!))])));
  timestamps.forEach((timestamp, i) => {
    parts.push(field(2, sample(timestamp, values[i]!)));
  });
  return concat(parts);
}

function sample(timestamp: number, value: number): Uint8Array {
  const double = new Uint8Array(9);
  double[0] = (1 << 3) | 1;
  const view = new DataView(double.buffer);
  if (Number.isNaN(value)) view.setBigUint64(1, STALE_MARKER, true);
  else view.setFloat64(1, value, true);
  return concat([double, Uint8Array.of(2 << 3), varint(timestamp)]);
}

function field(number: number, bytes: Uint8Array): Uint8Array {
  return concat([Uint8Array.of((number << 3) | 2), varint(bytes.length), bytes]);
}

function snappyLiteral(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(5);
  header[0] = 63 << 2;
  new DataView(header.buffer).setUint32(1, bytes.length - 1, true);
  return concat([varint(bytes.length), header, bytes]);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Uint8Array.of(...bytes, rest);
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}
