/**
 * One frame on the wire and in the spool, little endian:
 *
 *     u8   kind, 1
 *     u8   0
 *     u16  layout index: how many layouts were announced before it on this connection
 *     f64  timestamp, milliseconds since the epoch
 *     f64  sequence, ≥ 1, strictly increasing within a spool epoch; gaps are frames that were overwritten
 *     …    the values (values.ts)
 */
export const FRAME_HEADER_BYTES = 20;
const FRAME_KIND_SAMPLES = 1;
export const MAX_LAYOUT_INDEX = 0xffff;
/** What any frame costs a receiver beside its values: a message, a place in queues, a row in the journal. */
const FRAME_OVERHEAD_BYTES = 128;

export interface FrameHeader {
  readonly layoutIndex: number;
  /** Milliseconds since the epoch, an integer ≥ 0. */
  readonly timestamp: number;
  /** An integer ≥ 1. */
  readonly sequence: number;
}

type FrameHeaderResult =
  | { readonly ok: true; readonly header: FrameHeader }
  | { readonly ok: false; readonly fault: string };

/**
 * What a frame counts for wherever frames are limited by bytes: the window, and what waits for the disk. Many small
 * frames are not cheaper than few large ones.
 */
export function frameCost(payload: Uint8Array): number {
  return FRAME_OVERHEAD_BYTES + payload.length;
}

/** @param header all fields in range; `payload` follows it unchanged. */
export function encodeFrame(header: FrameHeader, payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, FRAME_KIND_SAMPLES);
  view.setUint16(2, header.layoutIndex, true);
  view.setFloat64(4, header.timestamp, true);
  view.setFloat64(12, header.sequence, true);
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

/** Checks everything that can be known without the connection's state. Never throws. */
export function readFrameHeader(bytes: Uint8Array): FrameHeaderResult {
  if (bytes.length < FRAME_HEADER_BYTES)
    return { ok: false, fault: `frame of ${bytes.length} bytes is shorter than its header` };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = view.getUint8(0);
  if (kind !== FRAME_KIND_SAMPLES) return { ok: false, fault: `frame kind ${kind} is not known` };
  if (view.getUint8(1) !== 0) return { ok: false, fault: `frame flags ${view.getUint8(1)} are not known` };
  const timestamp = view.getFloat64(4, true);
  if (!Number.isSafeInteger(timestamp) || timestamp < 0)
    return { ok: false, fault: `timestamp ${timestamp} is not a whole number of milliseconds` };
  const sequence = view.getFloat64(12, true);
  if (!Number.isSafeInteger(sequence) || sequence < 1)
    return { ok: false, fault: `sequence ${sequence} is not a whole number from 1` };
  return { ok: true, header: { layoutIndex: view.getUint16(2, true), timestamp, sequence } };
}

/** The values that follow the header, a view into the same memory. */
export function framePayload(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(FRAME_HEADER_BYTES);
}
