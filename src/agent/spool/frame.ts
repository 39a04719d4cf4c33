import type { Layout } from "../../wire/layout.ts";

/** What one layout of an exporter read in one tick. */
export interface Reading {
  readonly hash: string;
  readonly layout: Layout;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** As wire/values.ts encodes them. */
  readonly payload: Uint8Array;
}

/** A reading with its place in the spool's order. */
export interface NumberedReading extends Reading {
  readonly sequence: number;
}

/** What the uplink needs of a frame. The layout is asked for by its hash when the server does not know it yet. */
export interface SpooledFrame {
  readonly sequence: number;
  readonly hash: string;
  readonly timestamp: number;
  readonly payload: Uint8Array;
}
