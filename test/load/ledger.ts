import { closeSync, openSync, writeSync } from "node:fs";

/**
 * What happened, in lines that are appended at once and so survive a kill -9 of the process that writes them:
 *
 *     S <agent> <epoch> <sequence> <timestamp>   the frame is on the disk of the agent's spool
 *     A <agent> <epoch> <sequence>               the server has acknowledged all frames up to this one
 *
 * A frame can be on disk without its line when the process is killed between the two; never the other way round.
 */
export class Ledger {
  private constructor(private readonly file: number) {}

  static open(path: string): Ledger {
    return new Ledger(openSync(path, "a"));
  }

  /** @param frames in one write, so that a kill cuts no line */
  spooled(agent: number, epoch: string, frames: readonly { sequence: number; timestamp: number }[]): void {
    const lines = frames.map(({ sequence, timestamp }) => `S ${agent} ${epoch} ${sequence} ${timestamp}\n`);
    writeSync(this.file, lines.join(""));
  }

  acknowledged(agent: number, epoch: string, sequence: number): void {
    writeSync(this.file, `A ${agent} ${epoch} ${sequence}\n`);
  }

  close(): void {
    closeSync(this.file);
  }
}
