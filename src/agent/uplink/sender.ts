import type { Logger } from "../../lib/log.ts";
import { encodeFrame, frameCost } from "../../wire/frame.ts";
import { CLOSE, WINDOW_BYTES } from "../../wire/messages.ts";
import type { Spool, SpooledFrame } from "../spool.ts";
import type { Timers } from "../timers.ts";
import { LinkEnded } from "./link_ended.ts";
import type { MessageOf, ServerSocket } from "./socket.ts";

/** With frames on the way and no acknowledgement for this long, the peer counts as dead. */
export const ACK_TIMEOUT_MS = 30_000;
const READ_AT_ONCE = 64;

interface SenderOptions {
  readonly spool: Spool;
  readonly socket: Pick<ServerSocket, "ended" | "fail" | "send" | "sendFrame">;
  readonly timers: Timers;
  readonly log: Logger;
  /** The layouts that `begin` listed, in order. */
  readonly layouts: readonly string[];
  readonly resume: MessageOf<"resume">;
  /**
   * Up to this sequence frames are sent one at a time: one among them made the server close the connection, and has
   * to be found.
   */
  readonly singlyThrough: number;
}

/**
 * Sends the spool in order, each layout before its first frame, with at most {@link WINDOW_BYTES} on the way, and deletes from the
 * spool what the server has acknowledged.
 */
export class Sender {
  /** Frames that this connection delivered. */
  acknowledgedFrames = 0;
  /** Frames that the spool has no layout for. */
  lostFrames = 0;
  readonly #options: SenderOptions;
  readonly #indexOf: Map<string, number>;
  readonly #need: Set<string>;
  /** Read from the spool and not sent yet. */
  #queue: SpooledFrame[] = [];
  /** The last sequence that was sent or that the server has. */
  #cursor: number;
  readonly #onTheWay: { readonly sequence: number; readonly cost: number }[] = [];
  #costOnTheWay = 0;
  /** Frames without a layout behind one that is on the way. */
  readonly #lost: number[] = [];
  readonly #lostLayouts = new Set<string>();
  #cancelDeadline: (() => void) | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
    this.#indexOf = new Map(options.layouts.map((hash, index) => [hash, index]));
    this.#need = new Set(options.resume.need);
    this.#cursor = options.resume.sequence;
    options.spool.acknowledge(options.resume.sequence);
  }

  /** The last sequence that was sent or that the server has. */
  get cursor(): number {
    return this.#cursor;
  }

  /** When exactly one frame is on the way, its sequence. */
  get onlyOneOnTheWay(): number | undefined {
    return this.#onTheWay.length === 1 ? this.#onTheWay[0]!.sequence : undefined;
  }

  /** Sends as much as the window allows. */
  pump(): void {
    const { socket, spool } = this.#options;
    while (!socket.ended) {
      if (this.#queue.length === 0) this.#queue = spool.read(this.#cursor, READ_AT_ONCE);
      const frame = this.#queue[0];
      if (frame === undefined || socket.ended || !this.#fits(frame) || !this.#send(frame)) return;
      this.#queue.shift();
    }
  }

  /** @throws LinkEnded when the server acknowledges what was never there. */
  acknowledged(sequence: number): void {
    const { socket, spool } = this.#options;
    if (sequence > spool.lastSequence)
      throw socket.fail(new LinkEnded("The server acknowledged frames that do not exist.", CLOSE.badMessage));
    spool.acknowledge(sequence);
    let delivered = 0;
    while (delivered < this.#onTheWay.length && this.#onTheWay[delivered]!.sequence <= sequence)
      this.#costOnTheWay -= this.#onTheWay[delivered++]!.cost;
    this.#onTheWay.splice(0, delivered);
    this.acknowledgedFrames += delivered;
    // Frames of an earlier connection may become durable only now, before they were sent again on this one.
    if (sequence > this.#cursor) {
      this.#cursor = sequence;
      this.#queue = this.#queue.filter((frame) => frame.sequence > sequence);
    }
    if (delivered > 0) this.#restartDeadline();
    this.#dropLost();
    this.pump();
  }

  close(): void {
    this.#cancelDeadline?.();
  }

  #fits({ payload }: SpooledFrame): boolean {
    if (this.#onTheWay.length === 0) return true;
    if (this.#cursor < this.#options.singlyThrough) return false;
    return this.#costOnTheWay + frameCost(payload) <= WINDOW_BYTES;
  }

  /** @returns false when the frame has to wait until its layout can be read. */
  #send({ hash, payload, sequence, timestamp }: SpooledFrame): boolean {
    const layoutBytes = this.#announce(hash);
    if (layoutBytes === undefined && !this.#options.spool.readable) return false;
    this.#cursor = sequence;
    if (layoutBytes === undefined) {
      this.#lose(sequence, hash);
      return true;
    }
    const frame = encodeFrame({ layoutIndex: this.#indexOf.get(hash)!, timestamp, sequence }, payload);
    this.#options.socket.sendFrame(frame);
    const cost = layoutBytes + frameCost(payload);
    this.#onTheWay.push({ sequence, cost });
    this.#costOnTheWay += cost;
    if (this.#onTheWay.length === 1) this.#restartDeadline();
    return true;
  }

  /** Sends the layout if the server lacks it. @returns its bytes; undefined when the spool does not give it. */
  #announce(hash: string): number | undefined {
    const { socket, spool } = this.#options;
    const announced = this.#indexOf.has(hash);
    if (announced && !this.#need.has(hash)) return 0;
    const layout = spool.layout(hash);
    if (layout === undefined) return undefined;
    if (!announced) this.#indexOf.set(hash, this.#indexOf.size);
    this.#need.delete(hash);
    return socket.send({
      type: "layout",
      hash,
      layout: { ...layout, series: layout.series.map((s) => [...s]) },
    });
  }

  #lose(sequence: number, hash: string): void {
    if (!this.#lostLayouts.has(hash)) {
      this.#lostLayouts.add(hash);
      this.#options.log.error("dropping frames whose layout is not in the spool", { layout: hash });
    }
    this.#lost.push(sequence);
    this.#dropLost();
  }

  /** Deletes frames without a layout, and counts them, once all before them are delivered. */
  #dropLost(): void {
    const end = this.#onTheWay[0]?.sequence ?? Number.POSITIVE_INFINITY;
    while (this.#lost.length > 0 && this.#lost[0]! < end) {
      this.#options.spool.acknowledge(this.#lost.shift()!);
      this.lostFrames++;
    }
  }

  #restartDeadline(): void {
    this.#cancelDeadline?.();
    this.#cancelDeadline = undefined;
    if (this.#onTheWay.length === 0) return;
    this.#cancelDeadline = this.#options.timers.after(ACK_TIMEOUT_MS, () => {
      const seconds = ACK_TIMEOUT_MS / 1000;
      this.#options.socket.fail(
        new LinkEnded(
          `The server has acknowledged nothing for ${seconds} s. Check the network and the server's disk.`,
          CLOSE.silent,
        ),
      );
    });
  }
}
