import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import type { Store } from "../store/store.ts";
import type { Client } from "../store/types.ts";
import { type FrameHeader, frameCost, framePayload, readFrameHeader } from "../wire/frame.ts";
import {
  type AgentMessage,
  type CLOSE,
  MAX_BEGIN_LAYOUTS,
  type ServerMessage,
  WINDOW_BYTES,
} from "../wire/messages.ts";
import { valuesFault } from "../wire/values.ts";
import type { ClientLimits } from "./client_limits.ts";
import { layoutRefusal } from "./layout_check.ts";

export type Begin = Extract<AgentMessage, { type: "begin" }>;
type LayoutMessage = Extract<AgentMessage, { type: "layout" }>;

/** On one connection; an agent that needs more reconnects, and then announces only what its spool still holds. */
const MAX_LAYOUTS = 4 * MAX_BEGIN_LAYOUTS;
/** Twice what an agent may send ahead: only one that ignores the window gets here. */
const MAX_PENDING_BYTES = 2 * WINDOW_BYTES;

/** Why a connection must end. */
export interface Fault {
  readonly close: keyof typeof CLOSE;
  readonly reason: string;
}

/** What an announced layout has become. */
type Slot =
  | { readonly state: "needed" }
  | { readonly state: "registered"; readonly id: number; readonly width: number }
  | { readonly state: "refused" };

interface StreamOptions {
  readonly store: Pick<Store, "append" | "layoutId" | "layoutShape" | "openStream" | "registerLayout">;
  readonly client: Client;
  readonly limits: ClientLimits;
  readonly clock: Clock;
  readonly log: Logger;
  readonly send: (message: ServerMessage) => void;
}

/** An authenticated connection's data: layouts by their index, frames into the store, acknowledgements back. */
export class AgentStream {
  readonly id: number;
  readonly #options: StreamOptions;
  readonly #slots: Slot[] = [];
  readonly #indexOf = new Map<string, number>();
  readonly #complained = new Set<string>();
  /** Frames that are not durable yet, oldest first. */
  readonly #pending: { readonly sequence: number; readonly cost: number }[] = [];
  #pendingCost = 0;
  /** The highest sequence that was handed to the store, on this connection or, as a duplicate shows, an earlier one. */
  #appended: number;
  #durable: number;
  /** The highest sequence of a refused layout's frames, 0 when there was none since the last acknowledgement. */
  #dropped = 0;

  #shortestInterval: number | undefined;

  private constructor(options: StreamOptions, id: number, sequence: number) {
    this.#options = options;
    this.id = id;
    this.#appended = sequence;
    this.#durable = sequence;
  }

  /** Opens the stream of this spool epoch and tells the agent where to go on, or says why it cannot. */
  static begin(message: Begin, options: StreamOptions): AgentStream | Fault {
    if (new Set(message.layouts).size !== message.layouts.length)
      return { close: "badMessage", reason: "begin lists a layout twice" };
    const { client, send, store } = options;
    const { stream, sequence } = store.openStream(client.owner, message.epoch);
    const opened = new AgentStream(options, stream, sequence);
    const need = message.layouts.filter((hash) => opened.#announce(hash).state === "needed");
    send({ type: "resume", epoch: message.epoch, sequence, need });
    return opened;
  }

  /** Milliseconds between frames of the fastest layout; undefined before the first. */
  get shortestInterval(): number | undefined {
    return this.#shortestInterval;
  }

  layout({ hash, layout }: LayoutMessage): Fault | undefined {
    const { client, limits, log, send } = this.#options;
    const index = this.#indexOf.get(hash);
    if (index !== undefined && this.#slots[index]!.state !== "needed")
      return { close: "badMessage", reason: "layout was announced before" };
    if (index === undefined) {
      if (this.#slots.length >= MAX_LAYOUTS)
        return { close: "layoutsExhausted", reason: `more than ${MAX_LAYOUTS} layouts on one connection` };
      if (this.#announce(hash).state === "registered") return undefined;
    }
    if (!limits.takeLayout(layout))
      return { close: "layoutsExhausted", reason: "too many new layouts in a short time" };
    const refusal = layoutRefusal(layout, hash, client.instance);
    if (refusal !== undefined) {
      this.#slots[this.#indexOf.get(hash)!] = { state: "refused" };
      log.warn("refused a layout", { exporter: layout.exporter, reason: refusal });
      send({ type: "refused", hash, reason: refusal.slice(0, 500) });
      return undefined;
    }
    this.#register(hash, layout);
    return undefined;
  }

  frame(bytes: Uint8Array): Fault | undefined {
    const read = readFrameHeader(bytes);
    if (!read.ok) return badFrame(read.fault);
    const slot = this.#slots[read.header.layoutIndex];
    if (slot === undefined)
      return unknownLayout(`index ${read.header.layoutIndex}, ${this.#slots.length} layouts were announced`);
    switch (slot.state) {
      case "needed":
        return unknownLayout(`index ${read.header.layoutIndex} was asked for and has not come`);
      case "refused":
        this.#drop(read.header.sequence);
        return undefined;
      case "registered": {
        const payload = framePayload(bytes);
        const fault = valuesFault(payload, slot.width);
        return fault === undefined ? this.#append(read.header, slot.id, payload) : badFrame(fault);
      }
      default:
        return slot satisfies never;
    }
  }

  /** The store has committed everything of this stream up to `sequence`. */
  durable(sequence: number): void {
    this.#durable = Math.max(this.#durable, sequence);
    let settled = 0;
    while (settled < this.#pending.length && this.#pending[settled]!.sequence <= sequence)
      this.#pendingCost -= this.#pending[settled++]!.cost;
    this.#pending.splice(0, settled);
    this.#acknowledge();
  }

  #announce(hash: string): Slot {
    const { client, store } = this.#options;
    const id = store.layoutId(client.owner, hash);
    const slot: Slot = id === undefined ? { state: "needed" } : this.#registered(id);
    this.#indexOf.set(hash, this.#slots.length);
    this.#slots.push(slot);
    return slot;
  }

  #register(hash: string, layout: LayoutMessage["layout"]): void {
    const { client, limits, log, store } = this.#options;
    const { id, othersSeries, seriesOverLimit } = store.registerLayout(
      client.owner,
      layout,
      hash,
      limits.series,
    );
    this.#slots[this.#indexOf.get(hash)!] = this.#registered(id);
    const { exporter } = layout;
    if (othersSeries > 0)
      log.warn("ignoring series that another client writes", { exporter, series: othersSeries });
    if (seriesOverLimit > 0 && limits.mayTell())
      log.warn(
        `ignoring new series of this client: it has ${limits.series}, the most that one may have, those that are gone included. The query count by (__name__) ({instance="${client.instance}"}) shows which metrics they are of; have the node send fewer.`,
        { exporter, series: seriesOverLimit },
      );
  }

  #registered(id: number): Slot {
    const { width, interval } = this.#options.store.layoutShape(id);
    this.#shortestInterval = Math.min(this.#shortestInterval ?? interval, interval);
    return { state: "registered", id, width };
  }

  #append({ sequence, timestamp }: FrameHeader, layout: number, payload: Uint8Array): Fault | undefined {
    const { client, store } = this.#options;
    const outcome = store.append({
      stream: this.id,
      owner: client.owner,
      layout,
      sequence,
      timestamp,
      payload,
    });
    switch (outcome) {
      case "busy":
        return { close: "busy", reason: "the server cannot write to its disk fast enough; try again later" };
      case "duplicate":
        // Taken in on an earlier connection, but perhaps not durable yet.
        this.#appended = Math.max(this.#appended, sequence);
        return undefined;
      case "future":
      case "too_old":
        this.#complainOfClock(outcome, timestamp);
        break;
      case "accepted":
        break;
      default:
        outcome satisfies never;
    }
    this.#appended = sequence;
    const cost = frameCost(payload);
    this.#pending.push({ sequence, cost });
    this.#pendingCost += cost;
    if (this.#pendingCost > MAX_PENDING_BYTES)
      return badFrame(`more than ${MAX_PENDING_BYTES} bytes were sent ahead of their acknowledgement`);
    return undefined;
  }

  /** A frame of a refused layout: acknowledged in its turn, so that the agent's spool does not stop at it. */
  #drop(sequence: number): void {
    this.#dropped = Math.max(this.#dropped, sequence);
    this.#acknowledge();
  }

  /** What was dropped counts only once everything that was sent before it is durable. */
  #acknowledge(): void {
    const settled = this.#durable >= this.#appended;
    const sequence = settled ? Math.max(this.#durable, this.#dropped) : this.#durable;
    if (sequence > 0) this.#options.send({ type: "ack", sequence });
  }

  /** Once per connection and direction: a wrong clock is wrong in every frame. */
  #complainOfClock(outcome: "future" | "too_old", timestamp: number): void {
    if (this.#complained.has(outcome)) return;
    this.#complained.add(outcome);
    const { clock, log } = this.#options;
    const reason = outcome === "future" ? "ahead of the server's clock" : "older than the retention";
    log.warn(`dropping samples: their time is ${reason}. Check the clocks of node and server.`, {
      time: new Date(timestamp).toISOString(),
      server_time: new Date(clock.now()).toISOString(),
    });
  }
}

function badFrame(reason: string): Fault {
  return { close: "badFrame", reason: `bad frame: ${reason}` };
}

function unknownLayout(reason: string): Fault {
  return { close: "unknownLayout", reason: `unknown layout: ${reason}` };
}
