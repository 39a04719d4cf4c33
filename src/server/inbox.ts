import type { Clock } from "../lib/clock.ts";

/** How long messages are handled before the event loop's other work has its turn. One message may exceed it. */
const TURN_MS = 5;
/** Beyond this, messages are handled as they come, and TCP slows the senders down: a hundred agents' full windows. */
const MAX_QUEUED_BYTES = 32 * 1024 * 1024;

export interface Receiver {
  /** Takes no notice of messages that come after its end. */
  receive(message: string | Uint8Array): void;
}

/**
 * Hands messages to their receivers in the order of arrival, for a bounded time in each turn of the event loop, so that
 * other work goes in between when all agents of a site reconnect at once, each with a full window.
 */
export class Inbox {
  readonly #clock: Clock;
  readonly #maxQueuedBytes: number;
  #queue: { readonly receiver: Receiver; readonly message: string | Uint8Array }[] = [];
  /** Messages of the queue that are handled already. */
  #taken = 0;
  #queuedBytes = 0;
  /** By the monotonic clock: the end of this turn's share. Undefined when the turn has had no message yet. */
  #turnEnd: number | undefined;

  constructor(clock: Clock, maxQueuedBytes = MAX_QUEUED_BYTES) {
    this.#clock = clock;
    this.#maxQueuedBytes = maxQueuedBytes;
  }

  /** @param message is kept until its turn comes: the caller must not write to it any more. */
  deliver(receiver: Receiver, message: string | Uint8Array): void {
    if (this.#turnEnd === undefined) this.#beginTurn();
    if (this.#isEmpty && this.#hasTime()) {
      receiver.receive(message);
      return;
    }
    this.#queue.push({ receiver, message });
    this.#queuedBytes += message.length;
    if (this.#queuedBytes > this.#maxQueuedBytes) while (!this.#isEmpty) this.#handleFirst();
  }

  get #isEmpty(): boolean {
    return this.#taken === this.#queue.length;
  }

  #hasTime(): boolean {
    return this.#clock.monotonic() < this.#turnEnd!;
  }

  #beginTurn(): void {
    this.#turnEnd = this.#clock.monotonic() + TURN_MS;
    // Before anything is handled: the queue goes on also when a receiver throws.
    setImmediate(() => this.#nextTurn());
  }

  #nextTurn(): void {
    this.#turnEnd = undefined;
    if (this.#isEmpty) return;
    this.#beginTurn();
    do this.#handleFirst();
    while (!this.#isEmpty && this.#hasTime());
  }

  #handleFirst(): void {
    const { receiver, message } = this.#queue[this.#taken++]!;
    this.#queuedBytes -= message.length;
    if (this.#isEmpty) {
      this.#queue = [];
      this.#taken = 0;
    }
    receiver.receive(message);
  }
}
