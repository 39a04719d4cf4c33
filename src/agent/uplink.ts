import type { Clock } from "../lib/clock.ts";
import type { Logger } from "../lib/log.ts";
import { CLOSE, MAX_BEGIN_LAYOUTS, type ServerMessage } from "../wire/messages.ts";
import type { Identity } from "./identity.ts";
import type { Spool } from "./spool.ts";
import { systemTimers, type Timers } from "./timers.ts";
import { Backoff } from "./uplink/backoff.ts";
import { authenticate } from "./uplink/handshake.ts";
import { LinkEnded, NORMAL } from "./uplink/link_ended.ts";
import { pause } from "./uplink/pause.ts";
import { Sender } from "./uplink/sender.ts";
import { ServerSocket } from "./uplink/socket.ts";

/** A connection that lived this long was a good one: the next attempt comes soon. */
const STABLE_MS = 30_000;
/** A difference between the clocks beyond this is worth a warning: the server refuses samples from the future. */
const CLOCK_TOLERANCE_MS = 30_000;

export interface UplinkOptions {
  /** `https://host:port` */
  readonly server: string;
  readonly identity: Identity;
  /** Changes with every boot of this machine. */
  readonly bootId: string;
  readonly spool: Spool;
  readonly clock: Clock;
  readonly log: Logger;
  readonly timers?: Timers;
  readonly backoff?: Backoff;
}

interface UplinkStats {
  /** True while frames can be delivered. */
  readonly connected: boolean;
  /** Connections that ended. */
  readonly disconnects: number;
  readonly acknowledgedFrames: number;
  /** Layouts that the server does not accept: their frames are lost. */
  readonly refusedLayouts: number;
  /** Frames that the server does not accept. */
  readonly rejectedFrames: number;
  /** Frames that the spool has no layout for. */
  readonly framesWithoutLayout: number;
  /** How far the server's clock is ahead, in milliseconds; undefined before the first connection. */
  readonly clockOffsetMs: number | undefined;
}

/** Brings the spool to the server, over one connection at a time, reconnecting forever. */
export class Uplink {
  readonly #options: UplinkOptions;
  readonly #timers: Timers;
  readonly #backoff: Backoff;
  #socket: ServerSocket | undefined;
  #sender: Sender | undefined;
  /** The reason that was logged last; empty again after a good connection. */
  #trouble = "";
  #isConnectedTold = false;
  #clockTold = "";
  #disconnects = 0;
  #acknowledgedBefore = 0;
  #lostBefore = 0;
  #refusedLayouts = 0;
  #rejectedFrames = 0;
  #clockOffsetMs: number | undefined;
  #singlyThrough = 0;

  constructor(options: UplinkOptions) {
    this.#options = options;
    this.#timers = options.timers ?? systemTimers;
    this.#backoff = options.backoff ?? new Backoff();
    options.spool.onFrames(() => this.#sender?.pump());
    options.spool.onEpoch(() => this.#socket?.fail(new LinkEnded("The spool was replaced.", NORMAL)));
  }

  get stats(): UplinkStats {
    return {
      connected: this.#sender !== undefined,
      disconnects: this.#disconnects,
      acknowledgedFrames: this.#acknowledgedBefore + (this.#sender?.acknowledgedFrames ?? 0),
      refusedLayouts: this.#refusedLayouts,
      rejectedFrames: this.#rejectedFrames,
      framesWithoutLayout: this.#lostBefore + (this.#sender?.lostFrames ?? 0),
      clockOffsetMs: this.#clockOffsetMs,
    };
  }

  /** Until `signal` fires. Does not throw. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const ended = await this.#connection(signal);
      if (signal.aborted) return;
      const delay = this.#backoff.next();
      this.#tell(ended, delay);
      await pause(delay, signal, this.#timers);
    }
  }

  async #connection(signal: AbortSignal): Promise<LinkEnded> {
    try {
      const { identity, server } = this.#options;
      const url = new URL(`/ws/client/${identity.client}`, server);
      url.protocol = "wss:";
      this.#socket = await ServerSocket.open({ url, ca: identity.anchor.pem, timers: this.#timers, signal });
      this.#noteClock(await authenticate(this.#socket, this.#options));
      return await this.#stream(this.#socket);
    } catch (error) {
      if (error instanceof LinkEnded) return error;
      return new LinkEnded(
        `The connection failed inside the agent: ${(error as Error).message}. Report this as a bug.`,
      );
    } finally {
      this.#socket?.fail(new LinkEnded("The agent gave the connection up.", NORMAL));
      this.#socket = undefined;
    }
  }

  async #stream(socket: ServerSocket): Promise<LinkEnded> {
    const { clock } = this.#options;
    const sender = await this.#begin(socket);
    const since = clock.monotonic();
    this.#sender = sender;
    this.#sayConnected();
    try {
      sender.pump();
      for (;;) this.#handle(await socket.receive(), sender, socket);
    } catch (error) {
      if (!(error instanceof LinkEnded)) throw error;
      this.#findCulprit(error, sender);
      return error;
    } finally {
      this.#sender = undefined;
      this.#disconnects++;
      this.#acknowledgedBefore += sender.acknowledgedFrames;
      this.#lostBefore += sender.lostFrames;
      sender.close();
      if (clock.monotonic() - since >= STABLE_MS) this.#forgetTrouble();
    }
  }

  async #begin(socket: ServerSocket): Promise<Sender> {
    const { log, spool } = this.#options;
    const { epoch } = spool;
    const layouts = spool.layoutsInUse().slice(0, MAX_BEGIN_LAYOUTS);
    socket.send({ type: "begin", epoch, layouts });
    const resume = await socket.expect("resume");
    if (resume.epoch !== epoch)
      throw socket.fail(new LinkEnded("The server resumed another epoch.", CLOSE.badMessage));
    if (resume.sequence > spool.lastSequence) {
      // The spool went back to an older state, with its whole disk: its next sequences were used before.
      spool.renew();
      throw socket.fail(new LinkEnded("The spool is older than what the server has from it.", NORMAL));
    }
    const singlyThrough = this.#singlyThrough;
    return new Sender({ spool, socket, timers: this.#timers, log, layouts, resume, singlyThrough });
  }

  #handle(message: ServerMessage, sender: Sender, socket: ServerSocket): void {
    switch (message.type) {
      case "ack":
        sender.acknowledged(message.sequence);
        return;
      case "refused":
        this.#refusedLayouts++;
        this.#options.log.error("the server refuses a layout; what its exporter collects is lost", {
          exporter: this.#options.spool.layout(message.hash)?.exporter,
          reason: message.reason,
        });
        return;
      case "challenge":
      case "welcome":
      case "resume":
        throw socket.fail(new LinkEnded(`The server sent ${message.type} out of turn.`, CLOSE.badMessage));
      default:
        message satisfies never;
    }
  }

  /** A frame that the server cannot accept must not hold up those behind it forever: found by sending one at a time. */
  #findCulprit(ended: LinkEnded, sender: Sender): void {
    if (ended.code !== CLOSE.badFrame && ended.code !== CLOSE.unknownLayout) return;
    const sequence = sender.onlyOneOnTheWay;
    this.#singlyThrough = sender.cursor;
    if (sequence === undefined) return;
    this.#rejectedFrames++;
    this.#options.spool.acknowledge(sequence);
    this.#options.log.error("dropping a frame that the server does not accept", {
      sequence,
      reason: ended.message,
    });
  }

  #noteClock(offsetMs: number): void {
    this.#clockOffsetMs = offsetMs;
    if (Math.abs(offsetMs) <= CLOCK_TOLERANCE_MS) return;
    const seconds = Math.abs(Math.round(offsetMs / 1000));
    const direction = offsetMs > 0 ? "behind" : "ahead of";
    if (this.#clockTold === direction) return;
    this.#clockTold = direction;
    this.#options.log.warn(
      `This machine's clock is ${seconds} s ${direction} the server's. Set it right (timedatectl): samples carry this machine's time, and the server refuses those from the future.`,
    );
  }

  #sayConnected(): void {
    if (this.#isConnectedTold) return;
    this.#isConnectedTold = true;
    const { frames } = this.#options.spool.stats();
    this.#options.log.info("connected to the server", {
      server: this.#options.server,
      frames_to_send: frames,
    });
  }

  /** Once per change of the reason. */
  #tell(ended: LinkEnded, delayMs: number): void {
    const { log, server, spool } = this.#options;
    if (ended.code === NORMAL) log.debug(ended.message);
    else if (this.#trouble !== ended.message) {
      this.#trouble = ended.message;
      this.#isConnectedTold = false;
      log.warn(ended.message, { server, next_attempt_ms: Math.round(delayMs), frames: spool.stats().frames });
    }
  }

  #forgetTrouble(): void {
    this.#backoff.reset();
    this.#trouble = "";
  }
}
